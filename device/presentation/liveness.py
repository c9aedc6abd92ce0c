"""Whether the beats vary as a living heart's do: a signal whose every beat is equally long was made."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from device.presentation.beats import beat_times
from device.presentation.findings import Finding, PresentationReason, State
from device.presentation.recent import Recent
from firmware_bridge import Message, SampleBlock

LEAST_BEATS = 10
"""Fewer give no spread worth the name."""
LEAST_SDNN_MS = 2.2
"""Standard deviation of the intervals between beats. Set on people of the PhysioNet/CinC Challenge 2015: 12 s of an
intensive-care patient's pulse are below it in 0.2 % of cases, monitors' test signals left out. Even a paced heart's
beats come at a finger unequally, as breathing changes the pulse's way."""


class Liveness:
    """Judges the intervals between the beats of the last half minute; nothing that was recorded of a person fails."""

    name: ClassVar[str] = "beat variability"

    def __init__(self) -> None:
        self._recent = Recent()
        self.reset()

    @property
    def finding(self) -> Finding:
        """See `Check`; NOT_JUDGED before there are enough beats."""
        return self._finding

    def take(self, message: Message) -> None:
        """Take the next message."""
        if isinstance(message, SampleBlock) and self._recent.take(message):
            self._finding = self._judge()

    def reset(self) -> None:
        """Begin a new attempt: the beats are still those of the finger that lies there."""
        self._finding = Finding(State.NOT_JUDGED, "no beats yet")

    def _judge(self) -> Finding:
        rate_hz = self._recent.rate_hz
        times = np.empty(0) if rate_hz is None else beat_times(-self._recent.counts()[:, 0], rate_hz)
        if times.size < LEAST_BEATS:
            return Finding(State.NOT_JUDGED, f"{times.size} beats, {LEAST_BEATS} are needed")
        sdnn_ms = sdnn(times)
        text = f"SDNN {sdnn_ms:.1f} ms of {times.size} beats"
        if sdnn_ms < LEAST_SDNN_MS:
            return Finding(State.ATTACK, text, PresentationReason.TOO_REGULAR)
        return Finding(State.PASSED, text)


def sdnn(times_s: NDArray[np.float64]) -> float:
    """Standard deviation, in ms, of the intervals between beats at these seconds (k,), k >= 2 (Task Force 1996)."""
    return 1e3 * float(np.diff(times_s).std())
