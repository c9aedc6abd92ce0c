"""What the person can do about a bad window, in plain words, and when it is said."""

from collections import Counter

from device.contact import Pressure
from device.frontend import Reason

_ADVICE = {
    Reason.NO_FINGER: "lay a finger on the sensor, or fasten it to the skin",
    Reason.SATURATED: "press more lightly, or shade the sensor from bright light",
    Reason.MOTION: "hold still",
    Reason.WEAK_PULSE: "warm the hand, and press neither hard nor lightly",
    Reason.IRREGULAR: "hold still and breathe calmly until the pulse is steady",
    Reason.GAP: "samples were lost: check the cable, and that nothing else uses the port",
}
_PRESS = {Pressure.TOO_HARD: "press more lightly", Pressure.TOO_LIGHT: "press a little harder"}


def advice_for(reason: Reason) -> str:
    """What to do about this reason."""
    return _ADVICE[reason]


def advise(reason: Reason | None, pressure: Pressure | None) -> str:
    """What to do about a window and its contact; empty where nothing is wrong.

    A contact that is known to be wrong explains a weak or irregular pulse better than the window alone can.
    """
    if pressure is not None:
        return _PRESS[pressure]
    return "" if reason is None else _ADVICE[reason]


class Prompter:
    """Says what to do without flickering: a fault once it has lasted two windows, silence after two good ones."""

    LASTS = 2

    def __init__(self) -> None:
        self.told = ""
        self._last = ""
        self._alike = self._faults = 0

    def take(self, advice: str) -> str:
        """Take the advice about the next window, empty for a good one, and give what is to be told now."""
        self._alike = self._alike + 1 if advice == self._last else 1
        self._faults = self._faults + 1 if advice else 0
        self._last = advice
        # Out of silence any two faults will do; from one advice to another it takes two alike.
        if self._alike >= self.LASTS or (not self.told and self._faults >= self.LASTS):
            self.told = advice
        return self.told


def explain(reasons: Counter[Reason]) -> str:
    """The commonest reason and its advice, as the tail of an error's line."""
    if not reasons:
        return "no window of signal came: check the board and its port"
    reason, _ = reasons.most_common(1)[0]
    return f"mostly {reason.value}: {advice_for(reason)}"
