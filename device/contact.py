"""How hard the finger presses, seen in the pulse: harder or lighter than in the person's own best seconds.

With rising contact force the light that comes back (DC) rises, for blood is squeezed out of the tissue, and the
normalised pulse area falls, for the artery lies collapsed through more of diastole. The pulse (AC) and its share of
the light (AC/DC, the perfusion) first rise and then fall: they are greatest where the force balances the pressure in
the artery. Source: Teng and Zhang 2004, "The effect of contacting force on photoplethysmographic signals", Physiol.
Meas. 25(5), 15 people, reflective, 0.2-1.8 N.

Perfusion therefore says that the contact is wrong, DC and area in which direction. Every bound is relative to the best
seconds so far: neither DC nor form has a norm that holds for everybody. No recording with a measured force was at
hand: that the advice is right has been seen on a simulated artery only, that it is rare without cause on recordings
(``tests/benchmarks/enrolment.py``).
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from device.frontend import Reason, Window
from device.presentation.beats import beat_times

SMOOTHED_WINDOWS = 5
"""A median over these, so that one breath or one bad beat says nothing."""
LESS_PERFUSION = 0.6
"""Of the best. A cold hand or a deep breath does this too: never without a change of DC."""
DC_CHANGE = 0.05
"""Share by which the light must have risen or fallen. An assumption: the source gives directions, not sizes."""
LESS_AREA = 0.93
"""Of the best: 95 % of the medians of good windows of people held out of training are above this share of their own."""


class Pressure(StrEnum):
    """What is wrong with the contact."""

    TOO_HARD = "too hard"
    TOO_LIGHT = "too light"


@dataclass(frozen=True, slots=True)
class Contact:
    """What shows the contact: perfusion AC/DC; DC in counts; area as below, NaN where no beat has a form."""

    perfusion: float
    dc_counts: float
    area: float


def normalised_pulse_area(pulse: NDArray[np.float32], rate_hz: float) -> float:
    """Area under a beat whose height and length are 1, the mean over a window's whole beats; NaN without one.

    Args:
        pulse: (n,) upwards, in any unit.
        rate_hz: its rate.
    """
    at = np.round(beat_times(pulse.astype(np.float64), rate_hz) * rate_hz).astype(int)
    beats = [pulse[first:last] for first, last in pairwise(at.tolist())]
    areas = [float((beat.mean() - beat.min()) / np.ptp(beat)) for beat in beats if np.ptp(beat) > 0.0]
    return float(np.mean(areas)) if areas else float("nan")


class ContactMeter:
    """Takes an enrolment's windows in order, and says what is wrong with the contact, or None."""

    def __init__(self, rate_hz: float) -> None:
        """`rate_hz`: of the windows."""
        self._rate_hz = rate_hz
        self._recent: deque[Contact] = deque(maxlen=SMOOTHED_WINDOWS)
        self._best: Contact | None = None
        self._current_ua: int | None = None

    def led_current(self, ir_current_ua: int) -> None:
        """What the board says of its LED: with another current DC is another, and the comparison begins anew."""
        if ir_current_ua != self._current_ua:
            self._current_ua, self._best = ir_current_ua, None
            self._recent.clear()

    def take(self, window: Window) -> Pressure | None:
        """Judge the last windows together with this one; what the light cannot tell of, it begins anew after."""
        if window.quality.reason in (Reason.NO_FINGER, Reason.SATURATED, Reason.GAP):
            self._recent.clear()
            return None
        if window.dc_counts is None or window.ac_counts is None:
            return None
        # A collapsed artery's narrow pulse is often taken for motion; real motion is large, and no loss of perfusion.
        area = normalised_pulse_area(window.pulse, self._rate_hz) if window.quality.good else float("nan")
        self._recent.append(Contact(window.ac_counts / window.dc_counts, window.dc_counts, area))
        if len(self._recent) < SMOOTHED_WINDOWS:
            return None
        now = self._smoothed()
        # Never of a change from one contact to another, which is motion: its medians are of both.
        unbroken = not any(np.isnan(one.area) for one in self._recent)
        if unbroken and (self._best is None or now.perfusion > self._best.perfusion):
            self._best = now
        return None if self._best is None else compare(now, self._best)

    def _smoothed(self) -> Contact:
        areas = [one.area for one in self._recent if not np.isnan(one.area)]
        return Contact(
            float(np.median([one.perfusion for one in self._recent])),
            float(np.median([one.dc_counts for one in self._recent])),
            float(np.median(areas)) if areas else float("nan"),
        )


def compare(now: Contact, best: Contact) -> Pressure | None:
    """What is wrong with the contact now, if it once was `best`."""
    if now.perfusion >= LESS_PERFUSION * best.perfusion:
        return None
    if now.dc_counts < (1.0 - DC_CHANGE) * best.dc_counts:
        return Pressure.TOO_LIGHT
    # A pulse too weak to have a form cannot speak against it.
    collapsed = not now.area >= LESS_AREA * best.area
    return Pressure.TOO_HARD if collapsed and now.dc_counts > (1.0 + DC_CHANGE) * best.dc_counts else None
