"""The compiled sketch, executed: what a real ATmega328P would send of a modelled MAX30102, when all is well and not."""

import random
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge import BoardReader, SampleBlock
from firmware_bridge.board import FIRMWARE_VERSION
from firmware_bridge.protocol import (
    AckResult,
    CommandCode,
    DataFlags,
    EventCode,
    SelfTest,
    SensorFault,
)
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.source_urls import source_of
from firmware_bridge.sources import LOST
from tests.firmware_bridge.firmware.executed import SIXTEEN_BITS, Ramp, counts_of, execute, first_position, frames_of
from tests.firmware_bridge.firmware.sent import Sent
from tests.simulated_uno import SensorModel, SimulatedUno, SimulatorMissingError, shim

ROOT = Path(__file__).resolve().parents[3]
LOST_AND_BACK = [EventCode.SENSOR_LOST, EventCode.SENSOR_BACK]


def lost_and_back_s(sent: Sent) -> tuple[float, float, int]:
    """When the sensor was lost, and back, and why."""
    lost, back = (event for event in sent.events if event.code in LOST_AND_BACK)
    assert (lost.epoch, back.epoch, back.index) == (0, 1, 0)
    return lost.t_us / 1e6, back.t_us / 1e6, lost.detail


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


@pytest.mark.usefixtures("sketch")
def test_the_command_serves_it_on_a_terminal() -> None:
    command = [sys.executable, "-m", "tests.simulated_uno", "sim://ada?seed=3", "--speed", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        with process.stdout, BoardReader(process.stdout.readline().strip()) as reader:
            blocks = list(islice((message for message in reader if isinstance(message, SampleBlock)), 5))
    finally:
        process.terminate()
        assert process.wait(10) == 0
    expected = source_of("sim://ada?seed=3").source.read(25) & SIXTEEN_BITS
    assert np.concatenate([block.ir_counts for block in blocks]).tolist() == expected[:, 0].tolist()


def test_a_recording_of_another_rate_is_refused_in_one_line(data_folder: Path) -> None:
    source = f"replay://{data_folder / 'stress_predict' / 'stress_predict.npz'}?record=S01"
    command = [sys.executable, "-m", "tests.simulated_uno", source]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "has 64 samples a second: the sensor measures 125" in done.stderr


@pytest.mark.parametrize("says", [None, "fatal error: simavr/sim_avr.h: No such file or directory"])
def test_a_missing_simulator_is_one_line(says: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if says is not None:
        compiler = tmp_path / "cc"
        compiler.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
        compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(shim, "CACHE", tmp_path / "cache")
    with pytest.raises(
        SimulatorMissingError, match="sudo apt install gcc libsimavr-dev libelf-dev python3-dev"
    ) as caught:
        shim.load_shim.__wrapped__()
    assert "\n" not in str(caught.value)
