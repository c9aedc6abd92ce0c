"""Fiducial features of a window's mean beat: its shape, the waves of its second derivative, times and areas."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from train.references.beats import PHASES, Floats, MeanBeat, mean_beat

SHAPE_POINTS = 32
WIDTHS_AT = (0.25, 0.5, 0.75)
WAVES = 5
FEATURES = SHAPE_POINTS + (WAVES - 1) + 1 + WAVES + 3 + len(WIDTHS_AT) + 4


class Waves(NamedTuple):
    """Steps of the waves a to e of the second derivative (Takazawa et al. 1998); None of one that is not there."""

    a: int | None
    b: int | None
    c: int | None
    d: int | None
    e: int | None


def features(pulse: NDArray[np.float32]) -> Floats | None:
    """The features (FEATURES,) of a window (300,); NaN for what a beat lacks, None without a whole beat.

    In order: the beat at SHAPE_POINTS phases; b/a, c/a, d/a and e/a; the ageing index (b - c - d - e)/a; the phases of
    a to e; the beat's length and crest time in seconds and the crest's phase; the beat's width at a quarter, half and
    three quarters of its height, as phase; the areas before and after the crest and after the e wave, and the ratio of
    the last to what is before it (inflection point area). Sources: Elgendi 2012, doi:10.2174/157340312801215782;
    Takazawa et al. 1998, doi:10.1161/01.HYP.32.2.365.
    """
    beat = mean_beat(pulse)
    return None if beat is None else features_of(beat)


def features_of(beat: MeanBeat) -> Floats:
    """The same, of a mean beat."""
    waves = find_waves(beat)
    crest = beat.peak / PHASES
    return np.concatenate(
        (
            beat.shape[:: PHASES // SHAPE_POINTS],
            _ratios(beat.acceleration, waves),
            [np.nan if at is None else at / PHASES for at in waves],
            [beat.length_s, crest * beat.length_s, crest],
            [np.mean(beat.shape >= level) for level in WIDTHS_AT],
            _areas(beat, waves.e),
        )
    )


def find_waves(beat: MeanBeat) -> Waves:
    """The highest before the systolic peak is a; the others are the first minima and maxima after it, in turn."""
    curve = beat.acceleration
    a = int(np.argmax(curve[: beat.peak + 1]))
    found: list[int | None] = [a]
    for sign in (-1.0, 1.0, -1.0, 1.0):
        before = found[-1]
        found.append(None if before is None else _next_peak(sign * curve, before))
    return Waves(*found)


def _next_peak(curve: Floats, after: int) -> int | None:
    inner = curve[after + 1 : -1]
    peaks = np.flatnonzero((inner > curve[after:-2]) & (inner >= curve[after + 2 :]))
    return after + 1 + int(peaks[0]) if peaks.size else None


def _ratios(curve: Floats, waves: Waves) -> Floats:
    a, *rest = (np.nan if at is None else curve[at] for at in waves)
    if not a > 0.0:
        return np.full(WAVES, np.nan)
    b, c, d, e = rest
    return np.array([*rest, b - c - d - e]) / a


def _areas(beat: MeanBeat, e: int | None) -> Floats:
    """Areas under the beat, of a beat one phase long and one high."""
    before, after = beat.shape[: beat.peak].sum() / PHASES, beat.shape[beat.peak :].sum() / PHASES
    if e is None:
        return np.array([before, after, np.nan, np.nan])
    late = beat.shape[e:].sum() / PHASES
    early = before + after - late
    return np.array([before, after, late, late / early if early > 0.0 else np.nan])
