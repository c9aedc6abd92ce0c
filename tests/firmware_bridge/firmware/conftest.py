"""The firmware's core, compiled for this machine once a session, and what it sends in simulated time."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_bridge.c_header import HEADER_FILE
from firmware_bridge.framing import FrameDecoder
from tests.firmware_bridge.firmware.sent import Sent
from tests.simulated_uno.shim import SimulatorMissingError, load_shim
from tests.simulated_uno.sketch import build_keyed_sketch, build_sketch

HERE = Path(__file__).parent
FLAGS = (
    "-std=c++11", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip

KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f")

BoardRun = Callable[..., Sent]
Compiled = Callable[[str], Path]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """Compiles host/NAME.cpp under the address and undefined-behaviour sanitizers."""
    if shutil.which("g++") is None:
        pytest.skip("no g++ to compile the firmware's core with")
    folder = tmp_path_factory.mktemp("firmware")

    def program(name: str) -> Path:
        path = folder / name
        if not path.exists():
            source = HERE / "host" / f"{name}.cpp"
            command = ["g++", *FLAGS, "-I", HEADER_FILE.parent, "-o", path, source]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
            assert done.returncode == 0, done.stderr
        return path

    return program


@pytest.fixture(scope="session")
def sketch() -> Path:
    """The sketch compiled for an Uno, to be executed."""
    try:
        load_shim()
        return build_sketch()
    except SimulatorMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def keyed_sketch(sketch: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sketch with KEY."""
    return build_keyed_sketch(KEY, tmp_path_factory.mktemp("keyed"))


@pytest.fixture(scope="session")
def board(compiled: Compiled) -> BoardRun:
    """Runs the board for so many seconds, with disturbances such as ``nack@2.5=2``."""

    def run(seconds: float, *disturbances: str) -> Sent:
        command = [compiled("board"), str(seconds), *disturbances]
        done = subprocess.run(command, capture_output=True, check=False, timeout=100)
        assert done.returncode == 0, done.stderr.decode()
        decoder = FrameDecoder()
        frames = decoder.feed(done.stdout)
        assert decoder.counts.dropped == 0
        sequences = [frame.sequence for frame in frames]
        assert sequences == [i % 2**16 for i in range(len(frames))]
        words = [line.split() for line in done.stderr.decode().splitlines()]
        return Sent(frames, done.stdout, [(word[1] == "1", float(word[2])) for word in words])

    return run
