// The board: what it tells of itself, and what it does on a command.
//
// Hardware is a Bus (max30102.hpp), and offers:
//   void send(const uint8_t* bytes, uint8_t n);     all of them, however long that takes
//   int receive();                                  the next byte from the host, or -1
//   void light(bool on);                            the board's own light
#ifndef PULSEKEY_APP_HPP
#define PULSEKEY_APP_HPP

#include <stdint.h>

#include "frame.hpp"
#include "measuring.hpp"
#include "sender.hpp"

namespace pulsekey {

template <class Hardware>
class App {
  public:
    // `key`: of PULSEKEY_KEY_BYTES, with which DATA is sealed once the host has sent a nonce, or null.
    App(Hardware& hardware, bool swapped, const uint8_t* key)
        : hardware_(hardware), sender_(hardware, key), measuring_(hardware, sender_, swapped) {}

    // Once, at boot.
    void begin() {
        sender_.begin();
        measuring_.start();
        info_us_ = hardware_.now_us();
        send_info();
    }

    // For ever; takes a few milliseconds at most while the sensor answers.
    void step() {
        listen();
        const uint32_t now = hardware_.now_us();
        if (now - info_us_ >= INFO_US) {
            info_us_ += INFO_US;
            sender_.restarted(false);
            send_info();
        }
        blink(now);
        measuring_.step(now);
    }

  private:
    static const uint32_t INFO_US = 1000000, BLINK_US = 250000;
    static const uint8_t BLINKS_PER_S = 4, MOST_BLINK_S = 60;

    void send_info() {
        const uint8_t version[3] = {PULSEKEY_FIRMWARE_MAJOR, PULSEKEY_FIRMWARE_MINOR, PULSEKEY_FIRMWARE_PATCH};
        Body body;
        put_info(body, sender_.head(0, hardware_.now_us()), version, measuring_.info());
        sender_.send(body);
    }

    void listen() {
        for (int byte = hardware_.receive(); byte >= 0; byte = hardware_.receive()) {
            Command command;
            if (!receiver_.feed(static_cast<uint8_t>(byte))) continue;
            if (parse_command(receiver_.body(), receiver_.size(), command)) obey(command);
        }
    }

    void obey(const Command& command) {
        uint32_t value = 0;
        const uint8_t result = carry_out(command, value);
        Body body;
        put_ack(body, sender_.head(0, hardware_.now_us()), command.sequence, command.code, result, value);
        sender_.send(body);
    }

    uint8_t carry_out(const Command& command, uint32_t& value) {
        switch (command.code) {
            case PULSEKEY_COMMAND_LED_CURRENT: return choose_currents(command.argument, value);
            case PULSEKEY_COMMAND_START:
                if (measuring_.stopped()) measuring_.start();
                value = measuring_.epoch();
                return done(measuring_.measuring());
            case PULSEKEY_COMMAND_STOP:
                value = measuring_.epoch();
                return done(measuring_.stop());
            case PULSEKEY_COMMAND_IDENTIFY: return identify(command.argument, value);
            case PULSEKEY_COMMAND_SELF_TEST:
                value = measuring_.test();
                return done(value == 0);
            case PULSEKEY_COMMAND_NONCE:
                sender_.sealer().begin(command.argument);
                value = sender_.sealer().nonce();
                return PULSEKEY_ACK_DONE;
            default: return PULSEKEY_ACK_REFUSED;
        }
    }

    static uint8_t done(bool so) { return so ? PULSEKEY_ACK_DONE : PULSEKEY_ACK_FAILED; }

    uint8_t choose_currents(uint32_t argument, uint32_t& value) {
        const uint32_t ir = (argument >> 16) / UA_PER_STEP, red = (argument & 0xFFFF) / UA_PER_STEP;
        if (ir > FULL_SCALE_STEPS || red > FULL_SCALE_STEPS) return PULSEKEY_ACK_REFUSED;
        if (!measuring_.measuring()) return PULSEKEY_ACK_FAILED;
        measuring_.automatic(argument == 0);
        const bool so = argument == 0 || measuring_.set_currents(static_cast<uint8_t>(ir), static_cast<uint8_t>(red));
        value = static_cast<uint32_t>(measuring_.ir_current_ua()) << 16 | measuring_.red_current_ua();
        return done(so);
    }

    uint8_t identify(uint32_t seconds, uint32_t& value) {
        if (seconds < 1 || seconds > MOST_BLINK_S) return PULSEKEY_ACK_REFUSED;
        value = seconds;
        blinks_ = static_cast<uint8_t>(seconds * BLINKS_PER_S);
        blinked_us_ = hardware_.now_us() - BLINK_US;
        return PULSEKEY_ACK_DONE;
    }

    void blink(uint32_t now) {
        if (!blinks_ || now - blinked_us_ < BLINK_US) return;
        blinked_us_ = now;
        --blinks_;
        hardware_.light(blinks_ & 1);
    }

    Hardware& hardware_;
    Sender<Hardware> sender_;
    Measuring<Hardware> measuring_;
    Receiver receiver_;
    uint32_t info_us_ = 0, blinked_us_ = 0;
    uint8_t blinks_ = 0;
};

}  // namespace pulsekey

#endif
