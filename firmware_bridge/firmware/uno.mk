# The sketch for an Arduino Uno, without the IDE: `make firmware` and `make flash PORT=...` of the project call this.
# SKETCH=... takes another folder's, such as one with a key. Needs gcc-avr, avr-libc and arduino-core-avr; to flash, avrdude.
BUILD ?= build/firmware
ARDUINO ?= /usr/share/arduino/hardware/arduino/avr
SKETCH := $(dir $(lastword $(MAKEFILE_LIST)))ppg_bridge
NAME := $(BUILD)/ppg_bridge

CORE := $(ARDUINO)/cores/arduino
WIRE := $(ARDUINO)/libraries/Wire/src
# The object of CORE/wiring.c is BUILD/core/wiring.c.o: some names come with more than one ending.
CORE_OBJECTS := $(patsubst $(CORE)/%,$(BUILD)/core/%.o,$(wildcard $(CORE)/*.c $(CORE)/*.cpp $(CORE)/*.S))
WIRE_OBJECTS := $(BUILD)/wire/Wire.cpp.o $(BUILD)/wire/utility/twi.c.o

# WString.cpp of Debian's core asks for DECIMAL_DIG, which the C++ of avr-libc does not define.
FLAGS := -mmcu=atmega328p -DF_CPU=16000000L -DARDUINO=10819 -DARDUINO_AVR_UNO -DARDUINO_ARCH_AVR \
	'-DDECIMAL_DIG=__DECIMAL_DIG__' -I$(CORE) -I$(ARDUINO)/variants/standard -I$(WIRE) \
	-g -Os -flto -ffunction-sections -fdata-sections
CXX_FLAGS := -std=gnu++11 -fno-exceptions -fno-threadsafe-statics -fpermissive
STRICT := -Wall -Wextra -Werror

.PHONY: firmware flash FORCE
firmware: $(NAME).hex
	@avr-size -A $(NAME).elf | awk '\
		$$1 == ".text" || $$1 == ".data" { flash += $$2 } \
		$$1 == ".data" || $$1 == ".bss" || $$1 == ".noinit" { ram += $$2 } \
		END { printf "$(NAME).hex: %d of 32256 bytes of flash, %d of 2048 bytes of RAM\n", flash, ram }'

FORCE:

flash: firmware
	@test -n "$(PORT)" || { echo "say which board: make flash PORT=/dev/ttyACM0" >&2; exit 2; }
	avrdude -p atmega328p -c arduino -P $(PORT) -b 115200 -D -U flash:w:$(NAME).hex:i

$(NAME).hex: $(NAME).elf
	avr-objcopy -O ihex -R .eeprom $< $@

$(NAME).elf: $(NAME).o $(WIRE_OBJECTS) $(BUILD)/core.a
	avr-gcc $(FLAGS) -Wl,--gc-sections -o $@ $^ -lm

# Which folder's sketch was compiled last: another's may well be older than what was made of this one.
$(NAME).sketch: FORCE
	@mkdir -p $(@D)
	@echo '$(SKETCH)' | cmp -s - $@ || echo '$(SKETCH)' > $@

$(NAME).o: $(NAME).sketch $(wildcard $(SKETCH)/*.ino $(SKETCH)/*.h* $(SKETCH)/src/*)
	@command -v avr-g++ >/dev/null && test -d $(CORE) || { \
		echo "no compiler for the board: sudo apt install gcc-avr avr-libc arduino-core-avr avrdude" >&2; exit 2; }
	@mkdir -p $(@D)
	avr-g++ $(FLAGS) $(CXX_FLAGS) $(STRICT) -c -x c++ -include Arduino.h $(SKETCH)/ppg_bridge.ino -o $@

$(BUILD)/core.a: $(CORE_OBJECTS)
	@rm -f $@
	@avr-gcc-ar rcs $@ $^

# The core is others' code: its warnings are theirs.
$(BUILD)/core/%.c.o: $(CORE)/%.c
	@mkdir -p $(@D)
	@avr-gcc $(FLAGS) -w -std=gnu11 -c $< -o $@
$(BUILD)/core/%.cpp.o: $(CORE)/%.cpp
	@mkdir -p $(@D)
	@avr-g++ $(FLAGS) $(CXX_FLAGS) -w -c $< -o $@
$(BUILD)/core/%.S.o: $(CORE)/%.S
	@mkdir -p $(@D)
	@avr-gcc $(FLAGS) -x assembler-with-cpp -c $< -o $@
$(BUILD)/wire/%.cpp.o: $(WIRE)/%.cpp
	@mkdir -p $(@D)
	@avr-g++ $(FLAGS) $(CXX_FLAGS) -w -c $< -o $@
$(BUILD)/wire/%.c.o: $(WIRE)/%.c
	@mkdir -p $(@D)
	@avr-gcc $(FLAGS) -w -std=gnu11 -c $< -o $@
