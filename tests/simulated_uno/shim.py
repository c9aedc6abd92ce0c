"""shim.c compiled once and loaded: an Uno's microcontroller, whose wires end in Python."""

import contextlib
import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import cffi

from firmware_bridge.errors import PulsekeyError

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / "build" / "simulated_uno"
CLOCK_HZ = 16_000_000
PACKAGES = "gcc libsimavr-dev libelf-dev python3-dev"
_MISSING = ("No such file or directory", "cannot find -l")
_NAME = "_uno_shim"
_CALLBACKS = """
extern "Python" void on_sent(void *, uint8_t);
extern "Python" int on_addressed(void *, uint8_t, int);
extern "Python" void on_written(void *, uint8_t);
extern "Python" uint8_t on_read(void *);
extern "Python" void on_stopped(void *);
"""


class SimulatorMissingError(PulsekeyError):
    """What the simulated Uno is made with is not installed."""


class I2cDevice(Protocol):
    """What hangs on an Uno's I2C bus."""

    def addressed(self, address: int, reading: bool) -> bool:
        """A start, or another one, with the 7-bit address; whether the device acknowledges."""

    def written(self, byte: int) -> None:
        """A byte for the device."""

    def read(self) -> int:
        """A byte from the device."""

    def stopped(self) -> None:
        """The end of the transfer."""


@dataclass(frozen=True, slots=True)
class Wires:
    """Where an Uno's wires end."""

    sent: Callable[[int], None]
    """Takes each byte that leaves the UART."""
    device: I2cDevice


class Mcu:
    """An ATmega328P that executes ``elf``; time is what it has been told to run.

    Raises:
        SimulatorMissingError: simavr, or a compiler for what binds it, is not installed.
        FileNotFoundError: there is no such firmware.
    """

    def __init__(self, elf: Path, wires: Wires) -> None:
        module = load_shim()
        self._ffi, self._lib = module.ffi, module.lib
        self._handle = self._ffi.new_handle(wires)
        lib = self._lib
        callbacks = [lib.on_sent, lib.on_addressed, lib.on_written, lib.on_read, lib.on_stopped]
        self._world = self._ffi.new("struct uno_world *", callbacks)
        opened = lib.uno_open(os.fsencode(elf), self._world, self._handle)
        if opened == self._ffi.NULL:
            raise FileNotFoundError(f"{elf} is no firmware")
        self._uno = self._ffi.gc(opened, lib.uno_close)

    @property
    def cycles(self) -> int:
        """Cycles since it was made."""
        return int(self._lib.uno_cycles(self._uno))

    @property
    def light(self) -> bool:
        """Whether the board's own light is on."""
        return bool(self._lib.uno_light(self._uno))

    def reset(self) -> None:
        """Begin the firmware anew."""
        self._lib.uno_reset(self._uno)

    def run(self, until_cycles: int) -> None:
        """Run until then; a firmware that sleeps is up to a millisecond late, and has seen nothing of it.

        Raises:
            RuntimeError: the firmware crashed.
        """
        if not self._lib.uno_run(self._uno, until_cycles):
            raise RuntimeError(f"the firmware crashed after {self.cycles / CLOCK_HZ:.6f} s")

    def receive(self, data: bytes) -> None:
        """Bytes arrive at the UART, at most 16 at a time."""
        for byte in data:
            self._lib.uno_receive(self._uno, byte)

    def hold_bus(self, held: bool) -> None:
        """Hold I2C's data line down, or let it go."""
        self._lib.uno_hold_bus(self._uno, held)

    def hold_program(self, held: bool) -> None:
        """Let the main program stand still while interrupts and the clock go on, or go on itself."""
        self._lib.uno_hold_program(self._uno, held)


@cache
def load_shim() -> ModuleType:
    """The compiled shim, from the cache if it was compiled before."""
    header, source = (HERE / name for name in ("shim.h", "shim.c"))
    content = [path.read_bytes() for path in (header, source, Path(__file__))]
    made_with = f"{sys.version} {cffi.__version__}".encode()
    folder = CACHE / hashlib.sha256(b"\0".join([*content, made_with])).hexdigest()[:16]
    path = folder / f"{_NAME}{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not path.exists():
        ffi = cffi.FFI()
        ffi.cdef(header.read_text() + _CALLBACKS)
        ffi.set_source(_NAME, '#include "shim.c"')
        _compile(ffi, path)
    spec = importlib.util.spec_from_file_location(_NAME, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _connect(module.ffi)
    return module


def _compile(ffi: Any, path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        raise SimulatorMissingError(f"no compiler for the simulated Uno: sudo apt install {PACKAGES}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        code, library = Path(folder) / "shim_ffi.c", Path(folder) / path.name
        with contextlib.redirect_stdout(io.StringIO()):
            ffi.emit_c_code(str(code))
        headers = [f"-I{folder}" for folder in (HERE, sysconfig.get_path("include"), "/usr/include/simavr")]
        flags = ["-O2", "-shared", "-fPIC", *headers, "-o", str(library)]
        command = [compiler, *flags, str(code), "-lsimavr", "-lelf"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            first = next((line for line in done.stderr.splitlines() if any(sign in line for sign in _MISSING)), None)
            if first is None:
                raise RuntimeError(f"shim.c does not compile: {done.stderr}")
            raise SimulatorMissingError(f"no simulated Uno: sudo apt install {PACKAGES} ({first.strip()})")
        # In one step: another process may be doing the same.
        library.replace(path)


def _connect(ffi: Any) -> None:
    """Bind the callbacks to the Wires behind their handle."""
    wires = ffi.from_handle
    for name, function in {
        "on_sent": lambda handle, byte: wires(handle).sent(byte),
        "on_addressed": lambda handle, address, reading: wires(handle).device.addressed(address, bool(reading)),
        "on_written": lambda handle, byte: wires(handle).device.written(byte),
        "on_read": lambda handle: wires(handle).device.read(),
        "on_stopped": lambda handle: wires(handle).device.stopped(),
    }.items():
        ffi.def_extern(name)(function)
