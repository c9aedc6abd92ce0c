"""Windows of a set and what each is like, against the device's own code window by window."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from device.calibration import Calibration
from device.comparison import Comparator
from device.errors import SignalError, SignalReason
from device.evaluation import Settings
from device.evaluation.protocol import decide
from device.evaluation.timelines import Timeline, timelines_of
from device.frontend.quality import periodicity
from firmware_bridge.recordings import Recording
from tests.device.conftest import PEOPLE, FakeEmbedder, make_pulse, make_spec
from train.report.bundle.planning import Embedded, Protocol, protocol_of
from train.report.bundle.pulses import Line, beats_of, embedded, lines_of
from train.report.bundle.sets import Recorded

SIZE = 8


def beating(bpm: float, *, second: float = 0.3) -> np.ndarray:
    """A window of a pulse with a second wave, without noise."""
    t = np.arange(300) / 125.0
    return np.sin(2 * np.pi * bpm / 60 * t) + second * np.sin(4 * np.pi * bpm / 60 * t + 0.5)


def test_likeness_is_the_front_ends_periodicity() -> None:
    rng = np.random.default_rng(1)
    pulses = np.stack([beating(bpm) + 0.3 * rng.standard_normal(300) for bpm in rng.uniform(42, 170, 40)])
    _, likeness = beats_of(pulses, 125.0)
    np.testing.assert_allclose(likeness, [periodicity(one, 125.0) for one in pulses], atol=1e-12)


@pytest.mark.parametrize("bpm", [45.0, 62.0, 75.0, 118.0, 160.0])
def test_the_heart_rate_is_that_of_one_beat_not_of_two(bpm: float) -> None:
    found, _ = beats_of(beating(bpm)[None, :], 125.0)
    assert found[0] == pytest.approx(bpm, rel=0.03)


def test_what_has_no_peak_has_no_rate() -> None:
    found, likeness = beats_of(np.linspace(0.0, 1.0, 300)[None, :] ** 3, 125.0)
    assert found.tolist() == [0.0]
    assert likeness.tolist() == [0.0]


@pytest.mark.parametrize("windowed", [False, True])
def test_lines_are_the_evaluations_time_lines(windowed: bool) -> None:
    spec = make_spec()
    flat = np.concatenate([make_pulse(PEOPLE["ann"], 8.0), np.zeros(600), make_pulse(PEOPLE["ann"], 8.0, seed=2)])
    recordings = [Recording(flat, 125.0, name, f"day{i}", f"r{i}") for i, name in enumerate(("ann", "ann", "ben"))]
    lines = lines_of(Recorded(recordings, windowed), spec)
    expected = list(timelines_of(recordings, FakeEmbedder(), spec, windowed=windowed))
    assert [line.key for line in lines] == (["day0", "day1", "day2"] if windowed else ["r0", "r1", "r2"])
    for line, wanted in zip(lines, expected, strict=True):
        made = embedded(line, FakeEmbedder())
        assert (made.subject, made.session, made.epochs, made.reasons) == (
            wanted.subject, wanted.session, wanted.epochs, wanted.reasons,
        )  # fmt: skip
        assert any(one is None for one in made.embeddings)
        for one, other, trait in zip(made.embeddings, wanted.embeddings, line.traits.embeddings, strict=True):
            assert (one is None) == (other is None) == (trait is None)
            if one is not None and other is not None:
                np.testing.assert_array_equal(one, other)


def synthetic(people: int, *, windows: int = 120, sessions: tuple[str, ...] = ("a",), seed: int = 0) -> list[Embedded]:
    """Time lines with holes and two epochs, whose traits are known."""
    rng = np.random.default_rng(seed)
    made = []
    for person in range(people):
        centre = rng.standard_normal(SIZE)
        for session in sessions:
            good = rng.random(windows) > 0.25
            vectors = centre + 0.4 * rng.standard_normal((windows, SIZE))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            traits = np.stack(
                [rng.uniform(0.85, 1.0, windows), rng.uniform(50, 110, windows), np.ones(windows)], axis=1
            )
            epochs = [0 if i < 90 else 1 for i in range(windows)]
            lines = [
                Timeline(
                    f"p{person}",
                    session,
                    epochs,
                    [v.astype(np.float32) if g else None for v, g in zip(values, good, strict=True)],
                )
                for values in (vectors, traits)
            ]
            made.append(Embedded(Line(session, lines[0], lines[1]), lines[0]))
    return made


def simple_model(**more: Any) -> Any:
    rng = np.random.default_rng(9)
    cohort = rng.standard_normal((30, SIZE))
    cohort /= np.linalg.norm(cohort, axis=1, keepdims=True)
    comparator = Comparator(cohort.astype(np.float32), 20, Calibration(((1.0, 0.0),)))
    return SimpleNamespace(spec=make_spec(), comparator=comparator, **more)


def probes_by_hand(protocol: Protocol, windows: int) -> list[tuple[float, float]]:
    """Means over so many good windows of one epoch, given up after twice as many, as plainly as can be."""
    found = []
    for plan in protocol.enrolled:
        for probe in plan.probes:
            traits = protocol._traits[id(probe.timeline)]
            good: list[np.ndarray] = []
            seen, epoch = 0, None
            for i in range(probe.start, len(traits.epochs)):
                if traits.epochs[i] != epoch:
                    good, seen, epoch = [], 0, traits.epochs[i]
                one = traits.embeddings[i]
                if one is None and not good:
                    continue
                seen += 1
                if one is not None:
                    good.append(one)
                if len(good) == windows:
                    found.append((float(np.mean([g[0] for g in good])), float(np.mean([g[1] for g in good]))))
                if len(good) == windows or seen >= 2 * windows:
                    good, seen = [], 0
    return found


@pytest.mark.parametrize("windows", [1, 5])
def test_traits_are_of_the_very_windows_that_are_compared(windows: int) -> None:
    protocol = protocol_of(synthetic(4), Settings(), simple_model())
    quality, bpm = protocol.traits(windows)
    expected = probes_by_hand(protocol, windows)
    assert len(expected) == len(decide(protocol.enrolled, protocol.scorer, windows).own) > 20
    np.testing.assert_allclose(quality, [one for one, _ in expected], rtol=1e-6)
    np.testing.assert_allclose(bpm, [one for _, one in expected], rtol=1e-6)


def test_only_recordings_that_a_condition_asks_for_are_used() -> None:
    lines = synthetic(3, sessions=("week1", "week2", "week3"))
    protocol = protocol_of(lines, Settings(enrol_sessions=("week1",), probe_sessions=("week3",)), simple_model())
    assert {one.session for one in protocol.timelines} == {"week1", "week3"}
    assert {probe.timeline.session for plan in protocol.enrolled for probe in plan.probes} == {"week3"}


def test_too_few_people_are_said_as_such() -> None:
    with pytest.raises(SignalError, match="1 people") as caught:
        protocol_of(synthetic(1), Settings(), simple_model())
    assert caught.value.reason is SignalReason.TOO_FEW_PEOPLE
    with pytest.raises(SignalError, match="0 of 3 people have the 10 good windows") as caught:
        protocol_of(synthetic(3, windows=8), Settings(), simple_model())
    assert caught.value.reason is SignalReason.TOO_FEW_GOOD_WINDOWS
