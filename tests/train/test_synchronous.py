from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device.frontend import windows_of
from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording
from train.cohorts import Identity
from train.distillation.data import load_people
from train.distillation.delay import delay_of
from train.errors import TrainError
from train.frontend_design import design
from train.protocols.config import ProtocolConfig
from train.synchronous import (
    HOP_SAMPLES,
    MARGIN_SAMPLES,
    SynchronousRecording,
    ecg_front_end,
    pairs_of,
    read_bidmc_pairs,
    read_challenge_pairs,
    read_synchronous,
    timed_windows,
)

RATE_HZ = 125.0


def signals(seconds: int = 40, delay_s: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    t = np.arange(seconds * int(RATE_HZ)) / RATE_HZ
    beat = (t * 1.2) % 1.0
    ecg = np.exp(-0.5 * ((beat - 0.5) / 0.02) ** 2)
    ppg = np.cos(2 * np.pi * 1.2 * (t - delay_s)) + 0.3 * np.cos(4 * np.pi * 1.2 * (t - delay_s))
    return ppg, ecg


def recording(ppg: np.ndarray, ecg: np.ndarray | None, rate_hz: float = RATE_HZ) -> SynchronousRecording:
    return SynchronousRecording(Identity(Recording(ppg, rate_hz, "p", "day", "r1"), 7), ecg)


def test_windows_are_the_devices_with_the_ecg_of_the_same_seconds() -> None:
    ppg, ecg = signals()
    pairs = pairs_of(recording(ppg, ecg))
    spec = replace(design(), hop_samples=HOP_SAMPLES)
    pulse = {w.start: w.pulse for w in windows_of(ppg, RATE_HZ, spec) if w.quality.good}
    heart = {w.start: w.pulse for w in windows_of(ecg, RATE_HZ, replace(ecg_front_end(), hop_samples=HOP_SAMPLES))}
    assert pairs.start.tolist() == sorted(pulse)[1:-1]
    assert pairs.has_ecg.all()
    for i, start in enumerate(pairs.start.tolist()):
        np.testing.assert_array_equal(pairs.ppg[i], pulse[start])
        np.testing.assert_array_equal(pairs.ecg[i], heart[start])
        inner = pairs.wide[i, MARGIN_SAMPLES:-MARGIN_SAMPLES].astype(float)
        np.testing.assert_allclose((inner - inner.mean()) / inner.std(), pairs.ppg[i], atol=2e-5)
    assert (pairs.subject, pairs.number) == ("p", 7)


@pytest.mark.parametrize("gap", [5, 13, 300])
def test_windows_after_a_gap_start_where_the_recording_says(gap: int) -> None:
    ppg, ecg = signals()
    ppg[2000 : 2000 + gap] = np.nan
    windows = timed_windows(ppg, RATE_HZ, design())
    starts = [start for start, _ in windows]
    settle = design().settle_samples
    if gap / RATE_HZ * 1e3 <= design().max_gap_ms:
        assert starts == [settle + 300 * i for i in range(len(starts))]
    else:
        after = [s for s in starts if s >= 2000]
        assert after[0] == 2000 + gap + settle
        assert all(s + 300 <= 2000 for s in starts if s < 2000)
    pairs = pairs_of(recording(ppg, ecg))
    assert pairs.has_ecg.all()
    whole = dict(zip(pairs_of(recording(*signals())).start.tolist(), pairs_of(recording(*signals())).ecg, strict=True))
    shared = [(i, s) for i, s in enumerate(pairs.start.tolist()) if s in whole and s > 2400]
    for i, start in shared:
        assert float(np.corrcoef(pairs.ecg[i], whole[start])[0, 1]) > 0.9


def test_seconds_without_a_usable_ecg_teach_nothing() -> None:
    ppg, ecg = signals()
    ecg[1000:2000] = 0.0
    pairs = pairs_of(recording(ppg, ecg))
    flat = [bool(has) for start, has in zip(pairs.start, pairs.has_ecg, strict=True) if 1200 <= start <= 1700]
    assert flat
    assert not any(flat)
    assert pairs.has_ecg.any()
    assert not pairs_of(recording(ppg, None)).has_ecg.any()
    assert not pairs_of(recording(ppg, None)).ecg.any()


@pytest.mark.parametrize("delay_s", [0.1, 0.2, 0.32])
def test_the_delay_is_found_and_taken_out(delay_s: float) -> None:
    ppg, ecg = signals(delay_s=delay_s)
    found = delay_of(ecg, ppg, RATE_HZ)
    other = delay_of(ecg, signals(delay_s=delay_s + 0.1)[0], RATE_HZ)
    assert other - found == pytest.approx(0.1, abs=0.01)
    pairs = pairs_of(recording(ppg, ecg), delay_samples=40)
    plain = pairs_of(recording(ppg, ecg))
    moved = np.concatenate((np.full(40, ecg[0]), ecg))[: ecg.size]
    spec = replace(ecg_front_end(), hop_samples=HOP_SAMPLES)
    expected = {w.start: w.pulse for w in windows_of(moved, RATE_HZ, spec)}
    np.testing.assert_array_equal(pairs.ppg, plain.ppg)
    for i, start in enumerate(pairs.start.tolist()):
        np.testing.assert_array_equal(pairs.ecg[i], expected[start])


def test_no_delay_can_be_told_of_a_few_seconds() -> None:
    ppg, ecg = signals(5)
    assert delay_of(ecg, ppg, RATE_HZ) == 0.0


def test_signals_of_unequal_length_are_refused() -> None:
    ppg, ecg = signals()
    with pytest.raises(
        RecordingError, match="r1: 4990 samples of ECG and 5000 of PPG; give signals of one length"
    ) as e:
        pairs_of(recording(ppg, ecg[:-10]))
    assert e.value.reason is RecordingReason.BAD_ARRAY


def write_challenge(path: Path, **changes: np.ndarray) -> Path:
    ppg, ecg = (np.rint(one * 8000).astype(np.int16) for one in signals())
    arrays = {
        "fs": np.float64(RATE_HZ),
        "start": np.array([0, ppg.size]),
        "ppg": ppg,
        "ecg": ecg,
        "subject": np.array(["c15g1"]),
        "session": np.array(["a1"]),
        "record": np.array(["a1"]),
        "group": np.array([1]),
        "number": np.array([1]),
        "ppg_good_frac": np.ones(1),
        "ecg_lead": np.array(["II"]),
        **{
            f"{name}_{what}": np.full(1, value)
            for name in ("ppg", "ecg")
            for what, value in (("scale", 0.5), ("offset", 2.0))
        },
    }
    arrays |= changes
    np.savez(path, allow_pickle=False, **{name: array for name, array in arrays.items() if array.dtype != np.bool_})
    return path


def test_the_challenges_ecg_is_decoded_and_only_lead_two_teaches(tmp_path: Path) -> None:
    _, ecg = signals()
    one = read_challenge_pairs(write_challenge(tmp_path / "c.npz"), 0.5)[0]
    assert one.ecg is not None
    np.testing.assert_allclose(one.ecg, np.rint(ecg * 8000) * 0.5 + 2.0)
    other = read_challenge_pairs(write_challenge(tmp_path / "d.npz", ecg_lead=np.array(["V"])), 0.5)[0]
    assert other.ecg is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ecg": np.zeros(10, dtype=np.int16)}, "10 samples of ECG, 5000 of PPG; give signals of one length"),
        ({"ecg": np.zeros(1, dtype=np.bool_)}, "no array 'ecg'; a teacher needs the ECG"),
        ({"fs": np.float64(0.0)}, "sampling rate of 0 Hz"),
    ],
)
def test_a_challenge_file_whose_signals_do_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, np.ndarray], says: str
) -> None:
    with pytest.raises(RecordingError, match=says):
        read_challenge_pairs(write_challenge(tmp_path / "c.npz", **changes), 0.5)


