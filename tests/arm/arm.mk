# The device runtime on an emulated 64-bit ARM: `make check-arm` of the project calls this. ONLY="3.11 cortex-a53" does less.
BUILD ?= build/arm
PYTHON ?= python3
HERE := $(dir $(lastword $(MAKEFILE_LIST)))

.PHONY: check-arm
check-arm: $(BUILD)/counter.so
	@$(PYTHON) -m tests.arm.check --build $(BUILD) $(addprefix --only ,$(ONLY))

# It finds the functions of QEMU in the program that loads it.
$(BUILD)/counter.so: $(HERE)counter.c
	@command -v $(CC) >/dev/null || { echo "no C compiler: sudo apt install gcc" >&2; exit 2; }
	@mkdir -p $(@D)
	@$(CC) -O2 -Wall -Wextra -Wno-unused-parameter -Werror -shared -fPIC $< -o $@
