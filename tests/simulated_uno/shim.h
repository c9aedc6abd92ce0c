/* An Uno without its world. Read by the C compiler and by cffi, which knows no preprocessor: declarations only. */

/* What is at the other ends of its wires; each is called with the handle, while the firmware runs. */
struct uno_world {
    /* The UART sent a byte. */
    void (*sent)(void *handle, uint8_t byte);
    /* I2C: a start with the 7-bit address and its direction; not 0 = acknowledged. */
    int (*addressed)(void *handle, uint8_t address, int reading);
    void (*written)(void *handle, uint8_t byte);
    uint8_t (*read)(void *handle);
    void (*stopped)(void *handle);
};

/* NULL if there is no such file, or it is no firmware. The world has to outlive the Uno. */
struct uno *uno_open(const char *elf, const struct uno_world *world, void *handle);
void uno_close(struct uno *uno);

/* The reset pin; flash and the count of cycles stay. */
void uno_reset(struct uno *uno);
/* Cycles since it was opened. */
uint64_t uno_cycles(const struct uno *uno);
/* Run until that many cycles, or a sleep's length more; 0 if the firmware crashed. */
int uno_run(struct uno *uno, uint64_t until_cycles);

/* A byte arrives at the UART. simavr loses bytes when more than 16 come at once. */
void uno_receive(struct uno *uno, uint8_t byte);
/* Whether something holds the data line of I2C down. */
void uno_hold_bus(struct uno *uno, int held);
/* Whether the main program stands still, from its next sleep on; interrupts and clock go on. */
void uno_hold_program(struct uno *uno, int held);
/* The board's own light. */
int uno_light(const struct uno *uno);
