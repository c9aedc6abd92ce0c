"""The modelled MAX30102 that the executed sketch measures with, register by register."""

import pytest

from tests.firmware_bridge.firmware.executed import Ramp, counts_of
from tests.simulated_uno import SensorModel


class Chip:
    """The sensor's model on a bus and a clock of its own."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.model = SensorModel(Ramp(), lambda: self.time_s)

    def write(self, first: int, *values: int) -> None:
        assert self.model.addressed(0x57, reading=False)
        for value in (first, *values):
            self.model.written(value)
        self.model.stopped()

    def read(self, first: int, count: int) -> list[int]:
        assert self.model.addressed(0x57, reading=False)
        self.model.written(first)
        assert self.model.addressed(0x57, reading=True)
        values = [self.model.read() for _ in range(count)]
        self.model.stopped()
        return values

    def measure(self, samples: int) -> None:
        for _ in range(samples):
            self.time_s += 0.008
            self.model.tick()

    def begin(self, fifo_config: int = 0x60) -> None:
        self.write(0x0C, 36, 36)
        self.write(0x0A, 0x35)
        self.write(0x08, fifo_config, 0x03)
        self.time_s += 1e-6


@pytest.mark.parametrize(
    ("asked", "given"),
    [(0x35, 0x35), (0x39, 0x35), (0x3E, 0x32), (0x3F, 0x2F), (0x38, 0x38), (0x3C, 0x38), (0x24, 0x24)],
)
def test_the_model_clamps_the_rate_by_the_pulse_width(asked: int, given: int) -> None:
    chip = Chip()
    chip.write(0x0A, asked)
    assert chip.read(0x0A, 1) == [given]


def test_the_models_fifo_is_full_at_32_and_counts_31_more() -> None:
    chip = Chip()
    chip.begin()
    for measured, pointers in [(0, [0, 0, 0]), (31, [31, 0, 0]), (1, [0, 0, 0]), (20, [0, 20, 0]), (90, [0, 31, 0])]:
        chip.measure(measured)
        assert chip.read(0x04, 3) == pointers
    data = chip.read(0x07, 12)
    assert [int.from_bytes(data[i : i + 3], "big") for i in range(0, 12, 3)] == [
        *counts_of(0)[::-1], *counts_of(1)[::-1],
    ]  # fmt: skip
    assert chip.read(0x04, 3) == [0, 0, 2]
    # Of the sample that is begun there is nothing left.
    assert len(chip.read(0x07, 8)) == 8
    assert chip.read(0x06, 1) == [4]


def test_the_model_rolls_over_only_if_told() -> None:
    chip = Chip()
    chip.begin(fifo_config=0x70)
    chip.measure(40)
    assert chip.read(0x04, 3) == [8, 8, 8]
    assert int.from_bytes(chip.read(0x07, 3), "big") == counts_of(8)[1]


def test_the_models_reset_shutdown_and_identity() -> None:
    chip = Chip()
    chip.begin()
    assert chip.read(0xFF, 1) == [0x15]
    assert not chip.model.addressed(0x56, reading=False)
    chip.write(0x09, 0x83)
    chip.measure(3)
    assert chip.read(0x04, 1) == [0]
    chip.write(0x09, 0x40)
    assert chip.read(0x08, 3) == [0, 0x40, 0]
    chip.time_s += 0.001
    assert chip.read(0x08, 6) == [0] * 6
