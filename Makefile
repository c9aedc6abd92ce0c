# The two commands a newcomer needs are `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# LiteRT's forerunner, which many boards still have, wants a NumPy that nothing else here does: an environment of its own.
TFLITE := .venv-tflite
# What builds the wheel and lists what is in it: some packages, where the tests' environment is some GB.
PACKAGING := build/packaging

.DEFAULT_GOAL := help
.PHONY: help install demo demo-ui test tflite check mutants coverage wheel check-wheel pins check-arm proof firmware flash uno clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "pulsekey needs Python 3.11 or newer; say make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "no venv: sudo apt install python3-venv, remove $(VENV), and try again" >&2; exit 2; }
	@touch $@

$(VENV)/device: $(VENV)/created pyproject.toml constraints.txt
	$(PIP) -e '.[terminal]'
	@touch $@

$(VENV)/ui: $(VENV)/created pyproject.toml constraints.txt
	$(PIP) -e '.[ui]'
	@touch $(VENV)/device $@

$(VENV)/dev: $(VENV)/created pyproject.toml constraints.txt
	$(PIP) -e '.[dev]'
	@touch $(VENV)/device $(VENV)/ui $@

install: $(VENV)/device ## make .venv with what the device needs (no torch)

demo: install ## a lock opens for a simulated wearer, and stays shut for a stranger
	$(BIN)/pulsekey demo

demo-ui: $(VENV)/ui ## the same as a page in a browser, with a simulated sensor
	$(BIN)/pulsekey ui --demo

test: $(VENV)/dev $(TFLITE)/ready ## install what the tests need and run them
	$(BIN)/python -m pytest

tflite: $(TFLITE)/ready ## make .venv-tflite with tflite-runtime and NumPy 1, for the tests

$(TFLITE)/ready: $(VENV)/created constraints.txt
	@mkdir -p $(TFLITE)
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; then \
		$(BIN)/python -m venv $(TFLITE) && \
		grep -v '^numpy==' constraints.txt > $(TFLITE)/constraints.txt && \
		$(TFLITE)/bin/python -m pip install --quiet --disable-pip-version-check -c $(TFLITE)/constraints.txt \
			'tflite-runtime==2.14.0' 'numpy<2' cobs cryptography pyserial && \
		$(TFLITE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .; \
	else \
		echo "tflite-runtime has no wheels for this Python: its tests are skipped"; \
	fi
	@touch $@

check: $(VENV)/dev ## lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

mutants: $(VENV)/dev ## small wrong changes, and whether the tests notice: make mutants MODULE=store SAMPLE=30
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.mutation $(if $(MODULE),--module $(MODULE)) $(if $(SAMPLE),--sample $(SAMPLE))

coverage: $(VENV)/dev ## lines and branches that the tests reach, child processes included: make coverage TESTS=tests/device
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(TESTS); status=$$?; \
		$(BIN)/coverage combine --quiet && $(BIN)/coverage report && exit $$status

$(PACKAGING)/ready: $(VENV)/created constraints.txt
	@$(BIN)/python -m venv $(PACKAGING)
	@$(PACKAGING)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt cyclonedx-python-lib 'setuptools>=77' uv
	@touch $@

wheel: $(PACKAGING)/ready ## the wheel and its bill of materials into dist: the same bytes from the same commit
	@wheel=$$($(PACKAGING)/bin/python -m tests.packaging.building dist) && echo "$$wheel" && \
		$(PACKAGING)/bin/python -m tests.packaging.sbom "$$wheel"

check-wheel: wheel ## the wheel in clean environments of every Python here, and with the oldest packages (an hour or so)
	@$(PACKAGING)/bin/python -m tests.packaging.check_wheel "$$(ls -t dist/*.whl | head -n 1)" $(TESTS)

pins: $(PACKAGING)/ready ## resolve device/requirements.txt anew: what a device installs, by hash
	@$(PACKAGING)/bin/python -m tests.packaging.pins

check-arm: $(VENV)/dev ## the wheel on an emulated 64-bit ARM, as on a Raspberry Pi: make check-arm ONLY="3.11 cortex-a53"
	@$(MAKE) --no-print-directory -s -f tests/arm/arm.mk check-arm PYTHON=$(BIN)/python ONLY="$(ONLY)"

proof: $(VENV)/dev ## what holds and what does not, in one table and docs/proof.md: make proof [ALL=1] [ONLY="live latency"] [DATA=DIR]
	@$(BIN)/python -m tests.proof.prove $(if $(ALL),--all) $(addprefix --only ,$(ONLY)) $(if $(DATA),--data $(DATA))

firmware: ## compile the sensor board's sketch for an Arduino Uno into build/firmware
	@$(MAKE) --no-print-directory -s -f firmware_bridge/firmware/uno.mk firmware

flash: ## the same, and upload it: make flash PORT=/dev/ttyACM0
	@$(MAKE) --no-print-directory -s -f firmware_bridge/firmware/uno.mk flash PORT=$(PORT)

uno: $(VENV)/dev ## execute the compiled sketch on a pseudo-terminal: make uno SOURCE=sim://ada
	@test -n "$(SOURCE)" || { echo "say what it measures: make uno SOURCE=sim://ada" >&2; exit 2; }
	@$(BIN)/python -m tests.simulated_uno "$(SOURCE)"

clean: ## remove what was installed and built
	rm -rf $(VENV) $(TFLITE) build dist *.egg-info
