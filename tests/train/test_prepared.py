"""A training from a prepared folder, against one from the same recordings."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device.frontend import windows_of
from firmware_bridge.recordings import Recording
from train.cohorts import write_cohort
from train.config import Config, load_config
from train.errors import TrainError, TrainReason
from train.experiment import SPLIT_SEED, training_data
from train.frontend_design import design
from train.people import numbers_near
from train.prepared import as_on_the_device
from train.preparing.manifest import Manifest, SourceCounts, write_manifest
from train.preparing.plan import groups
from train.preparing.table import STEPS
from train.preparing.writing import PARTS, Task, write_group
from train.sources.base import Source
from train.sources.challenge2015 import ChallengeCohortSource
from train.windows import good_windows, training_spec

CONFIG = Path(__file__).parents[2] / "train" / "configs" / "fcn_x025.toml"
RATE_HZ = 125
NUMBERS = (100, 108, 140, 180, 220)


def pulse(seed: int, seconds: float = 40.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    beats = np.concatenate(([0.0], np.cumsum(rng.normal(0.85, 0.04, int(seconds * 2)))))
    phase = np.interp(t, beats, np.arange(beats.size))
    return np.cos(2 * np.pi * phase) + 0.3 * np.cos(4 * np.pi * phase + seed) + 0.02 * rng.normal(size=t.size)


def opened(text: str) -> Source:
    return ChallengeCohortSource("challenge2015", Path(text))


def small() -> Config:
    config = load_config(CONFIG)
    return replace(config, data=replace(config.data, dev_people=2))


Prepare = Callable[..., Path]


@pytest.fixture
def prepare(tmp_path: Path) -> Prepare:
    """Signals as records of the challenge, a person each if `whose` does not say otherwise, into a prepared folder."""

    def make(signals: list[np.ndarray], hop: int = 75, whose: tuple[int, ...] = NUMBERS) -> Path:
        cohort = tmp_path / "challenge2015.npz"
        names = [f"a{n}l" for n in NUMBERS]
        recordings = [
            Recording(one, RATE_HZ, f"c15g{person}", name, name)
            for one, person, name in zip(signals, whose, names, strict=True)
        ]
        write_cohort(cohort, recordings)
        with np.load(cohort, allow_pickle=False) as arrays:
            content = dict(arrays)
        numbers = np.array(NUMBERS, dtype=np.int16)
        np.savez(
            cohort,
            group=np.array(whose, dtype=np.int16),
            number=numbers,
            ppg_good_frac=np.ones(len(signals)),
            **content,
        )
        out = tmp_path / "prepared"
        spec = training_spec(design(), hop, small().augment.warp)
        (out / PARTS).mkdir(parents=True)
        for group in groups("challenge2015", opened(str(cohort)).records()):
            write_group(Task(group, str(cohort), opened, out, spec, "1"))
        write_manifest(out, Manifest(spec, {"challenge2015": SourceCounts(whole=True)}))
        return out

    return make


def test_the_middle_of_a_long_window_is_the_devices_own() -> None:
    spec = design()
    recording = Recording(pulse(3, 14.0), RATE_HZ, "a", "day", "r")
    long = good_windows(recording, training_spec(spec, 75, 0.15)).pulse
    every = [one.pulse for one in windows_of(recording.ppg, RATE_HZ, replace(spec, hop_samples=1))]
    found = as_on_the_device(long, 75)
    assert found.shape == (-(-len(long) // 4), spec.window_samples)
    assert found.dtype == np.float32
    at = [int(np.argmin([np.abs(one - window).max() for one in every])) for window in found]
    for window, own in zip(found, at, strict=True):
        np.testing.assert_allclose(window, every[own], atol=1e-4)
    assert min(np.diff(at)) >= spec.window_samples


def test_a_prepared_folder_trains_as_its_recordings_do(prepare: Prepare) -> None:
    signals = [pulse(n) for n in range(len(NUMBERS))]
    folder = prepare(signals)
    data = training_data(small(), folder)
    train, held = ([one.subject.removeprefix("challenge2015/c15g") for one in side] for side in (data.train, data.dev))
    assert sorted(int(number) for number in (*train, *held)) == list(NUMBERS)
    assert len(held) == 2
    assert not numbers_near(int(held[0]), int(held[1]))
    assert data.front_end == design()
    spec = training_spec(design(), 75, small().augment.warp)
    for one in data.train:
        number = NUMBERS.index(int(one.subject.removeprefix("challenge2015/c15g")))
        expected = good_windows(Recording(signals[number], RATE_HZ, "", "", ""), spec).pulse
        assert one.pulse.shape == expected.shape
        np.testing.assert_allclose(one.pulse, expected, atol=2.0 / STEPS)
    assert [one.subject for one in training_data(small(), folder).dev] == [one.subject for one in data.dev]


def test_the_best_sitting_of_a_person_trains_or_all_of_them(prepare: Prepare) -> None:
    signals = [pulse(n) for n in range(len(NUMBERS))]
    signals[4][1000:2500] = np.random.default_rng(0).normal(size=1500)  # the worse record of the last but one
    folder = prepare(signals, whose=(*NUMBERS[:4], NUMBERS[3]))
    spec = training_spec(design(), 75, small().augment.warp)
    better, worse = (good_windows(Recording(one, RATE_HZ, "", "", ""), spec).pulse for one in signals[3:])
    assert 0 < len(worse) < len(better)
    for all_records, expected in ((False, better), (True, np.concatenate((better, worse)))):
        config = replace(small(), data=replace(small().data, dev_people=0, min_good_train=0.9, all_records=all_records))
        (found,) = (one.pulse for one in training_data(config, folder).train if one.subject.endswith(str(NUMBERS[3])))
        assert found.shape == expected.shape
        np.testing.assert_allclose(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)], atol=2.0 / STEPS)


def test_a_leak_between_prepared_people_is_refused(prepare: Prepare) -> None:
    signals = [pulse(n) for n in range(len(NUMBERS))]
    held = int(np.random.default_rng(SPLIT_SEED).permutation(len(NUMBERS))[0])
    trained = next(n for n in range(len(NUMBERS)) if not numbers_near(NUMBERS[n], NUMBERS[held]) and n != held)
    signals[trained][1000:4000] = 3.0 * signals[held][500:3500] + 1.0
    with pytest.raises(TrainError, match="hold the same seconds of signal") as caught:
        training_data(small(), prepare(signals))
    assert caught.value.reason is TrainReason.LEAK
    assert f"a{NUMBERS[held]}l" in str(caught.value)


def test_other_windows_than_the_config_takes_are_refused(prepare: Prepare, tmp_path: Path) -> None:
    folder = prepare([pulse(n) for n in range(len(NUMBERS))], hop=150)
    with pytest.raises(TrainError, match=r"prepare them with --hop 75 --warp 0\.15") as caught:
        training_data(small(), folder)
    assert caught.value.reason is TrainReason.BAD_CONFIG
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainError, match="give a folder of pulsekey data prepare") as caught:
        training_data(small(), tmp_path / "empty")
    assert caught.value.reason is TrainReason.NO_DATA
