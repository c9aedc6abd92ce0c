// Whether a finger is on the sensor, and which LED currents keep its level in the converter's range.
#ifndef PULSEKEY_WEARING_HPP
#define PULSEKEY_WEARING_HPP

#include <stdint.h>

#include "max30102.hpp"

namespace pulsekey {

// 7.2 mA, at which most fingers are in range, and open air is far below a finger's level.
const uint8_t DEFAULT_STEPS = 36;

class Wearing {
  public:
    enum Change : uint8_t { NOTHING, FINGER_ON, FINGER_OFF };

    void restart(uint32_t now_us) {
        ir_.started = red_.started = false;
        servo_us_ = now_us;
    }

    Change feed(const Sample& sample) {
        ir_.feed(sample.ir_counts);
        red_.feed(sample.red_counts);
        if (!finger_ && ir_.counts() > ON_COUNTS) {
            finger_ = true;
            return FINGER_ON;
        }
        if (finger_ && ir_.counts() < OFF_COUNTS) {
            finger_ = false;
            return FINGER_OFF;
        }
        return NOTHING;
    }

    // The currents to go to, in steps; true if they are others. Each change is a step in the signal: they are rare.
    bool servo(uint32_t now_us, uint8_t& ir_steps, uint8_t& red_steps) {
        // A finger that comes or goes takes the level along: what it is on its way is neither air's nor the finger's.
        if (now_us - servo_us_ < SERVO_US || !ir_.settled() || !red_.settled()) return false;
        servo_us_ = now_us;
        const uint8_t ir = finger_ ? better(ir_.counts(), ir_steps) : DEFAULT_STEPS;
        const uint8_t red = finger_ ? better(red_.counts(), red_steps) : DEFAULT_STEPS;
        const bool changed = ir != ir_steps || red != red_steps;
        ir_steps = ir;
        red_steps = red;
        return changed;
    }

    bool finger() const { return finger_; }

  private:
    // Below what the device takes for no finger (30,000), and apart, so that a loose finger does not flicker.
    static const uint32_t ON_COUNTS = 28000, OFF_COUNTS = 20000;
    // Full scale is 262,143: room for motion above, and below it a converter's step is still small.
    static const uint32_t LOW_COUNTS = 60000, TARGET_COUNTS = 130000, HIGH_COUNTS = 220000;
    // 0.8 mA, and 25 mA: more warms the skin and is no gain on a finger.
    static const uint8_t FEWEST_STEPS = 4, MOST_STEPS = 127;
    static const uint32_t SERVO_US = 1000000;

    // A mean over about 16 samples, 0.13 s.
    struct Level {
        uint32_t sixteenfold = 0, newest = 0;
        bool started = false;

        void feed(uint32_t counts) {
            sixteenfold = started ? sixteenfold - (sixteenfold >> 4) + counts : counts << 4;
            newest = counts;
            started = true;
        }
        // Within an eighth, which a pulse never is away from its mean.
        bool settled() const {
            const uint32_t mean = counts(), apart = newest > mean ? newest - mean : mean - newest;
            return started && apart <= mean >> 3;
        }
        uint32_t counts() const { return sixteenfold >> 4; }
    };

    static uint8_t better(uint32_t counts, uint8_t steps) {
        if (counts >= LOW_COUNTS && counts <= HIGH_COUNTS) return steps;
        const uint32_t wanted = steps * TARGET_COUNTS / (counts ? counts : 1);
        if (wanted > MOST_STEPS) return MOST_STEPS;
        return wanted < FEWEST_STEPS ? FEWEST_STEPS : static_cast<uint8_t>(wanted);
    }

    Level ir_, red_;
    uint32_t servo_us_ = 0;
    bool finger_ = false;
};

}  // namespace pulsekey

#endif
