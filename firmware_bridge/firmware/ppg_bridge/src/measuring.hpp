// From the sensor to DATA and EVENT frames: polling, losses, getting a lost sensor back, LED currents.
#ifndef PULSEKEY_MEASURING_HPP
#define PULSEKEY_MEASURING_HPP

#include <stdint.h>

#include "fifo.hpp"
#include "frame.hpp"
#include "max30102.hpp"
#include "sender.hpp"
#include "wearing.hpp"

namespace pulsekey {

template <class Hardware>
class Measuring {
  public:
    // `swapped`: a module whose RED and IR LEDs are in each other's place; frames and currents have them right.
    Measuring(Hardware& hardware, Sender<Hardware>& sender, bool swapped)
        : hardware_(hardware), sender_(sender), sensor_(hardware), fifo_(sensor_), swapped_(swapped) {}

    // Begin the sensor, in a new epoch if it measured before.
    void start() {
        tried_us_ = hardware_.now_us();
        const uint8_t fault = sensor_.begin(ir_steps_, red_steps_);
        if (fault) last_error_ = fault;
        if (!sensor_.measuring()) {
            state_ = LOST;
            return;
        }
        if (measured_) ++epoch_;
        const bool back = state_ == LOST && measured_;
        measured_ = true;
        state_ = MEASURING;
        failures_ = 0;
        newest_ = 0;
        fifo_.restart();
        looked_us_ = sampled_us_ = checked_us_ = hardware_.now_us();
        wearing_.restart(looked_us_);
        if (back) event(PULSEKEY_EVENT_SENSOR_BACK, 0);
    }

    void step(uint32_t now) {
        if (state_ == MEASURING && now - looked_us_ >= LOOK_US) look(now);
        if (state_ == LOST && now - tried_us_ >= TRY_US) start();
    }

    // False if the sensor, which is there, did not take it.
    bool stop() {
        if (state_ == MEASURING && sensor_.sleep()) return false;
        state_ = STOPPED;
        return true;
    }

    // In steps. False if the sensor did not take them.
    bool set_currents(uint8_t ir, uint8_t red) {
        ir_steps_ = swapped_ ? red : ir;
        red_steps_ = swapped_ ? ir : red;
        const uint8_t fault = sensor_.set_currents(ir_steps_, red_steps_);
        if (fault) {
            lose(fault);
            return false;
        }
        event(PULSEKEY_EVENT_LED_CURRENT, static_cast<uint16_t>(static_cast<uint16_t>(ir_steps()) << 8 | red_steps()));
        return true;
    }

    // Whether the currents follow the signal.
    void automatic(bool value) { automatic_ = value; }

    // The PULSEKEY_TEST_ bits of what is wrong.
    uint8_t test() {
        uint8_t wrong = 0;
        if (sensor_.identify() || sensor_.part_id() != PART_ID) wrong |= PULSEKEY_TEST_PART;
        const bool as_asked = sensor_.fifo_config() == FIFO_CONFIG && sensor_.spo2_config() == SPO2_CONFIG;
        if (!as_asked || sensor_.intact()) wrong |= PULSEKEY_TEST_CONFIGURATION;
        if (!measuring() || hardware_.now_us() - sampled_us_ > DOUBTFUL_US) wrong |= PULSEKEY_TEST_SAMPLES;
        return wrong;
    }

    Info info() const {
        return Info{
            epoch_, sensor_.part_id(), last_error_, sensor_.fifo_config(), sensor_.spo2_config(), ir_current_ua(),
            red_current_ua(), sensor_.rate_mhz(),
            static_cast<uint8_t>(swapped_ ? PULSEKEY_ORDER_SWAPPED : PULSEKEY_ORDER_GENUINE)
        };
    }

    bool measuring() const { return state_ == MEASURING; }
    bool stopped() const { return state_ == STOPPED; }
    uint8_t epoch() const { return epoch_; }
    uint16_t ir_current_ua() const { return static_cast<uint16_t>(ir_steps() * UA_PER_STEP); }
    uint16_t red_current_ua() const { return static_cast<uint16_t>(red_steps() * UA_PER_STEP); }

  private:
    enum State : uint8_t { MEASURING, LOST, STOPPED };
    // A frame's clock is at most this much later than its newest sample.
    static const uint32_t LOOK_US = 1000;
    static const uint32_t TRY_US = 500000;
    // Two samples at the slowest rate that a clamped configuration can mean with 8 averages, 6.25 Hz.
    static const uint32_t SILENT_US = 400000;
    static const uint32_t DOUBTFUL_US = 200000;
    static const uint8_t FAILURES = 3;

