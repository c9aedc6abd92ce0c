from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording, read_cohort, read_wfdb
from train.cohorts import read_bidmc, read_challenge, write_cohort


def recording(subject: str, ppg: np.ndarray | None = None, rate_hz: float = 125.0) -> Recording:
    return Recording(np.arange(500.0) if ppg is None else ppg, rate_hz, subject, "day", f"r-{subject}")


def test_a_cohort_file_gives_back_what_was_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    ppg = rng.normal(3.0, 2.0, 1000)
    ppg[10:20] = np.nan
    write_cohort(tmp_path / "c.npz", [recording("a", ppg), recording("b", np.full(10, 7.0))])
    cohort = read_cohort(tmp_path / "c.npz")
    assert [str(one) for one in cohort.subjects] == ["a", "b"]
    step = (np.nanmax(ppg) - np.nanmin(ppg)) / 65_000
    np.testing.assert_allclose(cohort["a"].ppg, ppg, atol=step)
    np.testing.assert_allclose(cohort["b"].ppg, 7.0)
    assert not cohort.windowed


def test_a_cohort_has_one_rate_and_samples(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="share one rate"):
        write_cohort(tmp_path / "c.npz", [recording("a"), recording("b", rate_hz=64.0)])
    with pytest.raises(RecordingError, match="r-a holds no sample"):
        write_cohort(tmp_path / "c.npz", [recording("a", np.full(5, np.nan))])


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_cohort(tmp_path / "c.npz", [recording("a")])
    with pytest.raises(RecordingError, match="no array 'group'") as caught:
        read_challenge(tmp_path / "c.npz", 0.5)
    assert caught.value.reason is RecordingReason.MISSING_ARRAY
    with pytest.raises(RecordingError, match="no such file"):
        read_challenge(tmp_path / "none.npz", 0.5)
    with pytest.raises(RecordingError, match=r"no bidmc\*\.hea"):
        read_bidmc(tmp_path)


def test_one_record_a_group_the_best_and_cut_before_the_alarm(data_folder: Path) -> None:
    path = data_folder / "challenge2015" / "challenge2015.npz"
    people = read_challenge(path, 0.5)
    with np.load(path, allow_pickle=False) as arrays:
        group, good, record = arrays["group"], arrays["ppg_good_frac"], arrays["record"]
    expected = {int(g) for g, q in zip(group, good, strict=True) if q >= 0.5}
    assert len(people) == len(expected)
    for one in people:
        i = int(np.flatnonzero(record == one.recording.record)[0])
        assert good[i] == max(good[group == group[i]])
        assert one.recording.ppg.size <= 285 * 125


def test_bidmc_people_are_named_in_their_headers_and_both_readers_agree(data_folder: Path) -> None:
    people = read_bidmc(data_folder / "bidmc")
    assert len({one.subject for one in people}) == len(people) == 43
    for one in people[:3]:
        own = read_wfdb(data_folder / "bidmc" / f"{one.recording.record}.hea")
        np.testing.assert_allclose(own.ppg, one.recording.ppg, atol=1e-9)
        assert own.rate_hz == one.recording.rate_hz
