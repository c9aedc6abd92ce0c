// A MAX30102 as its bus sees it. Sample k of a measurement carries k in its counts, so that a test knows each one.
#ifndef SENSOR_MODEL_HPP
#define SENSOR_MODEL_HPP

#include <stdint.h>

#include <algorithm>
#include <array>
#include <deque>

class SensorModel {
  public:
    double period_us = 8000.0;
    uint8_t part_id = 0x15;
    // The highest rate that 0x0A takes, and whether the chip takes no mode at all.
    uint8_t highest_rate = 7;
    bool deaf = false;
    // Counts that each step of LED current gives.
    uint32_t ir_per_step = 3600, red_per_step = 3000;

    SensorModel() { lose_power(); }

    void lose_power() {
        registers_.fill(0);
        fifo_.clear();
        write_ = read_ = overflows_ = 0;
    }

    void tick(uint64_t now_us) {
        if ((registers_[0x09] & 0x40) && now_us >= reset_until_us_) registers_[0x09] = 0;
        if (registers_[0x09] != 0x03) {
            k_ = 0;
            next_us_ = static_cast<double>(now_us) + period_us;
            return;
        }
        for (; next_us_ <= static_cast<double>(now_us); next_us_ += period_us) push();
    }

    void write(uint8_t first, const uint8_t* data, uint8_t n, uint64_t now_us) {
        for (uint8_t i = 0; i < n; ++i) put(static_cast<uint8_t>(first + i), data[i], now_us);
    }

    void read(uint8_t first, uint8_t* data, uint8_t n) {
        for (uint8_t i = 0; i < n; ++i) {
            data[i] = first == 0x07 ? pop() : get(static_cast<uint8_t>(first + i));
        }
    }

  private:
    void push() {
        const uint32_t k = k_++;
        if (fifo_.size() == 32 * 6) {
            overflows_ = static_cast<uint8_t>(std::min(31, overflows_ + 1));
            return;
        }
        add(registers_[0x0C] * red_per_step + 4 * (k / 500 % 500));
        add(registers_[0x0D] * ir_per_step + 4 * (k % 500));
        write_ = static_cast<uint8_t>((write_ + 1) % 32);
    }

    void add(uint32_t counts) {
        const uint32_t clipped = std::min<uint32_t>(counts, 0x3FFFF) & 0x3FFFC;
        for (int shift = 16; shift >= 0; shift -= 8) fifo_.push_back(static_cast<uint8_t>(clipped >> shift));
    }

    uint8_t pop() {
        if (fifo_.empty()) return 0;
        const uint8_t byte = fifo_.front();
        fifo_.pop_front();
        if (fifo_.size() % 6 == 0) {
            read_ = static_cast<uint8_t>((read_ + 1) % 32);
            overflows_ = 0;
        }
        return byte;
    }

    void put(uint8_t where, uint8_t value, uint64_t now_us) {
        if (where == 0x09 && (value & 0x40)) {
            lose_power();
            registers_[0x09] = 0x40;
            reset_until_us_ = now_us + 1000;
        } else if (where == 0x09 && deaf) {
            return;
        } else if (where == 0x0A) {
            const uint8_t rate = std::min<uint8_t>(value >> 2 & 7, highest_rate);
            registers_[where] = static_cast<uint8_t>((value & 0x63) | rate << 2);
        } else {
            registers_[where] = value;
        }
    }

    uint8_t get(uint8_t where) const {
        if (where == 0x04) return write_;
        if (where == 0x05) return overflows_;
        if (where == 0x06) return read_;
        return where == 0xFF ? part_id : registers_[where];
    }

    std::array<uint8_t, 256> registers_;
    std::deque<uint8_t> fifo_;
    uint8_t write_ = 0, read_ = 0, overflows_ = 0;
    uint32_t k_ = 0;
    double next_us_ = 0.0;
    uint64_t reset_until_us_ = 0;
};

#endif
