// Pulsekey's sensor board: a MAX30102 on an Arduino, 125 samples a second in frames at 115200 baud.
// Wire the sensor's VIN, GND, SDA and SCL to the board's 3.3 V (or 5 V, if the module has a regulator), GND, SDA, SCL.
#include "arduino_board.hpp"
#include "key.h"
#include "src/app.hpp"

// Some modules have the RED and the IR LED in each other's place: say true for one of them.
const bool SWAPPED_LEDS = false;

ArduinoBoard board;
pulsekey::App<ArduinoBoard> app(board, SWAPPED_LEDS, BOARD_KEY);

void setup() {
    board.begin();
    app.begin();
}

void loop() {
    app.step();
    board.rest();
}
