"""The compiled sketch, executed, while its sensor fails: what is lost is counted, and nothing is made up."""

import random
from pathlib import Path

import pytest

from firmware_bridge.protocol import (
    DataFlags,
    EventCode,
    SensorFault,
)
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from tests.firmware_bridge.firmware.executed import SIXTEEN_BITS, counts_of, execute, first_position
from tests.firmware_bridge.firmware.sent import Sent

LOST_AND_BACK = [EventCode.SENSOR_LOST, EventCode.SENSOR_BACK]


def lost_and_back_s(sent: Sent) -> tuple[float, float, int]:
    """When the sensor was lost, and back, and why."""
    lost, back = (event for event in sent.events if event.code in LOST_AND_BACK)
    assert (lost.epoch, back.epoch, back.index) == (0, 1, 0)
    return lost.t_us / 1e6, back.t_us / 1e6, lost.detail


def test_refused_transfers_are_tried_again_and_cost_nothing(sketch: Path) -> None:
    sent = execute(sketch, 3, *(SensorFaultEvent(FaultKind.NACK, at_s, value=2) for at_s in (1.3, 2.3)))
    assert first_position(sent) == 0
    assert sent.missing() == []
    assert sent.event_codes() == []
    assert 1 <= len(sent.flagged(DataFlags.I2C_RETRIED)) <= 2


@pytest.mark.parametrize(
    ("fault", "reason", "found_s"),
    [
        (SensorFaultEvent(FaultKind.NACK, 1.3, value=6), SensorFault.NACK, 0.05),
        (SensorFaultEvent(FaultKind.STUCK_BUS, 1.3, 1.0), SensorFault.BUS_TIMEOUT, 0.05),
        (SensorFaultEvent(FaultKind.BROWN_OUT, 1.3, 0.3), SensorFault.NACK, 0.05),
        (SensorFaultEvent(FaultKind.BROWN_OUT, 1.3003), SensorFault.BROWN_OUT, 0.5),
        (SensorFaultEvent(FaultKind.BROWN_OUT, 1.3177), SensorFault.BROWN_OUT, 0.5),
        (SensorFaultEvent(FaultKind.BROWN_OUT, 1.3379), SensorFault.BROWN_OUT, 0.5),
    ],
)
def test_a_lost_sensor_is_noticed_and_begun_again(
    sketch: Path, fault: SensorFaultEvent, reason: SensorFault, found_s: float
) -> None:
    sent = execute(sketch, 3.5, fault)
    assert sent.event_codes() == LOST_AND_BACK
    lost_s, back_s, detail = lost_and_back_s(sent)
    assert detail == reason
    assert 0 < lost_s - fault.at_s < found_s
    # It is tried each half second.
    assert back_s - lost_s < fault.duration_s + 0.55
    assert len(sent.infos) == 4
    assert sent.infos[-1].info.last_error == reason
    assert first_position(sent, 0) == 0
    assert sent.missing(0) == sent.missing(1) == []
    # The pulse went on meanwhile: what was measured when the sensor was back is of then.
    assert first_position(sent, 1) == pytest.approx(back_s * 125, abs=2)
    assert sent.data[-1].t_us / 1e6 > 3.4


@pytest.mark.parametrize("duration_s", [0.2, 0.3, 0.4])
def test_an_overflow_is_counted_to_the_sample(sketch: Path, duration_s: float) -> None:
    sent = execute(sketch, 3, SensorFaultEvent(FaultKind.OVERFLOW, 1.3, duration_s))
    assert first_position(sent) == 0
    assert sent.event_codes() == []
    gone = sent.missing()
    assert max(0, duration_s * 125 - 32) - 1 <= len(gone) <= max(0, duration_s * 125 - 32 + 5) + 1
    assert gone == (list(range(gone[0], gone[-1] + 1)) if gone else [])
    assert [frame.index for frame in sent.flagged(DataFlags.FIFO_OVERFLOW)] == ([gone[-1] + 1] if gone else [])


