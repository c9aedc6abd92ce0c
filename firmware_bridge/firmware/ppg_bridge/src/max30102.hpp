// The MAX30102's registers: configuration written and read back, and the FIFO.
//
// Bus offers, each giving a PULSEKEY_FAULT_ (NONE, NACK or BUS_TIMEOUT) where it can fail:
//   uint8_t write(uint8_t first, const uint8_t* data, uint8_t n);   registers from `first` on
//   uint8_t read(uint8_t first, uint8_t* data, uint8_t n);
//   void recover();                                                 free a bus that a slave holds
//   uint32_t now_us();
#ifndef PULSEKEY_MAX30102_HPP
#define PULSEKEY_MAX30102_HPP

#include <stdint.h>

#include "frame.hpp"

namespace pulsekey {

const uint8_t PART_ID = 0x15;
// 8 averages of 1000 sps, which in SpO2 mode need pulses of 118 us and 16 bits: together 125 Hz. The FIFO does not
// roll over, so that what is lost is lost at one place, behind the samples it holds.
const uint8_t FIFO_CONFIG = 0x60, SPO2_CONFIG = 0x35, SPO2_MODE = 0x03;
const uint8_t FULL_SCALE_STEPS = 0xFF;
const uint16_t UA_PER_STEP = 200;
// The converter's 16 bits are the upper ones of 18.
const uint32_t FULL_COUNTS = 0x3FFFC;
const uint8_t OVERFLOWS_COUNTED = 31;

template <class Bus>
class Max30102 {
  public:
    struct Pointers {
        uint8_t write, overflows, read;
    };

    explicit Max30102(Bus& bus) : bus_(bus) {}

    // Reset and configure; the fault, or NONE. Whether it measures is another question: it does if clamped.
    uint8_t begin(uint8_t ir_steps, uint8_t red_steps) {
        measuring_ = false;
        part_id_ = 0;
        for (uint8_t i = 0; i < CONFIGURATION_BYTES; ++i) configuration_[i] = 0;
        bus_.recover();
        uint8_t fault = read(PART_ID_REGISTER, &part_id_, 1);
        if (fault) return fault;
        if (part_id_ != PART_ID) return PULSEKEY_FAULT_WRONG_PART;
        fault = reset();
        if (fault) return fault;
        fault = configure(ir_steps, red_steps);
        if (fault) return fault;
        measuring_ = configuration_[MODE] == SPO2_MODE;
        const bool rates = configuration_[FIFO] == FIFO_CONFIG && configuration_[SPO2] == SPO2_CONFIG;
        const bool currents = configuration_[IR] == ir_steps && configuration_[RED] == red_steps;
        return measuring_ && rates && currents ? PULSEKEY_FAULT_NONE : PULSEKEY_FAULT_CONFIGURATION_CLAMPED;
    }

    // NONE if the registers still are what was read back: those of a chip that lost its power are not.
    uint8_t intact() {
        uint8_t now[CONFIGURATION_BYTES];
        const uint8_t fault = read(FIRST_CONFIGURATION_REGISTER, now, CONFIGURATION_BYTES);
        if (fault) return fault;
        for (uint8_t i = 0; i < CONFIGURATION_BYTES; ++i) {
            if (i != RESERVED && now[i] != configuration_[i]) return PULSEKEY_FAULT_BROWN_OUT;
        }
        return PULSEKEY_FAULT_NONE;
    }

    uint8_t identify() { return read(PART_ID_REGISTER, &part_id_, 1); }

    uint8_t set_currents(uint8_t ir_steps, uint8_t red_steps) {
        const uint8_t steps[2] = {red_steps, ir_steps};
        const uint8_t fault = write(FIRST_CONFIGURATION_REGISTER + RED, steps, 2);
        return fault ? fault : read(FIRST_CONFIGURATION_REGISTER + RED, configuration_ + RED, 2);
    }

    // LEDs off, nothing measured; begin() wakes it.
    uint8_t sleep() {
        const uint8_t mode = SHUTDOWN | SPO2_MODE;
        const uint8_t fault = write(FIRST_CONFIGURATION_REGISTER + MODE, &mode, 1);
        if (!fault) measuring_ = false;
        return fault;
    }

    uint8_t pointers(Pointers& pointers) {
        uint8_t bytes[3];
        const uint8_t fault = read(FIRST_POINTER_REGISTER, bytes, 3);
        pointers.write = bytes[0] % PULSEKEY_FIFO_SAMPLES;
        pointers.overflows = bytes[1] % (OVERFLOWS_COUNTED + 1);
        pointers.read = bytes[2] % PULSEKEY_FIFO_SAMPLES;
        return fault;
    }

