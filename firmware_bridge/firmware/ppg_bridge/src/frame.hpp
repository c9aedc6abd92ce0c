// Frames to bytes and bytes to bodies: COBS(body | crc16) 0x00, as firmware_bridge/framing.py does it.
#ifndef PULSEKEY_FRAME_HPP
#define PULSEKEY_FRAME_HPP

#include <stdint.h>

#include "protocol.h"

namespace pulsekey {

// CRC-16/CCITT-FALSE, bit by bit: a table would cost a quarter of an Uno's RAM for 0.2 ms a frame.
inline uint16_t crc16(const uint8_t* data, uint8_t size) {
    uint16_t crc = 0xFFFF;
    for (uint8_t i = 0; i < size; ++i) {
        crc ^= static_cast<uint16_t>(static_cast<uint16_t>(data[i]) << 8);
        for (uint8_t bit = 0; bit < 8; ++bit) {
            const bool carry = crc & 0x8000;
            crc = static_cast<uint16_t>(crc << 1);
            if (carry) crc ^= 0x1021;
        }
    }
    return crc;
}

// A frame's body as it grows, little-endian. Its callers know that MAX_BODY is enough.
class Body {
  public:
    void u8(uint8_t value) {
        if (size_ < PULSEKEY_MAX_BODY) bytes_[size_++] = value;
    }
    void u16(uint16_t value) {
        u8(static_cast<uint8_t>(value));
        u8(static_cast<uint8_t>(value >> 8));
    }
    void u24(uint32_t value) {
        u16(static_cast<uint16_t>(value));
        u8(static_cast<uint8_t>(value >> 16));
    }
    void u32(uint32_t value) {
        u16(static_cast<uint16_t>(value));
        u16(static_cast<uint16_t>(value >> 16));
    }
    const uint8_t* bytes() const { return bytes_; }
    uint8_t size() const { return size_; }
    // The bytes to send, closing zero included; out has room for MAX_ENCODED + 1. Returns how many.
    uint8_t enclose(uint8_t* out) {
        const uint16_t crc = crc16(bytes_, size_);
        bytes_[size_] = static_cast<uint8_t>(crc >> 8);
        bytes_[size_ + 1] = static_cast<uint8_t>(crc);
        uint8_t code_at = 0, length = 1;
        for (uint8_t i = 0; i < size_ + PULSEKEY_CRC_BYTES; ++i) {
            if (bytes_[i]) {
                out[length++] = bytes_[i];
            } else {
                out[code_at] = static_cast<uint8_t>(length - code_at);
                code_at = length++;
            }
        }
        out[code_at] = static_cast<uint8_t>(length - code_at);
        out[length++] = 0;
        return length;
    }

  private:
    uint8_t bytes_[PULSEKEY_MAX_BODY + PULSEKEY_CRC_BYTES];
    uint8_t size_ = 0;
};

// What begins every frame of a board.
struct Head {
    uint8_t flags;
    uint16_t sequence;
    uint32_t t_us;
};

struct Info {
    uint8_t epoch, part_id, last_error, fifo_config, spo2_config;
    uint16_t ir_current_ua, red_current_ua;
    uint32_t nominal_rate_mhz;
    uint8_t channel_order;
};

struct Sample {
    uint32_t ir_counts, red_counts;
};

inline void put_head(Body& body, uint8_t type, const Head& head) {
    body.u8(static_cast<uint8_t>(PULSEKEY_VERSION << 4 | type));
    body.u8(head.flags);
    body.u16(head.sequence);
    body.u32(head.t_us);
}

inline void put_info(Body& body, const Head& head, const uint8_t (&version)[3], const Info& info) {
    put_head(body, PULSEKEY_TYPE_INFO, head);
    body.u8(info.epoch);
    for (uint8_t i = 0; i < 3; ++i) body.u8(version[i]);
    body.u8(info.part_id);
    body.u8(info.last_error);
    body.u8(info.fifo_config);
    body.u8(info.spo2_config);
    body.u16(info.ir_current_ua);
    body.u16(info.red_current_ua);
    body.u32(info.nominal_rate_mhz);
    body.u8(info.channel_order);
}

inline void put_data(
    Body& body, const Head& head, uint32_t index, uint8_t epoch, uint8_t depth, const Sample* samples, uint8_t n
) {
    put_head(body, PULSEKEY_TYPE_DATA, head);
    body.u32(index);
    body.u8(epoch);
    body.u8(depth);
    body.u8(n);
    for (uint8_t i = 0; i < n; ++i) {
        body.u24(samples[i].ir_counts);
        body.u24(samples[i].red_counts);
    }
}

inline void put_event(Body& body, const Head& head, uint32_t index, uint8_t epoch, uint8_t code, uint16_t detail) {
    put_head(body, PULSEKEY_TYPE_EVENT, head);
    body.u32(index);
    body.u8(epoch);
    body.u8(code);
    body.u16(detail);
}

inline void put_ack(
    Body& body, const Head& head, uint16_t command_sequence, uint8_t code, uint8_t result, uint32_t value
) {
    put_head(body, PULSEKEY_TYPE_ACK, head);
    body.u16(command_sequence);
    body.u8(code);
    body.u8(result);
    body.u32(value);
}

// The pieces between the zeros of a byte stream; keeps at most one.
class Receiver {
  public:
    // True when this byte completed a body whose CRC is right; it is kept until the next byte.
    bool feed(uint8_t byte) {
        if (byte) {
            if (length_ <= PULSEKEY_MAX_ENCODED) {
                if (length_ < PULSEKEY_MAX_ENCODED) bytes_[length_] = byte;
                ++length_;
            }
            return false;
        }
        const uint8_t length = length_;
        length_ = 0;
        return length && length <= PULSEKEY_MAX_ENCODED && decode(length);
    }
    const uint8_t* body() const { return bytes_; }
    uint8_t size() const { return size_; }

  private:
    // In place: what is decoded is never longer than what was read.
    bool decode(uint8_t length) {
        uint8_t out = 0;
        for (uint8_t i = 0; i < length;) {
            const uint8_t code = bytes_[i++];
            if (code - 1 > length - i) return false;
            for (uint8_t k = 1; k < code; ++k) bytes_[out++] = bytes_[i++];
            if (i < length) bytes_[out++] = 0;
        }
        if (out <= PULSEKEY_CRC_BYTES || crc16(bytes_, out)) return false;
        size_ = static_cast<uint8_t>(out - PULSEKEY_CRC_BYTES);
        return true;
    }

    uint8_t bytes_[PULSEKEY_MAX_ENCODED];
    uint8_t length_ = 0, size_ = 0;
};

struct Command {
    uint16_t sequence;
    uint8_t code;
    uint32_t argument;
};

// False if the body is no COMMAND of this version. Which codes there are is its reader's business.
inline bool parse_command(const uint8_t* body, uint8_t size, Command& command) {
    if (size != PULSEKEY_COMMAND_BYTES || body[0] != (PULSEKEY_VERSION << 4 | PULSEKEY_TYPE_COMMAND)) return false;
    command.sequence = static_cast<uint16_t>(body[2] | static_cast<uint16_t>(body[3]) << 8);
    command.code = body[4];
    command.argument = 0;
    for (uint8_t i = 0; i < 4; ++i) command.argument |= static_cast<uint32_t>(body[5 + i]) << (8 * i);
    return true;
}

}  // namespace pulsekey

#endif
