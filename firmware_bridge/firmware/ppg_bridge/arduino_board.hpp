// The core's Hardware on an Arduino: I2C by Wire, the host by Serial, the clock by micros().
#ifndef PULSEKEY_ARDUINO_BOARD_HPP
#define PULSEKEY_ARDUINO_BOARD_HPP

#include <Arduino.h>
#include <Wire.h>
#ifdef __AVR__
#include <avr/sleep.h>
#endif

#include "src/protocol.h"

class ArduinoBoard {
  public:
    void begin() {
        pinMode(LED_BUILTIN, OUTPUT);
        Serial.begin(PULSEKEY_BAUD);
        begin_wire();
    }

    uint8_t write(uint8_t first, const uint8_t* data, uint8_t n) {
        Wire.beginTransmission(ADDRESS);
        Wire.write(first);
        Wire.write(data, n);
        return fault_of(Wire.endTransmission());
    }

    uint8_t read(uint8_t first, uint8_t* data, uint8_t n) {
        Wire.beginTransmission(ADDRESS);
        Wire.write(first);
        const uint8_t fault = fault_of(Wire.endTransmission(false));
        if (fault) return fault;
        if (Wire.requestFrom(ADDRESS, n) != n) return timed_out() ? PULSEKEY_FAULT_BUS_TIMEOUT : PULSEKEY_FAULT_NACK;
        for (uint8_t i = 0; i < n; ++i) data[i] = static_cast<uint8_t>(Wire.read());
        return PULSEKEY_FAULT_NONE;
    }

    // A slave that was cut off in the middle of a byte holds SDA until it has been clocked through that byte.
    void recover() {
        Wire.end();
        pinMode(SDA, INPUT_PULLUP);
        for (uint8_t clock = 0; clock < 9 && digitalRead(SDA) == LOW; ++clock) {
            pinMode(SCL, OUTPUT);
            digitalWrite(SCL, LOW);
            delayMicroseconds(5);
            pinMode(SCL, INPUT_PULLUP);
            delayMicroseconds(5);
        }
        begin_wire();
    }

    uint32_t now_us() { return micros(); }
    void send(const uint8_t* bytes, uint8_t n) { Serial.write(bytes, n); }
    int receive() { return Serial.read(); }
    void light(bool on) { digitalWrite(LED_BUILTIN, on ? HIGH : LOW); }

    // Wait for the next interrupt: the clock's comes each millisecond, as often as the sensor is looked at.
    void rest() {
#ifdef __AVR__
        set_sleep_mode(SLEEP_MODE_IDLE);
        sleep_mode();
#endif
    }

  private:
    static const uint8_t ADDRESS = 0x57;
    static const uint32_t CLOCK_HZ = 400000;
    // The sensor never stretches the clock, and the longest transfer takes 0.8 ms.
    static const uint32_t TIMEOUT_US = 3000;
    // What Wire's endTransmission() says of a bus that did not move.
    static const uint8_t WIRE_TIMEOUT = 5;

    static void begin_wire() {
        Wire.begin();
        Wire.setClock(CLOCK_HZ);
        set_timeout(Wire, 0);
    }

    static uint8_t fault_of(uint8_t wire) {
        if (wire == 0) return PULSEKEY_FAULT_NONE;
        return timed_out() || wire == WIRE_TIMEOUT ? PULSEKEY_FAULT_BUS_TIMEOUT : PULSEKEY_FAULT_NACK;
    }

    static bool timed_out() { return take_timeout(Wire, 0); }

    // Without a time-out a bus that is held would hold the board. Not every core that has one defines
    // WIRE_HAS_TIMEOUT: whether Wire has the functions decides.
    template <class Bus>
    static auto set_timeout(Bus& bus, int) -> decltype(bus.setWireTimeout(TIMEOUT_US, true)) {
        bus.setWireTimeout(TIMEOUT_US, true);
    }
    template <class Bus>
    static void set_timeout(Bus&, long) {}

    template <class Bus>
    static auto take_timeout(Bus& bus, int) -> decltype(bus.getWireTimeoutFlag()) {
        const bool so = bus.getWireTimeoutFlag();
        bus.clearWireTimeoutFlag();
        return so;
    }
    template <class Bus>
    static bool take_timeout(Bus&, long) { return false; }
};

#endif
