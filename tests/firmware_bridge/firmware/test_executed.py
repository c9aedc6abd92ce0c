"""The compiled sketch, executed: what a real ATmega328P would send of a modelled MAX30102 when all is well."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge.board import FIRMWARE_VERSION
from firmware_bridge.protocol import (
    AckResult,
    CommandCode,
    EventCode,
    SelfTest,
)
from firmware_bridge.source_urls import source_of
from firmware_bridge.sources import LOST
from tests.firmware_bridge.firmware.executed import SIXTEEN_BITS, Ramp, counts_of, execute, first_position, frames_of
from tests.firmware_bridge.firmware.sent import Sent
from tests.simulated_uno import SimulatedUno


def test_a_recording_is_sent_exactly_at_125_hz_and_twice_the_same(sketch: Path, data_folder: Path) -> None:
    url = f"replay://{data_folder / 'bidmc' / 'bidmc01.hea'}?start=30&seconds=21"
    sent = execute(sketch, 20, source=source_of(url).source)
    expected = source_of(url).source.read(125 * 21) & SIXTEEN_BITS
    samples = sent.samples()
    assert sent.missing() == []
    assert len(samples) == pytest.approx(20 * 125, abs=6)
    for index, counts in samples.items():
        assert counts == tuple(expected[index].tolist())
    assert [frame.sequence for frame in sent.frames] == list(range(len(sent.frames)))
    assert [event.code for event in sent.events] == [EventCode.FINGER_ON]
    assert sent.infos[-1].info.firmware_version == FIRMWARE_VERSION
    assert period_us(sent) == pytest.approx(8000, rel=2e-5)
    again = execute(sketch, 8, source=source_of(url).source).raw
    assert len(again) > 9_000
    assert sent.raw.startswith(again)


def period_us(sent: Sent) -> float:
    newest = [frame.index + frame.fifo_depth for frame in sent.data]
    return float(np.polyfit(newest, [frame.t_us for frame in sent.data], 1)[0])


@pytest.mark.parametrize("clock_error", [-0.04, 0.04])
def test_a_sensor_whose_clock_is_off_loses_nothing(sketch: Path, clock_error: float) -> None:
    sent = execute(sketch, 4, clock_error=clock_error)
    assert first_position(sent) == 0
    assert sent.missing() == []
    assert period_us(sent) == pytest.approx(8000 / (1 + clock_error), rel=2e-4)


def test_swapped_leds_are_swapped_on_the_wire(sketch: Path) -> None:
    sent = execute(sketch, 2, swapped=True)
    assert len(sent.samples()) > 240
    assert all(counts == counts_of(index)[::-1] for index, counts in sent.samples().items())


def test_commands_are_answered(sketch: Path) -> None:
    ir_steps, red_steps = 50, 25
    currents = ir_steps * 200 << 16 | red_steps * 200
    sent = execute(
        sketch, 6,
        commands=[
            (1.0, CommandCode.NONCE, 0xDEADBEEF), (1.1, CommandCode.NONCE, 0), (1.2, CommandCode.SELF_TEST, 0),
            (1.3, CommandCode.IDENTIFY, 1), (1.4, CommandCode.IDENTIFY, 61), (2.0, CommandCode.LED_CURRENT, currents),
            (3.0, CommandCode.STOP, 0), (3.5, CommandCode.SELF_TEST, 0), (4.0, CommandCode.START, 0),
        ],
    )  # fmt: skip
    done, refused, failed = AckResult.DONE, AckResult.REFUSED, AckResult.FAILED
    assert [(ack.command_sequence, ack.code, ack.result, ack.value) for ack in sent.acks] == [
        (0, CommandCode.NONCE, done, 0xDEADBEEF),
        (1, CommandCode.NONCE, done, 0xDEADBEEF),
        (2, CommandCode.SELF_TEST, done, 0),
        (3, CommandCode.IDENTIFY, done, 1),
        (4, CommandCode.IDENTIFY, refused, 0),
        (5, CommandCode.LED_CURRENT, done, currents),
        (6, CommandCode.STOP, done, 0),
        (7, CommandCode.SELF_TEST, failed, SelfTest.CONFIGURATION | SelfTest.SAMPLES),
        (8, CommandCode.START, done, 1),
    ]
    assert [on for on, _ in sent.lights] == [True, False] * 2
    change = next(event for event in sent.events if event.code is EventCode.LED_CURRENT)
    assert change.detail == ir_steps << 8 | red_steps
    for index, counts in sent.samples(0).items():
        ir, red = counts_of(index)
        scaled = (ir * ir_steps // 36 & SIXTEEN_BITS, red * red_steps // 36 & SIXTEEN_BITS)
        assert counts == ((ir, red) if index < change.index else scaled)
    assert not [frame for frame in sent.data if 3_050_000 < frame.t_us < 4_000_000]
    assert sent.data[-1].epoch == 1
    assert sent.data[-1].t_us > 5_900_000


def test_no_bytes_from_the_host_are_lost_or_believed(sketch: Path) -> None:
    uno = SimulatedUno(sketch, Ramp(), seconds=1.5)
    packets = uno.boot()
    raw = next(packets).data
    uno.receive(b"\x55" * 300 + b"\0")
    frames = frames_of(raw + b"".join(packet.data for packet in packets))
    assert Sent(frames, b"", []).acks == []
    assert Sent(frames, b"", []).missing() == []


class Holed(Ramp):
    """Sample 100 and the two after it are lost, and after sample 250 it is over."""

    def read(self, count: int) -> NDArray[np.int32]:
        part = super().read(min(count, max(0, 251 - self.k)))
        first = self.k - len(part)
        part[[100 <= first + i < 103 for i in range(len(part))]] = LOST
        return part


def test_what_a_source_lacks_is_held_and_after_its_end_there_is_no_finger(sketch: Path) -> None:
    sent = execute(sketch, 3, source=Holed())
    samples = sent.samples()
    assert [samples[i] for i in range(99, 104)] == [counts_of(i) for i in (99, 99, 99, 99, 103)]
    assert samples[250] == counts_of(250)
    assert all(samples[i][0] < 3_000 for i in range(251, len(samples)))
    assert [event.code for event in sent.events] == [EventCode.FINGER_ON, EventCode.FINGER_OFF]
    assert len(samples) == pytest.approx(375, abs=6)


def test_the_source_goes_on_from_boot_to_boot(sketch: Path) -> None:
    uno = SimulatedUno(sketch, Ramp(), seconds=1.0)
    boots = [list(uno.boot()) for _ in range(2)]
    assert [0 <= packets[0].due_s < 0.01 and packets[-1].due_s <= 1.0 for packets in boots] == [True, True]
    first, second = (Sent(frames_of(b"".join(packet.data for packet in packets)), b"", []) for packets in boots)
    assert first_position(first) == 0
    assert first_position(second) == pytest.approx(125, abs=2)
    assert second.infos[0] == replace(first.infos[0], t_us=second.infos[0].t_us)
