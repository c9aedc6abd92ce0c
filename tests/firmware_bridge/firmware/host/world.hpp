// The core's Hardware in simulated time: the sensor model on a bus that can be disturbed, frames to stdout.
#ifndef WORLD_HPP
#define WORLD_HPP

#include <stdint.h>
#include <stdio.h>

#include <deque>

#include "protocol.h"
#include "sensor_model.hpp"

class World {
  public:
    SensorModel sensor;
    uint32_t clock_offset_us = 0;
    // Transfers still to be refused; FIFO readings still to be cut off after two samples and a half.
    int nacks = 0, cuts = 0;
    // A slave holds the bus until it is freed, or until then.
    bool held = false;
    uint64_t stuck_until_us = 0, dark_until_us = 0;
    std::deque<uint8_t> commands;

    uint64_t time_us() const { return time_us_; }

    void pass(uint64_t us) {
        time_us_ += us;
        if (time_us_ < dark_until_us) sensor.lose_power();
        sensor.tick(time_us_);
    }

    uint8_t write(uint8_t first, const uint8_t* data, uint8_t n) {
        const uint8_t fault = transfer(n + 2u);
        if (!fault) sensor.write(first, data, n, time_us_);
        return fault;
    }

    uint8_t read(uint8_t first, uint8_t* data, uint8_t n) {
        const uint8_t fault = transfer(n + 3u);
        if (fault) return fault;
        if (first == 0x07 && cuts > 0) {
            --cuts;
            sensor.read(first, data, 15);
            // A sample that was begun is gone with the next start.
            sensor.read(first, data, 3);
            return PULSEKEY_FAULT_NACK;
        }
        sensor.read(first, data, n);
        return PULSEKEY_FAULT_NONE;
    }

    void recover() { held = false; }

    uint32_t now_us() {
        pass(4);
        return static_cast<uint32_t>(time_us_) + clock_offset_us;
    }

    void send(const uint8_t* bytes, uint8_t n) {
        pass(n * 1000000ull * 10 / PULSEKEY_BAUD);
        fwrite(bytes, 1, n, stdout);
    }

    int receive() {
        if (commands.empty()) return -1;
        const int byte = commands.front();
        commands.pop_front();
        return byte;
    }

    void light(bool on) { fprintf(stderr, "light %d %.3f\n", on, static_cast<double>(time_us_) / 1e6); }

  private:
    // 400 kHz, nine clocks a byte.
    uint8_t transfer(unsigned bytes) {
        if (held || time_us_ < stuck_until_us) {
            pass(3000);
            return PULSEKEY_FAULT_BUS_TIMEOUT;
        }
        pass(bytes * 9 * 1000000ull / 400000);
        if (nacks > 0) {
            --nacks;
            return PULSEKEY_FAULT_NACK;
        }
        return time_us_ < dark_until_us ? PULSEKEY_FAULT_NACK : PULSEKEY_FAULT_NONE;
    }

    uint64_t time_us_ = 0;
};

#endif
