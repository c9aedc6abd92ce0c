"""Faults as text, ``NAME[=VALUE][@SECONDS[+DURATION]]``, such as ``loss=0.001`` or ``brownout@12+0.2``."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from firmware_bridge.clocked_source import MAX_CLOCK_ERROR
from firmware_bridge.errors import PulsekeyError
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.wire_faults import Stall, WireDamage

MAX_JITTER_S = 0.02
MIN_BAUD, MAX_BAUD = 50, 4_000_000
"""What termios knows."""
MAX_VERSION = 15
"""A nibble."""
OVERFLOW_S = 0.4
"""Unless stated: 50 samples at 125 Hz, of which 18 are lost."""
_SPEC = re.compile(r"(?P<name>[^=@]+)(=(?P<value>[^@]*))?(@(?P<at>[^+]*)(\+(?P<duration>.*))?)?")


class FaultSpecError(PulsekeyError):
    """A fault that nobody can inject: the text names what is wrong with it."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Everything that is to go wrong with a board, light or executed, and its wire."""

    sensor: tuple[SensorFaultEvent, ...] = ()
    wire: WireDamage = field(default_factory=WireDamage)
    clock_error: float = 0.0
    jitter_s: float = 0.0
    swapped: bool = False


def plan_of(specs: Sequence[str]) -> FaultPlan:
    """The plan of some specifications; of one that is given twice the last counts, if it has no time.

    Raises:
        FaultSpecError: an unknown name, or a value or time that is missing, needless or impossible.
    """
    plan = FaultPlan()
    for spec in specs:
        plan = _with(plan, spec)
    return plan


def _with(plan: FaultPlan, spec: str) -> FaultPlan:
    parts = _SPEC.fullmatch(spec)
    name = parts["name"] if parts else spec
    form = _FORMS.get(name)
    if parts is None or form is None:
        raise FaultSpecError(f"no fault {name!r}; there are {', '.join(_FORMS)}")
    given = [word for word in ("value", "at", "duration") if parts[word] is not None]
    missing = [word for word in form.needs if word not in given]
    if missing or not set(given) <= {*form.needs, *form.may}:
        raise FaultSpecError(f"{spec}: {name} is written {form.written(name)}")
    numbers = {word: _number(spec, parts[word]) for word in given}
    if "value" in numbers and not form.allowed(numbers["value"]):
        raise FaultSpecError(f"{spec}: the value of {name} should be {form.wanted}, not {parts['value']}")
    if min(numbers.get("at", 0.0), numbers.get("duration", 0.0)) < 0:
        raise FaultSpecError(f"{spec}: times should be seconds from 0")
    return form.add(plan, numbers)


def _number(spec: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FaultSpecError(f"{spec}: {text!r} is no number")
    return value


_Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Form:
    """What one fault adds to a plan, and which numbers it takes for that."""

    add: Callable[[FaultPlan, _Numbers], FaultPlan]
    needs: tuple[str, ...] = ("value",)
    may: tuple[str, ...] = ()
    allowed: Callable[[float], bool] = math.isfinite
    wanted: str = ""

    def written(self, name: str) -> str:
        """How a person writes it."""
        for word, text in (("value", "=VALUE"), ("at", "@SECONDS"), ("duration", "+DURATION")):
            name += text if word in self.needs else f"[{text}]" if word in self.may else ""
        return name


def _damaged(plan: FaultPlan, **change: Any) -> FaultPlan:
    return replace(plan, wire=replace(plan.wire, **change))


def _rate(name: str) -> _Form:
    return _Form(
        lambda plan, numbers: _damaged(plan, **{name: numbers["value"]}),
        allowed=lambda value: 0.0 <= value <= 1.0,
        wanted="0 to 1",
    )


def _whole(name: str, least: int, most: int) -> _Form:
    return _Form(
        lambda plan, numbers: _damaged(plan, **{name: int(numbers["value"])}),
        allowed=lambda value: value == int(value) and least <= value <= most,
        wanted=f"a whole number from {least} to {most}",
    )


def _event(kind: FaultKind, needs: tuple[str, ...], may: tuple[str, ...] = (), duration_s: float = 0.0) -> _Form:
    def add(plan: FaultPlan, numbers: _Numbers) -> FaultPlan:
        lasts_s, value = numbers.get("duration", duration_s), numbers.get("value", 0.0)
        return replace(plan, sensor=(*plan.sensor, SensorFaultEvent(kind, numbers["at"], lasts_s, value)))

    return _Form(add, needs, may, lambda value: value == int(value) and value >= 1, "a whole number from 1")


def _stall(plan: FaultPlan, numbers: _Numbers) -> FaultPlan:
    return _damaged(plan, stalls=(*plan.wire.stalls, Stall(numbers["at"], numbers["value"])))


_FORMS = {
    **{name: _rate(name) for name in ("loss", "corrupt", "truncate", "duplicate", "reorder")},
    "stall": _Form(_stall, ("value", "at"), allowed=lambda value: value > 0, wanted="seconds above 0"),
    "baud": _whole("baud", MIN_BAUD, MAX_BAUD),
    "version": _whole("version", 0, MAX_VERSION),
    "clock": _Form(
        lambda plan, numbers: replace(plan, clock_error=numbers["value"]),
        allowed=lambda value: abs(value) <= MAX_CLOCK_ERROR,
        wanted=f"within {MAX_CLOCK_ERROR:g} of 0",
    ),
    "jitter": _Form(
        lambda plan, numbers: replace(plan, jitter_s=numbers["value"]),
        allowed=lambda value: 0.0 <= value <= MAX_JITTER_S,
        wanted=f"0 to {MAX_JITTER_S:g} s",
    ),
    "swapped": _Form(lambda plan, _: replace(plan, swapped=True), ()),
    "overflow": _event(FaultKind.OVERFLOW, ("at",), ("duration",), OVERFLOW_S),
    "nack": _event(FaultKind.NACK, ("value", "at")),
    "stuck": _event(FaultKind.STUCK_BUS, ("at", "duration")),
    "brownout": _event(FaultKind.BROWN_OUT, ("at",), ("duration",)),
    "reset": _event(FaultKind.RESET, ("at",)),
    "saturated": _event(FaultKind.SATURATED, ("at", "duration")),
    "finger-off": _event(FaultKind.FINGER_OFF, ("at", "duration")),
}
"""By the name they are written with, which for a sensor's fault is its kind."""
