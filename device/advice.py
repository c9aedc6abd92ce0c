"""What the person can do about a bad window, in plain words."""

from collections import Counter

from device.frontend import Reason

_ADVICE = {
    Reason.NO_FINGER: "lay a finger on the sensor, or fasten it to the skin",
    Reason.SATURATED: "press more lightly, or shade the sensor from bright light",
    Reason.MOTION: "hold still",
    Reason.WEAK_PULSE: "warm the hand, and press neither hard nor lightly",
    Reason.IRREGULAR: "hold still and breathe calmly until the pulse is steady",
    Reason.GAP: "samples were lost: check the cable, and that nothing else uses the port",
}


def advice_for(reason: Reason) -> str:
    """What to do about this reason."""
    return _ADVICE[reason]


def explain(reasons: Counter[Reason]) -> str:
    """The commonest reason and its advice, as the tail of an error's line."""
    if not reasons:
        return "no window of signal came: check the board and its port"
    reason, _ = reasons.most_common(1)[0]
    return f"mostly {reason.value}: {advice_for(reason)}"
