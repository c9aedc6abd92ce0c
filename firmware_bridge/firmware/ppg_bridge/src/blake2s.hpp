// BLAKE2s (RFC 7693) of a key and one block of message, which is all that a frame's tag needs.
#ifndef PULSEKEY_BLAKE2S_HPP
#define PULSEKEY_BLAKE2S_HPP

#include <stdint.h>

#ifdef __AVR__
// An AVR copies constants to RAM, unless told.
#include <avr/pgmspace.h>
#define PULSEKEY_IN_FLASH PROGMEM
#else
#define PULSEKEY_IN_FLASH
#endif

namespace pulsekey {

// RFC 7693, section 2.7: the order of the message's words in each round, two to a byte, the first in the high half.
static const uint8_t BLAKE2S_SIGMA[10][8] PULSEKEY_IN_FLASH = {
    {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF}, {0xEA, 0x48, 0x9F, 0xD6, 0x1C, 0x02, 0xB7, 0x53},
    {0xB8, 0xC0, 0x52, 0xFD, 0xAE, 0x36, 0x71, 0x94}, {0x79, 0x31, 0xDC, 0xBE, 0x26, 0x5A, 0x40, 0xF8},
    {0x90, 0x57, 0x24, 0xAF, 0xE1, 0xBC, 0x68, 0x3D}, {0x2C, 0x6A, 0x0B, 0x83, 0x4D, 0x75, 0xFE, 0x19},
    {0xC5, 0x1F, 0xED, 0x4A, 0x07, 0x63, 0x92, 0x8B}, {0xDB, 0x7E, 0xC1, 0x39, 0x50, 0xF4, 0x86, 0x2A},
    {0x6F, 0xE9, 0xB3, 0x08, 0xC2, 0xD7, 0x14, 0xA5}, {0xA2, 0x84, 0x76, 0x15, 0xFB, 0x9E, 0x3C, 0xD0},
};

// Section 2.6.
static const uint32_t BLAKE2S_IV[8] PULSEKEY_IN_FLASH = {
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
};

class Blake2s {
  public:
    static const uint8_t BLOCK_BYTES = 64, MOST_DIGEST_BYTES = 32;

    // The state after the key, of at most 32 bytes or none, for digests of so many bytes.
    void begin(const uint8_t* key, uint8_t key_bytes, uint8_t digest_bytes) {
        for (uint8_t i = 0; i < 8; ++i) state_[i] = iv(i);
        state_[0] ^= UINT32_C(0x01010000) ^ static_cast<uint32_t>(key_bytes) << 8 ^ digest_bytes;
        digest_bytes_ = digest_bytes;
        before_ = 0;
        if (!key_bytes) return;
        before_ = BLOCK_BYTES;
        compress(state_, key, key_bytes, BLOCK_BYTES, false);
    }

    // The digest of a message of at most a block, and after a key of a byte at least; begin() holds for many.
    void finish(const uint8_t* message, uint8_t message_bytes, uint8_t* digest) const {
        uint32_t state[8];
        for (uint8_t i = 0; i < 8; ++i) state[i] = state_[i];
        compress(state, message, message_bytes, static_cast<uint8_t>(before_ + message_bytes), true);
        for (uint8_t i = 0; i < digest_bytes_; ++i) digest[i] = static_cast<uint8_t>(state[i / 4] >> 8 * (i % 4));
    }

  private:
    static uint32_t iv(uint8_t i) {
#ifdef __AVR__
        return pgm_read_dword(&BLAKE2S_IV[i]);
#else
        return BLAKE2S_IV[i];
#endif
    }

    static uint8_t sigma(uint8_t round, uint8_t pair) {
#ifdef __AVR__
        return pgm_read_byte(&BLAKE2S_SIGMA[round][pair]);
#else
        return BLAKE2S_SIGMA[round][pair];
#endif
    }

    // An 8-bit machine moves whole bytes for nothing, and shifts by single bits: 12 is 16 back by 4, and 7 is 8 by 1.
    static uint32_t left_1(uint32_t word) { return word << 1 | word >> 31; }
    static uint32_t right_8(uint32_t word) { return word >> 8 | word << 24; }
    static uint32_t right_16(uint32_t word) { return word >> 16 | word << 16; }
    static uint32_t right_12(uint32_t word) { return left_1(left_1(left_1(left_1(right_16(word))))); }
    static uint32_t right_7(uint32_t word) { return left_1(right_8(word)); }

    static void mix(uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d, uint32_t x, uint32_t y) {
        a += b + x;
        d = right_16(d ^ a);
        c += d;
        b = right_12(b ^ c);
        a += b + y;
        d = right_8(d ^ a);
        c += d;
        b = right_7(b ^ c);
    }

    // Section 3.2, with `count` bytes so far, this block's among them: never more than two blocks here.
    static void compress(uint32_t* state, const uint8_t* block, uint8_t bytes, uint8_t count, bool last) {
        uint32_t words[16], v[16];
        for (uint8_t i = 0; i < 16; ++i) words[i] = 0;
        for (uint8_t i = 0; i < bytes; ++i) words[i / 4] |= static_cast<uint32_t>(block[i]) << 8 * (i % 4);
        for (uint8_t i = 0; i < 8; ++i) {
            v[i] = state[i];
            v[i + 8] = iv(i);
        }
        v[12] ^= count;
        if (last) v[14] = ~v[14];
        for (uint8_t round = 0; round < 10; ++round) {
            for (uint8_t k = 0; k < 8; ++k) {
                // First the columns of v as a matrix of four by four, then its diagonals.
                const uint8_t turn = k / 4, column = k % 4, pair = sigma(round, k);
                mix(v[column], v[4 + (column + turn) % 4], v[8 + (column + 2 * turn) % 4],
                    v[12 + (column + 3 * turn) % 4], words[pair >> 4], words[pair & 15]);
            }
        }
        for (uint8_t i = 0; i < 8; ++i) state[i] ^= v[i] ^ v[i + 8];
    }

    uint32_t state_[8];
    uint8_t digest_bytes_ = 0, before_ = 0;
};

}  // namespace pulsekey

#endif
