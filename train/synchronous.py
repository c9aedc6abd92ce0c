"""Synchronous ECG and PPG: who is a person, and windows of both that show the same seconds."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray
from scipy.signal import butter

from device.frontend import FrontEndSpec, QualitySpec, Window, windows_of
from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings.cohort import MISSING
from train.cohorts import Identity, read_bidmc, read_challenge
from train.frontend_design import ORDER, RATE_HZ, design

Floats = NDArray[np.float64]

TEACHER_LEAD = "II"
"""The one lead that teaches: another shows another projection of the same heart."""
HOP_SAMPLES = 75
"""Windows begin so far apart, 0.6 s: a quarter of a window."""
MARGIN_SAMPLES = 75
"""A training window can be cut from so much more signal on either side, to move and stretch it."""
ECG_BAND_HZ = (0.5, 40.0)
"""The monitoring band: below is breathing, above hardly more than muscle and mains."""


@dataclass(frozen=True, slots=True, eq=False)
class SynchronousRecording:
    """One person's one recording of both signals."""

    identity: Identity
    ecg: Floats | None
    """(n,), of the pulse's rate and length, NaN where missing; None where the lead may not teach."""


@dataclass(frozen=True, slots=True, eq=False)
class PersonPairs:
    """One person's good pulse windows with the ECG of the same seconds, in order of time."""

    subject: str
    number: int
    """As ``Identity.number``."""
    start: NDArray[np.int64]
    """(n,) first sample of each window at 125 Hz, from the recording's start."""
    ppg: NDArray[np.float32]
    """(n, window_samples) standardised."""
    wide: NDArray[np.float32]
    """(n, window_samples + 2 margins) the same windows with what comes before and after, standardised as a whole."""
    ecg: NDArray[np.float32]
    """As ``ppg``, of the ECG; zeros where ``has_ecg`` is false."""
    has_ecg: NDArray[np.bool_]
    """(n,) whether the ECG of these seconds may teach."""
    slots: int
    """Windows there would be if every one were good."""


