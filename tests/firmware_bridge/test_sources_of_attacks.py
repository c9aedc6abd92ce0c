"""Light that is not the LEDs' own, and a sensor's noise on a source that has none."""

import numpy as np
import pytest

from firmware_bridge import LightBoard, SampleBlock
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.noisy_source import NoisySource
from firmware_bridge.protocol import CommandCode
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.sources import LOST
from tests.firmware_bridge.light_boards import Counting, measured


def counts_after(board: LightBoard, argument: int) -> list[tuple[int, int, int]]:
    """Index, IR and RED of everything from a second after the currents were set at sample 125."""
    reader, seen = DirectReader(board), []
    for message in reader:
        if isinstance(message, SampleBlock):
            if message.index == 125:
                reader.command(CommandCode.LED_CURRENT, argument)
            pairs = zip(message.ir_counts.tolist(), message.red_counts.tolist(), strict=True)
            seen += [(message.index + i, *pair) for i, pair in enumerate(pairs) if message.index > 250]
    return seen


@pytest.mark.parametrize(("emitted", "share"), [(False, 0.5), (True, 1.0)])
def test_currents_change_reflected_light_and_not_a_lamps(emitted: bool, share: float) -> None:
    seen = counts_after(LightBoard(Counting(500), emitted=emitted), 7200 << 16 | 3600)
    assert len(seen) > 200
    for index, ir, red in seen:
        assert (ir, red) == (measured(index)[0], int(measured(index)[1] * share))


def test_a_lamp_taken_away_is_open_air() -> None:
    fault = SensorFaultEvent(FaultKind.FINGER_OFF, 2.5, 1.0)
    seen = counts_after(LightBoard(Counting(600), emitted=True, faults=[fault]), 7200 << 16 | 3600)
    assert {(ir, red) for index, ir, red in seen if 313 <= index < 435} == {(1_000, 800)}


def test_noise_is_independent_normal_and_the_same_in_any_portions() -> None:
    whole = NoisySource(Counting(), 8.0, seed=1)
    noise = whole.read(5000) - [measured(k) for k in range(5000)]
    assert noise.std(axis=0) == pytest.approx([8.0, 8.0], rel=0.05)
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.05
    parts = NoisySource(Counting(), 8.0, seed=1)
    read = np.concatenate([parts.read(n) for n in (1, 7, 992)])
    whole.rewind()
    assert (whole.read(1000) == read).all()
    assert (NoisySource(Counting(), 8.0, seed=2).read(1000) != read).any()


def test_a_lost_sample_stays_lost() -> None:
    class Losing(Counting):
        def read(self, count: int) -> np.ndarray:
            counts = super().read(count)
            counts[::3] = LOST
            return counts

    counts = NoisySource(Losing(), 8.0).read(9)
    assert (counts[::3] == LOST).all()
    assert (counts[1::3] > 0).all()
