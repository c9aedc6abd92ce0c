"""Whether RED and infrared are two measurements of one pulse: alike as blood makes them, and not copies."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from device.presentation.beats import slopes
from device.presentation.findings import Finding, PresentationReason, State
from device.presentation.recent import Recent
from firmware_bridge import BoardInfo, Message, SampleBlock

Floats = NDArray[np.float64]

LEAST_S = 4.0
"""Of usable signal: some beats of any heart."""
STEP = 0.05
"""A change from one sample to the next, of either level, that is a change of current and no pulse."""
LEAST_CORRELATION = 0.5
LEAST_R, MOST_R = 0.2, 2.0
"""Of the ratio of ratios. Oximeters read R = 0.4 as 100 % and 1.6 as 70 %, by SpO2 = 110 % - 25 % R, and are cleared
for that range (Webster, Design of Pulse Oximeters, 1997); modules without a calibration are given as much again."""
COPY_STEPS = 0.5
"""Noise of a channel, in steps of the converter, under which RED was computed from infrared: rounding alone is 0.29."""
SHORTEST_SEGMENT_S = 0.4
"""Between two changes of current; of less no line is fitted."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How RED follows infrared: correlation of the slopes, ratio of ratios, and noise of a channel in counts."""

    seconds: float
    correlation: float
    ratio: float
    noise_counts: float


class Consistency:
    """Judges the last half minute of both channels, whatever the currents of the LEDs did in it."""

    name: ClassVar[str] = "red and infrared"

    def __init__(self) -> None:
        self._recent = Recent()
        self._step_counts = 1
        self.reset()

    @property
    def finding(self) -> Finding:
        """See `Check`; NOT_JUDGED without RED, or before there is enough signal."""
        return self._finding

    def take(self, message: Message) -> None:
        """Take the next message."""
        if isinstance(message, BoardInfo):
            # LED_PW 0 to 3 have 15 to 18 bits (MAX30102 datasheet), at the upper end of 18.
            self._step_counts = 1 << (3 - (message.spo2_config & 3))
        elif isinstance(message, SampleBlock) and self._recent.take(message):
            self._finding = self._judge()

    def reset(self) -> None:
        """Begin a new attempt."""
        self._finding = Finding(State.NOT_JUDGED, "too little signal yet")

    def _judge(self) -> Finding:
        counts, rate_hz = self._recent.counts(), self._recent.rate_hz
        if rate_hz is None or (counts <= 0).any():
            return Finding(State.NOT_JUDGED, "a channel is missing or dark")
        seen = likeness(counts, rate_hz)
        if seen is None or seen.seconds < LEAST_S:
            return Finding(State.NOT_JUDGED, "too little signal yet")
        text = f"correlation {seen.correlation:.2f}, R {seen.ratio:.2f}, noise {seen.noise_counts:.1f} counts"
        if seen.noise_counts < COPY_STEPS * self._step_counts:
            return Finding(State.ATTACK, text, PresentationReason.CHANNEL_COPIED)
        if seen.correlation < LEAST_CORRELATION or not LEAST_R <= seen.ratio <= MOST_R:
            return Finding(State.ATTACK, text, PresentationReason.CHANNELS_DISAGREE)
        return Finding(State.PASSED, text)


def likeness(counts: Floats, rate_hz: float) -> Likeness | None:
    """Compare the channels; None where neither has a pulse.

    Slopes of the logarithm are free of level and gain, so that segments before and after a change of current can be
    taken together; those across one are left out.

    Args:
        counts: IR and RED, shape (n, 2), all above 0.
        rate_hz: of both.
    """
    logs = np.log(counts)
    steps = np.abs(np.diff(logs, axis=0)).max(axis=1) > STEP
    ir, red = slopes(logs[:, 0], rate_hz), slopes(logs[:, 1], rate_hz)
    span = logs.shape[0] - ir.size
    before = np.concatenate(([0], np.cumsum(steps)))
    whole = before[span:] == before[: before.size - span]
    ir, red = ir[whole], red[whole]
    power = float(ir @ ir)
    if not power or not float(red @ red):
        return None
    correlation = float(ir @ red) / float(np.sqrt(power * (red @ red)))
    return Likeness(ir.size / rate_hz, correlation, float(ir @ red) / power, _noise(counts, steps, rate_hz))


def _noise(counts: Floats, steps: NDArray[np.bool_], rate_hz: float) -> float:
    """Root mean square, a channel, of what differs from sample to sample beside the best line of each segment.

    With slope b the difference of RED minus b times that of infrared has noise of variance 2 (1 + b^2).
    """
    squares, count = 0.0, 0
    for segment in np.split(counts, np.flatnonzero(steps) + 1):
        if len(segment) < SHORTEST_SEGMENT_S * rate_hz:
            continue
        ir, red = np.diff(segment, axis=0).T
        slope = float(ir @ red) / float(ir @ ir) if ir.any() else 0.0
        residual = red - slope * ir
        squares += float(residual @ residual) / (2.0 * (1.0 + slope * slope))
        count += residual.size
    return float(np.sqrt(squares / count)) if count else float("inf")
