"""Real recordings, simulated wearers made on the spot, and a clock that needs no waiting."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import wearers
from firmware_bridge.protocol import BoardInfo, ChannelOrder, DataFlags, DataFrame, InfoFrame, SensorFault


@pytest.fixture
def data(data_folder: Path) -> Path:
    """The folder of real recordings."""
    return data_folder


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six simulated wearers in a file of the format that ships."""
    names = ("ada", "grace", "linus", "mae", "alan", "tim")
    phase = np.linspace(0.0, 1.0, 128)
    beats = []
    for i in range(len(names)):
        notch = 0.3 * np.exp(-(((phase - 0.5 - 0.02 * i) / 0.06) ** 2))
        beat = np.exp(-(((phase - 0.2 - 0.01 * i) / 0.1) ** 2)) + notch
        beats.append((beat - beat.min()) / np.ptp(beat))
    n = len(names)
    path = tmp_path / "wearers.npz"
    np.savez(
        path,
        name=np.array(names),
        beat=np.array(beats, np.float32),
        heart_rate_bpm=np.linspace(55, 90, n),
        rr_sd_ms=np.full(n, 15.0),
        respiration_hz=np.full(n, 0.25),
        rsa_ms=np.full(n, 30.0),
        dc_ir_counts=np.full(n, 120e3),
        dc_red_counts=np.full(n, 100e3),
        ac_ir_counts=np.full(n, 3e3),
        red_ac_ratio=np.full(n, 0.4),
        noise_counts=np.full(n, 15.0),
        wander_counts=np.full(n, 200.0),
    )
    monkeypatch.setattr(wearers, "WEARERS_FILE", path)
    return path


class Clock:
    """Goes on by ``step_s`` at each look, and by what is slept."""

    def __init__(self, step_s: float) -> None:
        self.time_s, self.step_s, self.slept_s = 0.0, step_s, 0.0

    def now(self) -> float:
        self.time_s += self.step_s
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds
        self.slept_s += seconds


@pytest.fixture
def clock() -> Callable[[float], Clock]:
    return Clock


class Line:
    """A pseudo-terminal into which a test writes what it likes."""

    def __init__(self) -> None:
        self.fd, slave = os.openpty()
        self.path = os.ttyname(slave)
        self._slave = slave
        os.set_blocking(self.fd, False)

    def write(self, data: bytes) -> None:
        assert os.write(self.fd, data) == len(data)

    def read(self) -> bytes:
        """What the reader has sent; empty if nothing."""
        try:
            return os.read(self.fd, 4096)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        for fd in (self.fd, self._slave):
            if fd >= 0:
                os.close(fd)
        self.fd = self._slave = -1


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


@pytest.fixture
def data_frame() -> Callable[..., DataFrame]:
    """Frames of ``n`` samples whose counts are their indices."""

    def make(index: int = 0, n: int = 5, **fields: int) -> DataFrame:
        counts = tuple((index + i) % 1000 for i in range(n))
        plain = {
            "sequence": 0,
            "t_us": 0,
            "index": index % 2**32,
            "epoch": 0,
            "fifo_depth": n,
            "flags": DataFlags.NONE,
        }
        return DataFrame(ir_counts=counts, red_counts=counts, **(plain | fields))  # type: ignore[arg-type]

    return make


@pytest.fixture
def info_frame() -> Callable[..., InfoFrame]:
    def make(flags: DataFlags = DataFlags.NONE, rate_mhz: int = 125_000, **fields: int) -> InfoFrame:
        info = BoardInfo((1, 2, 3), 0x15, SensorFault.NACK, 0x60, 0x35, 7200, 6400, rate_mhz, ChannelOrder.SWAPPED)
        return InfoFrame(**({"sequence": 0, "t_us": 0, "epoch": 0} | fields), flags=flags, info=info)

    return make