def test_missing_recordings_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"no such file: .*challenge2015\.npz"):
        read_synchronous(tmp_path, 0.5)
    with pytest.raises(RecordingError, match=r"no bidmc\*\.hea in"):
        read_bidmc_pairs(tmp_path)


def test_windows_that_were_kept_are_those_that_were_made(tmp_path: Path, data_folder: Path) -> None:
    part = tmp_path / "recordings"
    (part / "bidmc").mkdir(parents=True)
    write_challenge((part / "challenge2015").mkdir() or part / "challenge2015" / "challenge2015.npz")
    for end in ("hea", "dat"):
        (part / "bidmc" / f"bidmc01.{end}").symlink_to(data_folder / "bidmc" / f"bidmc01.{end}")
    config = ProtocolConfig("sample-wise", "test", 0.5, 20, True, True)
    made = load_people(part, config, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 1
    kept = load_people(part, config, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert [one.subject for one in kept] == [one.subject for one in made] == ["c15g1", "s01182"]
    assert made[1].has_ecg.mean() > 0.9
    for a, b in zip(made, kept, strict=True):
        assert (a.number, a.slots) == (b.number, b.slots)
        for name in ("start", "ppg", "wide", "ecg", "has_ecg"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    next((tmp_path / "cache").iterdir()).write_bytes(b"torn")
    with pytest.raises(TrainError, match="is damaged; remove it and it is made again"):
        load_people(part, config, tmp_path / "cache")
    load_people(part, replace(config, align_delay=False), tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 2
