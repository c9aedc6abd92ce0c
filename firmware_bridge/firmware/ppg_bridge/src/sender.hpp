// Frames numbered, sealed and sent.
#ifndef PULSEKEY_SENDER_HPP
#define PULSEKEY_SENDER_HPP

#include <stdint.h>

#include "frame.hpp"

namespace pulsekey {

template <class Hardware>
class Sender {
  public:
    explicit Sender(Hardware& hardware) : hardware_(hardware) {}

    // A zero ends whatever a reader has of before the boot.
    void begin() {
        const uint8_t zero = 0;
        restarted_ = true;
        hardware_.send(&zero, 1);
    }

    // Whether frames say that the board has just booted.
    void restarted(bool value) { restarted_ = value; }

    // The head of the next frame, which has to be sent.
    Head head(uint8_t flags, uint32_t t_us) {
        if (restarted_) flags |= PULSEKEY_FLAG_RESTARTED;
        return Head{flags, sequence_++, t_us};
    }

    void send(Body& body) {
        uint8_t bytes[PULSEKEY_MAX_ENCODED + 1];
        hardware_.send(bytes, body.seal(bytes));
    }

  private:
    Hardware& hardware_;
    uint16_t sequence_ = 0;
    bool restarted_ = false;
};

}  // namespace pulsekey

#endif