    void lose(uint8_t fault) {
        if (fault) last_error_ = fault;
        event(PULSEKEY_EVENT_SENSOR_LOST, fault);
        state_ = LOST;
        start();
    }

    void look(uint32_t now) {
        looked_us_ = now;
        const uint8_t fault = fifo_.look();
        if (fault) return lose(fault);
        if (fifo_.uncountable()) return lose(PULSEKEY_FAULT_NONE);
        if (fifo_.index() + fifo_.depth() != newest_) {
            newest_ = fifo_.index() + fifo_.depth();
            sampled_us_ = now;
        }
        const uint8_t n = fifo_.ready();
        if (n) {
            deliver(n);
        } else {
            doubt(now);
        }
    }

    // Samples that do not come: is the chip still what it was made?
    void doubt(uint32_t now) {
        if (now - sampled_us_ >= SILENT_US) return lose(PULSEKEY_FAULT_BROWN_OUT);
        if (now - checked_us_ < DOUBTFUL_US) return;
        checked_us_ = now;
        const uint8_t fault = sensor_.intact();
        if (fault) lose(fault);
    }

    void deliver(uint8_t n) {
        Sample samples[PULSEKEY_MAX_SAMPLES];
        const uint32_t index = fifo_.index(), t_us = fifo_.t_us();
        const uint8_t depth = fifo_.depth();
        uint8_t flags = fifo_.overflowed() ? PULSEKEY_FLAG_FIFO_OVERFLOW : 0;
        uint8_t fault = fifo_.take(samples, n);
        if (fault) {
            if (++failures_ >= FAILURES) lose(fault);
            return;
        }
        failures_ = 0;
        // What a chip without power answers looks like samples: none is sent before the chip is known to be alive.
        fault = sensor_.intact();
        if (fault) return lose(fault);
        checked_us_ = looked_us_;
        if (swapped_) swap(samples, n);
        if (saturated(samples, n)) flags |= PULSEKEY_FLAG_SATURATED;
        if (sensor_.take_retried()) flags |= PULSEKEY_FLAG_I2C_RETRIED;
        Body body;
        put_data(body, sender_.data_head(flags, t_us), index, epoch_, depth, samples, n);
        sender_.send_data(body);
        for (uint8_t i = 0; i < n; ++i) feel(samples[i]);
        if (automatic_) serve();
    }

    static void swap(Sample* samples, uint8_t n) {
        for (uint8_t i = 0; i < n; ++i) samples[i] = Sample{samples[i].red_counts, samples[i].ir_counts};
    }

    static bool saturated(const Sample* samples, uint8_t n) {
        for (uint8_t i = 0; i < n; ++i) {
            if (out_of_range(samples[i].ir_counts) || out_of_range(samples[i].red_counts)) return true;
        }
        return false;
    }

    static bool out_of_range(uint32_t counts) { return counts == 0 || counts >= FULL_COUNTS; }

    void feel(const Sample& sample) {
        const Wearing::Change change = wearing_.feed(sample);
        if (change == Wearing::FINGER_ON) event(PULSEKEY_EVENT_FINGER_ON, 0);
        if (change == Wearing::FINGER_OFF) event(PULSEKEY_EVENT_FINGER_OFF, 0);
    }

    void serve() {
        uint8_t ir = ir_steps(), red = red_steps();
        if (wearing_.servo(hardware_.now_us(), ir, red)) set_currents(ir, red);
    }

    // As read back, under the names they have on the wire.
    uint8_t ir_steps() const { return swapped_ ? sensor_.red_steps() : sensor_.ir_steps(); }
    uint8_t red_steps() const { return swapped_ ? sensor_.ir_steps() : sensor_.red_steps(); }

    void event(uint8_t code, uint16_t detail) {
        Body body;
        put_event(body, sender_.head(0, hardware_.now_us()), fifo_.index(), epoch_, code, detail);
        sender_.send(body);
    }

    Hardware& hardware_;
    Sender<Hardware>& sender_;
    Max30102<Hardware> sensor_;
    Fifo<Hardware> fifo_;
    Wearing wearing_;
    uint32_t looked_us_ = 0, tried_us_ = 0, sampled_us_ = 0, checked_us_ = 0, newest_ = 0;
    uint8_t ir_steps_ = DEFAULT_STEPS, red_steps_ = DEFAULT_STEPS;
    uint8_t epoch_ = 0, last_error_ = PULSEKEY_FAULT_NONE, failures_ = 0;
    State state_ = LOST;
    const bool swapped_;
    bool measured_ = false, automatic_ = true;
};

}  // namespace pulsekey

#endif
