"""Each species' source against plain loops over the recordings it is made of."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from firmware_bridge.recordings import Recording
from firmware_bridge.sources import DC_IR_COUNTS, DC_RED_COUNTS, LOST, RecordingSource
from firmware_bridge.wearers import load_wearer
from tests.train.attack.conftest import RATE_HZ, beating, wearer_recording
from train.attack.beats import BEAT_SAMPLES, heart_rate_bpm, mean_beat
from train.attack.generated import generated
from train.attack.generator.network import PulseGenerator
from train.attack.no_pulse import no_pulse
from train.attack.people import FIRST_ATTACK_S, PRESENTATION_S, Person
from train.attack.replay import LOOP_S, replays
from train.attack.sources import NOISE_COUNTS
from train.attack.species import Case, Species
from train.attack.synthetic import mean_pulse, simulated
from train.attack.zero_effort import zero_effort
from train.errors import TrainError, TrainReason

SAMPLES = round(PRESENTATION_S * RATE_HZ)


def ramp(subject: str, speed: float = 1.0) -> Person:
    """A recording whose every stretch is another: two presentations long after its enrolment."""
    seconds = FIRST_ATTACK_S + 2 * PRESENTATION_S + 1.0
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return Person(Recording(np.sin(t * (speed + t / 50.0)), RATE_HZ, subject, subject, subject))


def read(species: Species, case: Case) -> np.ndarray:
    source = species.source_of(case)
    assert source is not None
    assert source.rate_hz == RATE_HZ
    return source.read(10 * SAMPLES)


def by_name(found: list[Species]) -> dict[str, Species]:
    return {one.name: one for one in found}


def test_recordings_hold_as_many_presentations_as_do_not_overlap() -> None:
    person = ramp("ann")
    assert person.slots == 2
    assert Person(person.recording.cut(0.0, FIRST_ATTACK_S + 59.0)).slots == 0
    whole = person.recording.ppg
    first = round(FIRST_ATTACK_S * RATE_HZ)
    for number in range(2):
        assert np.array_equal(person.slot(number).ppg, whole[first + number * SAMPLES :][:SAMPLES])
    assert person.enrolment().ppg.size < first


@pytest.mark.parametrize("name", ["replay_lamp", "replay_wire", "replay_adaptive"])
def test_a_replay_is_the_owners_recording_of_later(name: str) -> None:
    case = Case(ramp("ann"), 1, [ramp("ben")], seed=4)
    counts = read(by_name(replays())[name], case)
    clean = RecordingSource(case.victim.slot(1)).read(SAMPLES)
    assert counts.shape == clean.shape
    assert np.abs(counts - clean).max() < 6 * NOISE_COUNTS
    assert np.abs(counts - RecordingSource(case.victim.slot(0)).read(SAMPLES)).max() > 100 * NOISE_COUNTS


def test_a_looped_replay_is_ten_seconds_again_and_again() -> None:
    case = Case(ramp("ann"), 0, [], seed=4)
    found = by_name(replays())
    counts, whole = read(found["replay_loop"], case), read(found["replay_wire"], case)
    assert len(counts) == SAMPLES
    for i in range(0, SAMPLES, 7):
        assert counts[i].tolist() == whole[i % round(LOOP_S * RATE_HZ)].tolist()


def test_zero_effort_is_always_somebody_elses() -> None:
    (species,) = zero_effort()
    others = [ramp("ben", 1.5), ramp("eve", 2.5), Person(ramp("tim").recording.cut(0.0, 60.0))]
    played = {
        min(
            (float(np.abs(counts - RecordingSource(one.slot(slot)).read(SAMPLES)).max()), one.subject, slot)
            for one in [ramp("ann"), *others[:2]]
            for slot in range(2)
        )
        for seed in range(12)
        if (counts := read(species, Case(ramp("ann"), 0, others, seed))) is not None
    }
    assert all(off < 6 * NOISE_COUNTS for off, _, _ in played)
    # Everyone with signal enough, at any time of theirs, and never the owner.
    assert {(subject, slot) for _, subject, slot in played} == {
        (one, slot) for one in ("ben", "eve") for slot in (0, 1)
    }
    assert species.source_of(Case(ramp("ann"), 0, others[2:], 0)) is None


def test_no_pulse_is_a_level() -> None:
    counts = read(no_pulse()[0], Case(ramp("ann"), 0, [], 1))
    assert len(counts) == SAMPLES
    assert counts.mean(axis=0) == pytest.approx([DC_IR_COUNTS, DC_RED_COUNTS], abs=1.0)
    assert counts.std(axis=0) == pytest.approx([NOISE_COUNTS, NOISE_COUNTS], rel=0.05)


def test_a_heart_rate_is_that_of_its_beats() -> None:
    for rate_bpm in (55.0, 90.0):
        _, ppg = beating(40.0, rate_bpm, seed=1)
        assert heart_rate_bpm(Recording(ppg, RATE_HZ, "a", "a", "a")) == pytest.approx(rate_bpm, rel=0.03)
    assert heart_rate_bpm(Recording(np.zeros(5000), RATE_HZ, "a", "a", "a")) is None


@pytest.mark.parametrize("name", ["simulated_wire", "mean_adaptive"])
def test_a_synthetic_pulse_has_the_owners_rate_and_varies(name: str) -> None:
    beat = load_wearer("tim").beat
    species = by_name([*simulated(), *mean_pulse(beat)])[name]
    victim = Person(wearer_recording("grace"))
    counts = read(species, Case(victim, 0, [], seed=2))
    assert len(counts) == SAMPLES
    own = load_wearer("grace").heart_rate_bpm
    assert heart_rate_bpm(Recording(-counts[:, 0].astype(float), RATE_HZ, "a", "a", "a")) == pytest.approx(
        own, rel=0.05
    )
    assert not np.array_equal(counts, read(species, Case(victim, 0, [], seed=3)))
    silent = Person(replace(victim.recording, ppg=np.zeros(victim.recording.ppg.size)))
    assert species.source_of(Case(silent, 0, [], 2)) is None


def test_a_mean_beat_is_that_of_everybody() -> None:
    recordings = [Recording(beating(40.0, 60.0 + 20 * i, seed=i)[1], RATE_HZ, str(i), "s", "r") for i in range(3)]
    beat = mean_beat(recordings)
    assert beat.shape == (BEAT_SAMPLES,)
    assert beat.min() == 0.0
    assert beat.max() == 1.0
    # One hump a beat that begins in its upstroke, and no step from its end to its beginning.
    steps = [abs(b - a) for a, b in pairwise([*beat.tolist(), float(beat[0])])]
    assert steps[-1] <= max(steps[:-1])
    top = int(np.argmax(beat))
    assert top < BEAT_SAMPLES // 4
    assert sum(b > a for a, b in pairwise(beat[top : top + BEAT_SAMPLES // 3].tolist())) == 0
    with pytest.raises(TrainError, match="no training person has a pulse") as refused:
        mean_beat([replace(recordings[0], ppg=np.zeros(5000))])
    assert refused.value.reason is TrainReason.TOO_FEW_PEOPLE


def test_a_generated_pulse_is_of_the_ecg_of_its_seconds() -> None:
    torch.manual_seed(0)
    species = by_name(generated(PulseGenerator().eval()))["generated_wire"]
    ecg, ppg = beating(FIRST_ATTACK_S + 2 * PRESENTATION_S + 1.0, 70.0, seed=3)
    victim = Person(Recording(ppg, RATE_HZ, "ann", "ann", "ann"), ecg)
    counts = read(species, Case(victim, 1, [], seed=0))
    first = round(FIRST_ATTACK_S * RATE_HZ) + SAMPLES
    elsewhere = ecg.copy()
    elsewhere[first : first + SAMPLES] = np.nan
    # Nothing but the ECG of these seconds is needed, and nothing else is used.
    assert species.source_of(Case(replace(victim, ecg=elsewhere), 1, [], seed=0)) is None
    only = np.full(ecg.size, np.nan)
    only[first : first + SAMPLES] = ecg[first : first + SAMPLES]
    assert np.array_equal(read(species, Case(replace(victim, ecg=only), 1, [], seed=0)), counts)
    assert (counts != LOST).all()
    assert species.source_of(Case(replace(victim, ecg=None), 1, [], seed=0)) is None
