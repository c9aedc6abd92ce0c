// The core on a microcontroller of which only the interface is known: compiled for its size, never run.
#include "app.hpp"

struct Hardware {
    uint8_t write(uint8_t first, const uint8_t* data, uint8_t n);
    uint8_t read(uint8_t first, uint8_t* data, uint8_t n);
    void recover();
    uint32_t now_us();
    void send(const uint8_t* bytes, uint8_t n);
    int receive();
    void light(bool on);
};

Hardware hardware;
const uint8_t key[PULSEKEY_KEY_BYTES] = {1};
pulsekey::App<Hardware> app(hardware, false, key);

void setup() { app.begin(); }
void loop() { app.step(); }
