// codec encode|decode|digest: lines on stdin to lines on stdout, so that Python can compare.
//
// encode: "TYPE NUMBER ..." in the order of the wire, without the first byte -> the frame in hex; a DATA frame that is
//   sealed is "sealed KEY NONCE NUMBER ...", the key in hex.
// decode: a stream in hex -> for each body that is whole its hex; a COMMAND is followed by its three numbers.
// digest: "BYTES KEY MESSAGE", key and message in hex, each with an x before it -> BLAKE2s of so many bytes.
#include <stdio.h>
#include <stdlib.h>

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "blake2s.hpp"
#include "frame.hpp"
#include "sealer.hpp"

using namespace pulsekey;

static std::string hex(const uint8_t* bytes, size_t n) {
    std::string text;
    char two[3];
    for (size_t i = 0; i < n; ++i) {
        snprintf(two, sizeof two, "%02x", bytes[i]);
        text += two;
    }
    return text;
}

static std::vector<uint8_t> bytes_of(const std::string& text) {
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes.push_back(static_cast<uint8_t>(strtoul(text.substr(i, 2).c_str(), nullptr, 16)));
    }
    return bytes;
}

struct Numbers {
    std::vector<uint32_t> all;
    size_t at;

    uint32_t next() { return all.at(at++); }
    uint8_t u8() { return static_cast<uint8_t>(next()); }
    uint16_t u16() { return static_cast<uint16_t>(next()); }
};

static void put_info_of(Body& body, const Head& head, Numbers& n) {
    Info info;
    info.epoch = n.u8();
    const uint8_t major = n.u8(), minor = n.u8(), patch = n.u8();
    const uint8_t version[3] = {major, minor, patch};
    info.part_id = n.u8();
    info.last_error = n.u8();
    info.fifo_config = n.u8();
    info.spo2_config = n.u8();
    info.ir_current_ua = n.u16();
    info.red_current_ua = n.u16();
    info.nominal_rate_mhz = n.next();
    info.channel_order = n.u8();
    put_info(body, head, version, info);
}

static void put_data_of(Body& body, const Head& head, Numbers& n) {
    const uint32_t index = n.next();
    const uint8_t epoch = n.u8(), depth = n.u8(), count = n.u8();
    std::vector<Sample> samples;
    for (uint8_t i = 0; i < count; ++i) {
        const uint32_t ir = n.next();
        samples.push_back(Sample{ir, n.next()});
    }
    put_data(body, head, index, epoch, depth, samples.data(), count);
}

static void put_command_of(Body& body, const Head& head, Numbers& n) {
    body.u8(PULSEKEY_VERSION << 4 | PULSEKEY_TYPE_COMMAND);
    body.u8(head.flags);
    body.u16(head.sequence);
    body.u8(n.u8());
    body.u32(n.next());
}

static std::string encode(const std::string& line) {
    std::istringstream words(line);
    std::string type;
    words >> type;
    std::string key_text;
    uint32_t nonce = 0;
    if (type == "sealed") words >> key_text >> nonce;
    const std::vector<uint8_t> key = bytes_of(key_text);
    Sealer sealer(key.data());
    sealer.begin(nonce);
    Numbers n{{}, 0};
    for (uint32_t number; words >> number;) n.all.push_back(number);
    Head head{n.u8(), n.u16(), 0};
    if (type != "command") head.t_us = n.next();
    Body body;
    if (type == "info") put_info_of(body, head, n);
    if (type == "data") put_data_of(body, head, n);
    if (type == "sealed") {
        head.flags |= sealer.flag();
        put_data_of(body, head, n);
        sealer.seal(body);
    }
    if (type == "command") put_command_of(body, head, n);
    if (type == "event") {
        const uint32_t index = n.next();
        const uint8_t epoch = n.u8(), code = n.u8();
        put_event(body, head, index, epoch, code, n.u16());
    }
    if (type == "ack") {
        const uint16_t sequence = n.u16();
        const uint8_t code = n.u8(), result = n.u8();
        put_ack(body, head, sequence, code, result, n.next());
    }
    uint8_t bytes[PULSEKEY_MAX_ENCODED + 1];
    return hex(bytes, body.enclose(bytes));
}

static void decode(const std::string& line) {
    Receiver receiver;
    for (const uint8_t byte : bytes_of(line)) {
        if (!receiver.feed(byte)) continue;
        std::cout << hex(receiver.body(), receiver.size());
        Command command;
        if (parse_command(receiver.body(), receiver.size(), command)) {
            std::cout << ' ' << command.sequence << ' ' << int(command.code) << ' ' << command.argument;
        }
        std::cout << '\n';
    }
}

static std::string digest(const std::string& line) {
    std::istringstream words(line);
    unsigned size = 0;
    std::string key_text, message_text;
    words >> size >> key_text >> message_text;
    const std::vector<uint8_t> key = bytes_of(key_text.substr(1)), message = bytes_of(message_text.substr(1));
    Blake2s hash;
    hash.begin(key.data(), static_cast<uint8_t>(key.size()), static_cast<uint8_t>(size));
    uint8_t out[Blake2s::MOST_DIGEST_BYTES];
    hash.finish(message.data(), static_cast<uint8_t>(message.size()), out);
    return hex(out, size);
}

int main(int count, char** words) {
    const std::string mode = count > 1 ? words[1] : "";
    for (std::string line; std::getline(std::cin, line);) {
        if (mode == "encode") std::cout << encode(line) << '\n';
        else if (mode == "digest") std::cout << digest(line) << '\n';
        else decode(line);
    }
    return 0;
}
