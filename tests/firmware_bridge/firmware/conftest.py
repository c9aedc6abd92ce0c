"""The firmware's core, compiled for this machine once a session, and what it sends in simulated time."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware_bridge.c_header import HEADER_FILE
from firmware_bridge.framing import FrameDecoder
from firmware_bridge.protocol import AckFrame, DataFlags, DataFrame, EventCode, EventFrame, Frame, InfoFrame
from tests.simulated_uno.shim import SimulatorMissingError, load_shim
from tests.simulated_uno.sketch import build_sketch

IR_LEVEL, RED_LEVEL = 36 * 3600, 36 * 3000
HERE = Path(__file__).parent
FLAGS = (
    "-std=c++11", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip

BoardRun = Callable[..., "Sent"]
Compiled = Callable[[str], Path]


@dataclass
class Sent:
    """What a board sent: by type, and in order."""

    frames: list[Frame]
    raw: bytes
    lights: list[tuple[bool, float]]

    @property
    def data(self) -> list[DataFrame]:
        return [frame for frame in self.frames if isinstance(frame, DataFrame)]

    @property
    def infos(self) -> list[InfoFrame]:
        return [frame for frame in self.frames if isinstance(frame, InfoFrame)]

    @property
    def acks(self) -> list[AckFrame]:
        return [frame for frame in self.frames if isinstance(frame, AckFrame)]

    @property
    def events(self) -> list[EventFrame]:
        return [frame for frame in self.frames if isinstance(frame, EventFrame)]

    def event_codes(self, *, fingers: bool = False) -> list[EventCode]:
        codes = [event.code for event in self.events]
        return [code for code in codes if fingers or code not in (EventCode.FINGER_ON, EventCode.FINGER_OFF)]

    def samples(self, epoch: int = 0) -> dict[int, tuple[int, int]]:
        """Index to (IR, RED) counts."""
        return {
            frame.index + i: pair
            for frame in self.data
            if frame.epoch == epoch
            for i, pair in enumerate(zip(frame.ir_counts, frame.red_counts, strict=True))
        }

    def assert_exact(self, epoch: int = 0) -> None:
        """Each sample under an index is the one that the model measured then."""
        for k, counts in self.samples(epoch).items():
            assert counts == (IR_LEVEL + 4 * (k % 500), RED_LEVEL + 4 * (k // 500 % 500)), k

    def missing(self, epoch: int = 0) -> list[int]:
        indices = sorted(self.samples(epoch))
        return sorted(set(range(indices[-1] + 1)) - set(indices))

    def flagged(self, flag: DataFlags) -> list[DataFrame]:
        return [frame for frame in self.data if flag in frame.flags]


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
