// The declarations of shim.h on libsimavr 1.6, whose own are in <simavr/...>.
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/avr_ioport.h>
#include <simavr/avr_twi.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

#include "shim.h"

enum { CLOCK_HZ = 16000000, LIGHT_PORT = 0x25, LIGHT_BIT = 5, SDA_BIT = 4 };
// In TWCR, each begins something, or lets it go on.
enum { TWINT = 0x80, TWSTA = 0x20, TWSTO = 0x10 };

struct uno {
    avr_t *avr;
    avr_twi_t *twi;
    avr_io_write_t write_twi_control;
    avr_irq_t *bus, *uart_input;
    const struct uno_world *world;
    void *handle;
    // Cycles of before the resets: simavr begins again at 0.
    uint64_t past_cycles;
    int bus_held, program_held;
    // Where the held program sleeps; a stack pointer of 0 = it does not yet.
    uint32_t held_pc;
    uint16_t held_sp;
};

static void be_quiet(avr_t *avr, int level, const char *format, va_list values) {
    (void)avr, (void)level, (void)format, (void)values;
}

static void sleep_no_time(avr_t *avr, avr_cycle_count_t cycles) { (void)avr, (void)cycles; }

static void on_uart(avr_irq_t *irq, uint32_t value, void *parameter) {
    struct uno *uno = parameter;
    (void)irq;
    uno->world->sent(uno->handle, (uint8_t)value);
}

static void answer(struct uno *uno, uint8_t condition, uint8_t address, uint8_t data) {
    avr_raise_irq(uno->bus + TWI_IRQ_INPUT, avr_twi_irq_msg(condition, address, data));
}

static void on_bus(avr_irq_t *irq, uint32_t value, void *parameter) {
    struct uno *uno = parameter;
    const avr_twi_msg_irq_t message = {.u = {.v = value}};
    const uint8_t condition = message.u.twi.msg, address = message.u.twi.addr;
    (void)irq;
    if (condition & TWI_COND_STOP) uno->world->stopped(uno->handle);
    if (condition & TWI_COND_START && uno->world->addressed(uno->handle, address >> 1, address & 1)) {
        answer(uno, TWI_COND_ACK, address, 1);
    }
    // A firmware that was not acknowledged says no more, so these are for who was.
    if (condition & TWI_COND_WRITE) {
        uno->world->written(uno->handle, message.u.twi.data);
        answer(uno, TWI_COND_ACK, address, 1);
    }
    if (condition & TWI_COND_READ) answer(uno, TWI_COND_READ, address, uno->world->read(uno->handle));
}

// On a bus that is held nothing is ever done: the controller waits.
static void on_twi_control(avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter) {
    struct uno *uno = parameter;
    const uint8_t kept = uno->bus_held ? (uint8_t)(value & ~(TWINT | TWSTA | TWSTO)) : value;
    uno->write_twi_control(avr, address, kept, uno->twi);
}

static avr_twi_t *find_twi(avr_t *avr) {
    for (avr_io_t *io = avr->io_port; io; io = io->next) {
        if (!strcmp(io->kind, "twi")) return (avr_twi_t *)io;
    }
    abort();
}

static void wire(struct uno *uno) {
    static const char *names[TWI_IRQ_COUNT] = {"uno.bus.input", "uno.bus.output", "uno.bus.status"};
    avr_t *avr = uno->avr;
    uno->bus = avr_alloc_irq(&avr->irq_pool, 0, TWI_IRQ_COUNT, names);
    avr_irq_register_notify(uno->bus + TWI_IRQ_OUTPUT, on_bus, uno);
    avr_irq_t *twi = avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), 0);
    avr_connect_irq(uno->bus + TWI_IRQ_INPUT, twi + TWI_IRQ_INPUT);
    avr_connect_irq(twi + TWI_IRQ_OUTPUT, uno->bus + TWI_IRQ_OUTPUT);
    uno->twi = find_twi(avr);
    const avr_io_addr_t control = AVR_DATA_TO_IO(uno->twi->r_twcr);
    uno->write_twi_control = avr->io[control].w.c;
    avr->io[control].w.c = on_twi_control;
    avr->io[control].w.param = uno;
    avr_irq_t *uart = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), 0);
    avr_irq_register_notify(uart + UART_IRQ_OUTPUT, on_uart, uno);
    uno->uart_input = uart + UART_IRQ_INPUT;
    // Neither lines to this process's terminal, nor real sleeps when the firmware polls.
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
}

struct uno *uno_open(const char *elf, const struct uno_world *world, void *handle) {
    avr_global_logger_set(be_quiet);
    elf_firmware_t firmware = {.frequency = CLOCK_HZ};
    if (elf_read_firmware(elf, &firmware) || !firmware.flash) return NULL;
    avr_t *avr = avr_make_mcu_by_name("atmega328p");
    if (!avr || avr_init(avr)) return NULL;
    firmware.frequency = CLOCK_HZ;
    avr_load_firmware(avr, &firmware);
    free(firmware.flash);
    avr->log = 0;
    avr->sleep = sleep_no_time;
    struct uno *uno = calloc(1, sizeof *uno);
    uno->avr = avr;
    uno->world = world;
    uno->handle = handle;
    wire(uno);
    return uno;
}

void uno_close(struct uno *uno) {
    avr_terminate(uno->avr);
    free(uno->avr);
    free(uno);
}

void uno_reset(struct uno *uno) {
    uno->past_cycles += uno->avr->cycle;
    avr_reset(uno->avr);
    uno->past_cycles -= uno->avr->cycle;
    uno->held_sp = 0;
}

uint64_t uno_cycles(const struct uno *uno) { return uno->past_cycles + uno->avr->cycle; }

static uint16_t stack_pointer(const avr_t *avr) { return (uint16_t)(avr->data[R_SPL] | avr->data[R_SPH] << 8); }

// A program that has come back from an interrupt to where it slept sleeps again.
static void hold_program(struct uno *uno) {
    avr_t *avr = uno->avr;
    if (!uno->held_sp) {
        if (avr->state != cpu_Sleeping) return;
        uno->held_pc = avr->pc;
        uno->held_sp = stack_pointer(avr);
    }
    const int there = uno->held_pc == avr->pc && uno->held_sp == stack_pointer(avr);
    if (there && avr->state == cpu_Running) avr->state = cpu_Sleeping;
    // simavr does not wake for an interrupt that was pending before.
    if (!there && avr->state == cpu_Sleeping) avr->state = cpu_Running;
}

int uno_run(struct uno *uno, uint64_t until_cycles) {
    while (uno_cycles(uno) < until_cycles) {
        const int state = avr_run(uno->avr);
        if (state == cpu_Done || state == cpu_Crashed) return 0;
        if (uno->program_held) hold_program(uno);
    }
    return 1;
}

void uno_receive(struct uno *uno, uint8_t byte) { avr_raise_irq(uno->uart_input, byte); }

void uno_hold_bus(struct uno *uno, int held) {
    uno->bus_held = held;
    avr_ioport_external_t pins = {.name = 'C', .mask = held ? 1 << SDA_BIT : 0, .value = 0};
    avr_ioctl(uno->avr, AVR_IOCTL_IOPORT_SET_EXTERNAL('C'), &pins);
}

void uno_hold_program(struct uno *uno, int held) {
    uno->program_held = held;
    uno->held_sp = 0;
}

int uno_light(const struct uno *uno) { return uno->avr->data[LIGHT_PORT] >> LIGHT_BIT & 1; }