    // Take n samples, 1 to 5. Not tried again on a fault, since some may be gone: the read pointer tells.
    uint8_t take(Sample* samples, uint8_t n) {
        uint8_t bytes[6 * PULSEKEY_MAX_SAMPLES];
        const uint8_t fault = bus_.read(DATA_REGISTER, bytes, static_cast<uint8_t>(6 * n));
        if (fault) {
            retried_ = true;
            return fault;
        }
        for (uint8_t i = 0; i < n; ++i) {
            samples[i].red_counts = counts(bytes + 6 * i);
            samples[i].ir_counts = counts(bytes + 6 * i + 3);
        }
        return PULSEKEY_FAULT_NONE;
    }

    uint32_t now_us() { return bus_.now_us(); }
    bool measuring() const { return measuring_; }
    uint8_t part_id() const { return part_id_; }
    uint8_t fifo_config() const { return configuration_[FIFO]; }
    uint8_t spo2_config() const { return configuration_[SPO2]; }
    uint8_t ir_steps() const { return configuration_[IR]; }
    uint8_t red_steps() const { return configuration_[RED]; }

    // Of the configuration as it was read back; 0 if nothing is measured.
    uint32_t rate_mhz() const {
        static const uint16_t sps[8] = {50, 100, 200, 400, 800, 1000, 1600, 3200};
        const uint8_t shift = configuration_[FIFO] >> 5;
        if (!measuring_) return 0;
        return static_cast<uint32_t>(sps[configuration_[SPO2] >> 2 & 7]) * 1000 >> (shift > 5 ? 5 : shift);
    }

    // Whether something had to be tried again since this was last asked.
    bool take_retried() {
        const bool retried = retried_;
        retried_ = false;
        return retried;
    }

  private:
    static const uint8_t FIRST_POINTER_REGISTER = 0x04, DATA_REGISTER = 0x07, FIRST_CONFIGURATION_REGISTER = 0x08,
                         PART_ID_REGISTER = 0xFF;
    enum Configuration : uint8_t { FIFO, MODE, SPO2, RESERVED, RED, IR, CONFIGURATION_BYTES };
    static const uint8_t RESET = 0x40, SHUTDOWN = 0x80;
    static const uint8_t ATTEMPTS = 3;
    // The chip resets within a millisecond.
    static const uint32_t RESET_US = 10000;

    static uint32_t counts(const uint8_t* bytes) {
        return (static_cast<uint32_t>(bytes[0]) << 16 | static_cast<uint32_t>(bytes[1]) << 8 | bytes[2]) &
               PULSEKEY_MAX_COUNTS;
    }

    uint8_t reset() {
        const uint8_t command = RESET;
        uint8_t mode = RESET;
        uint8_t fault = write(FIRST_CONFIGURATION_REGISTER + MODE, &command, 1);
        if (fault) return fault;
        const uint32_t since = bus_.now_us();
        do {
            fault = read(FIRST_CONFIGURATION_REGISTER + MODE, &mode, 1);
            if (!fault && !(mode & RESET)) return PULSEKEY_FAULT_NONE;
        } while (bus_.now_us() - since < RESET_US);
        return fault ? fault : PULSEKEY_FAULT_CONFIGURATION_CLAMPED;
    }

    // The mode is written last: it starts the measurement.
    uint8_t configure(uint8_t ir_steps, uint8_t red_steps) {
        const uint8_t pointers[3] = {0, 0, 0}, rates[1] = {SPO2_CONFIG}, steps[2] = {red_steps, ir_steps};
        const uint8_t fifo_and_mode[2] = {FIFO_CONFIG, SPO2_MODE};
        uint8_t fault = write(FIRST_POINTER_REGISTER, pointers, 3);
        if (!fault) fault = write(FIRST_CONFIGURATION_REGISTER + SPO2, rates, 1);
        if (!fault) fault = write(FIRST_CONFIGURATION_REGISTER + RED, steps, 2);
        if (!fault) fault = write(FIRST_CONFIGURATION_REGISTER, fifo_and_mode, 2);
        return fault ? fault : read(FIRST_CONFIGURATION_REGISTER, configuration_, CONFIGURATION_BYTES);
    }

    uint8_t write(uint8_t first, const uint8_t* data, uint8_t n) {
        uint8_t fault = PULSEKEY_FAULT_NONE;
        for (uint8_t attempt = 0; attempt < ATTEMPTS; ++attempt) {
            fault = bus_.write(first, data, n);
            if (!fault) break;
            retried_ = true;
        }
        return fault;
    }

    uint8_t read(uint8_t first, uint8_t* data, uint8_t n) {
        uint8_t fault = PULSEKEY_FAULT_NONE;
        for (uint8_t attempt = 0; attempt < ATTEMPTS; ++attempt) {
            fault = bus_.read(first, data, n);
            if (!fault) break;
            retried_ = true;
        }
        return fault;
    }

    Bus& bus_;
    uint8_t part_id_ = 0;
    uint8_t configuration_[CONFIGURATION_BYTES] = {};
    bool measuring_ = false, retried_ = false;
};

}  // namespace pulsekey

#endif
