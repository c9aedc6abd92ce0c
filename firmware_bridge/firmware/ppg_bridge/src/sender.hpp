// Frames numbered, enclosed and sent; DATA sealed, if it is to be.
#ifndef PULSEKEY_SENDER_HPP
#define PULSEKEY_SENDER_HPP

#include <stdint.h>

#include "frame.hpp"
#include "sealer.hpp"

namespace pulsekey {

template <class Hardware>
class Sender {
  public:
    Sender(Hardware& hardware, const uint8_t* key) : hardware_(hardware), sealer_(key) {}

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
        hardware_.send(bytes, body.enclose(bytes));
    }

    // DATA may be sealed: its head and its body come from and go to these.
    Head data_head(uint8_t flags, uint32_t t_us) { return head(flags | sealer_.flag(), t_us); }

    void send_data(Body& body) {
        sealer_.seal(body);
        send(body);
    }

    Sealer& sealer() { return sealer_; }

  private:
    Hardware& hardware_;
    Sealer sealer_;
    uint16_t sequence_ = 0;
    bool restarted_ = false;
};

}  // namespace pulsekey

#endif