def ecg_front_end() -> FrontEndSpec:
    """The device's front end with an ECG's band; it runs in training only.

    An R wave stands far out of its window, so the bound on excursions is wide, and beats need only resemble each other.
    """
    sections = butter(ORDER, ECG_BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")
    return replace(
        design(),
        sections=tuple(tuple(map(float, row)) for row in np.asarray(sections)),  # type: ignore[misc]
        quality=QualitySpec(
            min_finger_counts=0.0,
            saturation_counts=np.inf,
            min_pulse_counts=0.0,
            max_interpolated_fraction=0.1,
            max_crest=12.0,
            max_imbalance=3.0,
            min_periodicity=0.5,
        ),
    )


def read_synchronous(folder: Path, min_good: float) -> list[SynchronousRecording]:
    """Everybody of challenge2015 (one record a group) and of BIDMC.

    Args:
        folder: holds ``challenge2015/challenge2015.npz`` and ``bidmc/*.hea``.
        min_good: least share of good pulse of a challenge record, 0 to 1.

    Raises:
        RecordingError: a file is missing, damaged, or its two signals do not fit each other.
    """
    return read_challenge_pairs(folder / "challenge2015" / "challenge2015.npz", min_good) + read_bidmc_pairs(
        folder / "bidmc"
    )


def read_challenge_pairs(path: Path, min_good: float) -> list[SynchronousRecording]:
    """The people of ``read_challenge`` with their ECG.

    Raises:
        RecordingError: as ``read_challenge``, or the file holds no fitting ECG.
    """
    identities = read_challenge(path, min_good)
    with np.load(path, allow_pickle=False) as arrays:
        missing = [name for name in ("ecg", "ecg_scale", "ecg_offset", "ecg_lead") if name not in arrays]
        if missing:
            raise RecordingError(
                RecordingReason.MISSING_ARRAY, f"{path} has no array {missing[0]!r}; a teacher needs the ECG"
            )
        if arrays["ecg"].shape != arrays["ppg"].shape:
            raise RecordingError(
                RecordingReason.BAD_ARRAY,
                f"{path}: {arrays['ecg'].size} samples of ECG, {arrays['ppg'].size} of PPG; give signals of one length",
            )
        names = {str(name): i for i, name in enumerate(arrays["record"])}
        ecg, start, lead = arrays["ecg"], arrays["start"], arrays["ecg_lead"]
        scale, offset = arrays["ecg_scale"], arrays["ecg_offset"]
    recordings = []
    for one in identities:
        i = names[one.recording.record]
        raw = ecg[start[i] : start[i] + one.recording.ppg.size]
        signal = np.where(raw == MISSING, np.nan, raw * scale[i] + offset[i])
        recordings.append(SynchronousRecording(one, signal if lead[i] == TEACHER_LEAD else None))
    return recordings


def read_bidmc_pairs(folder: Path) -> list[SynchronousRecording]:
    """The people of ``read_bidmc`` with their ECG, lead II.

    Raises:
        RecordingError: as ``read_bidmc``.
    """
    recordings = []
    for one in read_bidmc(folder):
        record = wfdb.rdrecord(str(folder / one.recording.record))
        names = [name.strip(" ,").upper() for name in record.sig_name]
        ecg = np.asarray(record.p_signal[:, names.index(TEACHER_LEAD)]) if TEACHER_LEAD in names else None
        recordings.append(SynchronousRecording(one, ecg))
    return recordings


def pairs_of(recording: SynchronousRecording, delay_samples: int = 0) -> PersonPairs:
    """The windows of one recording that the device would embed, each with the ECG of the same seconds.

    A window at the very edge of an epoch has no margin, and is left out.

    Args:
        recording: both signals.
        delay_samples: how much later than the heart's current the pulse arrives; the ECG is taken so much earlier.

    Raises:
        RecordingError: the two signals differ in length.
    """
    one, spec = recording.identity.recording, replace(design(), hop_samples=HOP_SAMPLES)
    wide_spec = replace(spec, window_samples=spec.window_samples + 2 * MARGIN_SAMPLES)
    pulses = timed_windows(one.ppg, one.rate_hz, spec)
    wide = dict(timed_windows(one.ppg, one.rate_hz, wide_spec))
    beats = _beats(recording, delay_samples)
    good = [(start, w) for start, w in pulses if w.quality.good and start - MARGIN_SAMPLES in wide]
    blank = np.zeros(spec.window_samples, dtype=np.float32)
    ecg = [beats[start].pulse if start in beats and beats[start].quality.good else None for start, _ in good]
    return PersonPairs(
        subject=one.subject,
        number=recording.identity.number,
        start=np.array([start for start, _ in good], dtype=np.int64),
        ppg=_stacked([window.pulse for _, window in good], spec),
        wide=_stacked([wide[start - MARGIN_SAMPLES].pulse for start, _ in good], wide_spec),
        ecg=_stacked([blank if beat is None else beat for beat in ecg], spec),
        has_ecg=np.array([beat is not None for beat in ecg], dtype=np.bool_),
        slots=len(pulses),
    )


def _beats(recording: SynchronousRecording, delay_samples: int) -> dict[int, Window]:
    """The ECG's windows by where they begin; cut where the pulse is, so that both have the same epochs."""
    one, ecg = recording.identity.recording, recording.ecg
    if ecg is None:
        return {}
    if ecg.size != one.ppg.size:
        raise RecordingError(
            RecordingReason.BAD_ARRAY,
            f"{one.record}: {ecg.size} samples of ECG and {one.ppg.size} of PPG; give signals of one length and rate",
        )
    late = np.concatenate((np.full(delay_samples, ecg[0]), ecg))[: ecg.size]
    late = np.where(np.isfinite(one.ppg), late, np.nan)
    return dict(timed_windows(late, one.rate_hz, replace(ecg_front_end(), hop_samples=HOP_SAMPLES)))


def _stacked(windows: list[NDArray[np.float32]], spec: FrontEndSpec) -> NDArray[np.float32]:
    return np.array(windows, dtype=np.float32).reshape(-1, spec.window_samples)


def timed_windows(signal: Floats, rate_hz: float, spec: FrontEndSpec) -> list[tuple[int, Window]]:
    """Every window of a signal with its first sample, counted at 125 Hz from the recording's start.

    Args:
        signal: (n,), NaN where missing.
        rate_hz: its rate.
        spec: the front end.
    """
    windows = []
    for first, last in _epochs(signal, rate_hz, spec.max_gap_ms):
        origin = round(first / rate_hz * spec.rate_hz)
        windows += [(origin + one.start, one) for one in windows_of(signal[first:last], rate_hz, spec)]
    return windows


def _epochs(signal: Floats, rate_hz: float, max_gap_ms: float) -> list[tuple[int, int]]:
    """The stretches (first, past the last) that the front end takes as one epoch."""
    present = np.flatnonzero(np.isfinite(signal))
    if not present.size:
        return []
    breaks = np.flatnonzero((np.diff(present) - 1) / rate_hz * 1e3 > max_gap_ms)
    firsts = np.concatenate((present[:1], present[breaks + 1]))
    lasts = np.concatenate((present[breaks], present[-1:])) + 1
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
