// Which samples there are, when the newest of them was taken, and how many were lost: exactly, or a new epoch.
#ifndef PULSEKEY_FIFO_HPP
#define PULSEKEY_FIFO_HPP

#include <stdint.h>

#include "max30102.hpp"

namespace pulsekey {

template <class Bus>
class Fifo {
  public:
    explicit Fifo(Max30102<Bus>& sensor) : sensor_(sensor) {}

    // At the start of an epoch: the sensor was reset, and its FIFO with it.
    void restart() {
        read_ = depth_ = before_gap_ = 0;
        index_ = lost_ = 0;
        uncountable_ = false;
        looked_us_ = sensor_.now_us();
    }

    // Read the pointers; NONE, or why the sensor has to be begun again.
    uint8_t look() {
        typename Max30102<Bus>::Pointers pointers;
        const uint32_t now = sensor_.now_us();
        uint8_t fault = sensor_.pointers(pointers);
        if (fault) return fault;
        const uint8_t moved = distance(read_, pointers.read);
        if (moved) {
            // Either a reading failed that took samples with it, or the chip lost its power and begins at 0.
            fault = sensor_.intact();
            if (fault) return fault;
            read_ = pointers.read;
            advance(moved);
        }
        const bool stalled = now - looked_us_ > STALL_US;
        looked_us_ = now;
        if (pointers.write == pointers.read && (pointers.overflows || stalled)) return look_at_equal_pointers(pointers);
        hold(pointers, now);
        return PULSEKEY_FAULT_NONE;
    }

    // Samples that belong in the next frame: five, or fewer before a gap, or none yet.
    uint8_t ready() const {
        if (before_gap_) return before_gap_ < PULSEKEY_MAX_SAMPLES ? before_gap_ : PULSEKEY_MAX_SAMPLES;
        return depth_ < PULSEKEY_MAX_SAMPLES ? 0 : PULSEKEY_MAX_SAMPLES;
    }

    // Take n samples. After a fault look() finds what they have become.
    uint8_t take(Sample* samples, uint8_t n) {
        const uint8_t fault = sensor_.take(samples, n);
        if (fault) return fault;
        read_ = static_cast<uint8_t>(read_ + n) % PULSEKEY_FIFO_SAMPLES;
        overflowed_ = false;
        advance(n);
        return PULSEKEY_FAULT_NONE;
    }

    // Of the sample that comes next, and of the clock: valid between look() and take().
    uint32_t index() const { return index_; }
    uint8_t depth() const { return before_gap_ ? before_gap_ : depth_; }
    uint32_t t_us() const { return before_gap_ ? gap_us_ : looked_us_; }

    // The chip stopped counting what it lost: only a new epoch is honest.
    bool uncountable() const { return uncountable_; }

    // Whether the sample that comes next is the first after a gap.
    bool overflowed() const { return overflowed_; }

  private:
    // In so short a time a FIFO of 256 ms cannot have gone from under five samples to full.
    static const uint32_t STALL_US = 128000;

    static uint8_t distance(uint8_t from, uint8_t to) {
        return static_cast<uint8_t>(to - from) % PULSEKEY_FIFO_SAMPLES;
    }

    void hold(const typename Max30102<Bus>::Pointers& pointers, uint32_t now) {
        depth_ = distance(pointers.read, pointers.write);
        looked_us_ = now;
    }

    // Equal pointers mean empty or full, and a sample may be lost while they are read. The next sample tells: it
    // moves the write pointer or the overflow counter, and nothing more happens for a whole period.
    uint8_t look_at_equal_pointers(const typename Max30102<Bus>::Pointers& before) {
        if (before.overflows == OVERFLOWS_COUNTED) return full(before.overflows, looked_us_);
        const uint32_t period_us = sample_period_us();
        const uint32_t since = sensor_.now_us();
        do {
            typename Max30102<Bus>::Pointers pointers;
            const uint32_t now = sensor_.now_us();
            const uint8_t fault = sensor_.pointers(pointers);
            if (fault) return fault;
            if (pointers.write != pointers.read) {
                hold(pointers, now);
                return PULSEKEY_FAULT_NONE;
            }
            if (pointers.overflows != before.overflows) return full(pointers.overflows, now);
        } while (sensor_.now_us() - since < 2 * period_us);
        return PULSEKEY_FAULT_BROWN_OUT;
    }

    uint8_t full(uint8_t overflows, uint32_t now) {
        // Nor can two gaps in one FIFO be told apart.
        uncountable_ = before_gap_ || overflows == OVERFLOWS_COUNTED;
        if (uncountable_) overflowed_ = true;
        before_gap_ = PULSEKEY_FIFO_SAMPLES;
        lost_ = overflows;
        // The last sample lost came just now, so the newest that is held came this much earlier.
        gap_us_ = now - overflows * sample_period_us();
        looked_us_ = now;
        return PULSEKEY_FAULT_NONE;
    }

    uint32_t sample_period_us() const { return static_cast<uint32_t>(1000000000) / sensor_.rate_mhz(); }

    void advance(uint8_t n) {
        index_ += n;
        if (!before_gap_) return;
        before_gap_ = before_gap_ > n ? static_cast<uint8_t>(before_gap_ - n) : 0;
        if (before_gap_) return;
        index_ += lost_;
        overflowed_ = true;
    }

    Max30102<Bus>& sensor_;
    uint8_t read_ = 0, depth_ = 0, before_gap_ = 0, lost_ = 0;
    uint32_t index_ = 0, looked_us_ = 0, gap_us_ = 0;
    bool uncountable_ = false, overflowed_ = false;
};

}  // namespace pulsekey

#endif