def test_an_overflow_beyond_the_sensors_counter_is_a_new_epoch(sketch: Path) -> None:
    sent = execute(sketch, 4, SensorFaultEvent(FaultKind.OVERFLOW, 1.3, 0.8))
    assert sent.event_codes() == LOST_AND_BACK
    assert lost_and_back_s(sent)[2] == SensorFault.NONE
    assert (first_position(sent, 0), sent.missing(0), sent.missing(1)) == (0, [], [])
    assert first_position(sent, 1) > 125 * 2
    assert [(frame.epoch, frame.index) for frame in sent.flagged(DataFlags.FIFO_OVERFLOW)] == [(1, 0)]


@pytest.mark.parametrize("seed", range(3))
def test_no_mixture_of_faults_makes_a_sample_up(sketch: Path, seed: int) -> None:
    rng = random.Random(seed)
    faults, at_s = [], 1.1
    for _ in range(8):
        kind, longest_s = rng.choice(
            [(FaultKind.NACK, 0.0), (FaultKind.STUCK_BUS, 0.3), (FaultKind.BROWN_OUT, 0.0), (FaultKind.BROWN_OUT, 0.6),
             (FaultKind.OVERFLOW, 0.7)]
        )  # fmt: skip
        faults.append(SensorFaultEvent(kind, at_s, rng.uniform(0, longest_s), rng.randint(1, 12)))
        at_s += rng.choice([rng.uniform(0, 0.01), rng.uniform(0, 0.5)])
    sent = execute(sketch, at_s + 3, *faults)
    last = sent.data[-1].epoch
    assert last >= 1
    firsts = [first_position(sent, epoch) for epoch in range(last + 1) if sent.samples(epoch)]
    assert firsts == sorted(firsts)
    assert firsts[0] == 0
    clean = [frame for frame in sent.data if frame.t_us > (at_s + 2) * 1e6]
    assert [frame.index for frame in clean] == list(range(clean[0].index, clean[-1].index + 1, 5))
    assert len(clean) == pytest.approx(25, abs=2)


def test_a_reset_begins_anew(sketch: Path) -> None:
    sent = execute(sketch, 4, SensorFaultEvent(FaultKind.RESET, 1.303))
    boots = [i for i, frame in enumerate(sent.frames) if frame.sequence == 0]
    assert len(boots) == 2
    before, after = (Sent(part, b"", []) for part in (sent.frames[: boots[1]], sent.frames[boots[1] :]))
    assert (first_position(before), before.missing(), after.missing()) == (0, [], [])
    # The sensor measured on, until it was begun again.
    assert first_position(after) == pytest.approx(1.303 * 125, abs=2)
    assert after.infos[0] == after.frames[0]
    assert DataFlags.RESTARTED in after.data[0].flags
    assert DataFlags.RESTARTED not in before.data[-1].flags
    assert after.infos[0].t_us < 10_000
    assert {frame.epoch for frame in after.data} == {0}


def test_saturation_is_flagged(sketch: Path) -> None:
    sent = execute(sketch, 2.5, SensorFaultEvent(FaultKind.SATURATED, 1.3, 0.4))
    samples = sent.samples()
    full = [index for index, counts in samples.items() if counts == (SIXTEEN_BITS, SIXTEEN_BITS)]
    assert full == list(range(full[0], full[0] + 50))
    assert sent.missing() == []
    assert all(counts == counts_of(index) for index, counts in samples.items() if index not in full)
    flagged = sent.flagged(DataFlags.SATURATED)
    assert [frame.index for frame in flagged] == [
        frame.index for frame in sent.data if any(frame.index + i in full for i in range(5))
    ]


def test_a_finger_goes_and_comes(sketch: Path) -> None:
    sent = execute(sketch, 4, SensorFaultEvent(FaultKind.FINGER_OFF, 1.3, 1.2))
    assert [event.code for event in sent.events] == [
        EventCode.FINGER_ON, EventCode.FINGER_OFF, EventCode.FINGER_ON,
    ]  # fmt: skip
    _, off, on = sent.events
    assert 0 < off.t_us / 1e6 - 1.3 < 0.4
    assert 0 < on.t_us / 1e6 - 2.5 < 0.2
    open_air = [index for index, (ir, _) in sent.samples().items() if ir < 20_000]
    assert open_air == list(range(open_air[0], open_air[0] + 150))
    assert all(counts == counts_of(index) for index, counts in sent.samples().items() if index not in open_air)
    assert sent.missing() == []
