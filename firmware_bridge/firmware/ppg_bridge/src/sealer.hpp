// The tags of DATA frames, as firmware_bridge/sealing.py makes them: of a board that has a key, once it has a nonce.
#ifndef PULSEKEY_SEALER_HPP
#define PULSEKEY_SEALER_HPP

#include <stdint.h>

#include "blake2s.hpp"
#include "frame.hpp"

namespace pulsekey {

class Sealer {
  public:
    // `key` has KEY_BYTES, or is null: then nothing is ever sealed.
    explicit Sealer(const uint8_t* key) : key_(key) {}

    // 0 is no nonce, and changes nothing.
    void begin(uint32_t nonce) {
        if (!nonce) return;
        nonce_ = nonce;
        if (key_) mac_.begin(key_, PULSEKEY_KEY_BYTES, PULSEKEY_TAG_BYTES);
    }

    // What it was given last, 0 since the boot.
    uint32_t nonce() const { return nonce_; }

    // The flag of a DATA frame that is sealed, or none.
    uint8_t flag() const { return key_ && nonce_ ? PULSEKEY_FLAG_SEALED : 0; }

    // End the body of a DATA frame that has the flag.
    void seal(Body& body) const {
        if (!flag()) return;
        // A full DATA frame's body leaves room in the block.
        uint8_t message[Blake2s::BLOCK_BYTES], tag[PULSEKEY_TAG_BYTES];
        uint8_t size = 0;
        for (; size < 4; ++size) message[size] = static_cast<uint8_t>(nonce_ >> 8 * size);
        for (uint8_t i = 0; i < body.size() && size < sizeof message; ++i) message[size++] = body.bytes()[i];
        mac_.finish(message, size, tag);
        for (uint8_t i = 0; i < PULSEKEY_TAG_BYTES; ++i) body.u8(tag[i]);
    }

  private:
    const uint8_t* const key_;
    uint32_t nonce_ = 0;
    Blake2s mac_;
};

}  // namespace pulsekey

#endif
