"""``sim://NAME?...`` and ``replay://FILE?...`` to something that a simulated board can measure."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.recordings import open_recording
from firmware_bridge.sources import PulseSource, RecordingSource
from firmware_bridge.wearers import WearerSource, load_wearer

MAX_SPEED = 100_000.0
"""Faster than any link here; a larger number is a mistake."""
MIN_SPEED = 0.1
"""Slower, the seconds between two INFO frames look like a board that has fallen silent."""


def is_speed(value: float) -> bool:
    """Whether a board can be sent at so many times real time; 0 is as fast as it is read."""
    return value == 0 or MIN_SPEED <= value <= MAX_SPEED


@dataclass(frozen=True, slots=True)
class PlannedSource:
    """A source, and how many times real time it is to be sent; 0 means as fast as it is read."""

    source: PulseSource
    speed: float


def source_of(url: str) -> PlannedSource:
    """What a URL names, with its options.

    ``sim://NAME?speed=&seed=&seconds=`` and ``replay://FILE?speed=&record=&start=&seconds=&rate=``; ``speed``
    is 1 unless stated, ``start`` and ``seconds`` are of the recording, ``rate`` (Hz) is of a CSV file without
    times.

    Raises:
        PortError: BAD_URL for an unknown wearer, or an option that is unknown or has no such value.
        RecordingError: a file that cannot be used.
    """
    scheme, mark, rest = url.partition("://")
    make = _SCHEMES.get(scheme.lower()) if mark else None
    if make is None:
        raise PortError(PortReason.BAD_URL, f"{url} is no source: use sim://NAME or replay://FILE")
    name, _, query = rest.partition("?")
    if not name:
        raise PortError(PortReason.BAD_URL, f"{url} names nobody: use sim://NAME or replay://FILE")
    return make(unquote(name), _Options(url, query))


class _Options:
    """The query of a URL, of which every option must be taken before the end."""

    def __init__(self, url: str, query: str) -> None:
        self._url = url
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
        except ValueError as error:
            raise PortError(PortReason.BAD_URL, f"{url}: options are written ?name=value&name=value") from error
        self._values = dict(pairs)
        self._known: list[str] = []

    def text(self, name: str) -> str | None:
        self._known.append(name)
        return self._values.pop(name, None)

    def number(self, name: str, allowed: Callable[[float], bool], wanted: str) -> float | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and allowed(value)):
            raise PortError(PortReason.BAD_URL, f"{self._url}: {name} should be {wanted}, not {text!r}")
        return value

    def speed(self) -> float:
        wanted = f"0 (as fast as read) or {MIN_SPEED:g} to {MAX_SPEED:g}"
        value = self.number("speed", is_speed, wanted)
        return 1.0 if value is None else value

    def positive(self, name: str) -> float | None:
        return self.number(name, lambda v: v > 0, "a number above 0")

    def done(self) -> None:
        if self._values:
            unknown, known = ", ".join(self._values), ", ".join(self._known)
            raise PortError(PortReason.BAD_URL, f"{self._url}: no option {unknown}; there are {known}")


def _simulated(name: str, options: _Options) -> PlannedSource:
    speed, seconds = options.speed(), options.positive("seconds")
    seed = options.number("seed", lambda v: v >= 0 and v == int(v), "a whole number from 0")
    options.done()
    return PlannedSource(WearerSource(load_wearer(name), int(seed or 0), seconds), speed)


def _replayed(path: str, options: _Options) -> PlannedSource:
    speed, seconds, rate_hz = options.speed(), options.positive("seconds"), options.positive("rate")
    start_s = options.number("start", lambda v: v >= 0, "seconds from 0") or 0.0
    record = options.text("record")
    options.done()
    recording = open_recording(path, record=record, rate_hz=rate_hz).cut(start_s, seconds)
    return PlannedSource(RecordingSource(recording), speed)


_SCHEMES: dict[str, Callable[[str, _Options], PlannedSource]] = {"sim": _simulated, "replay": _replayed}
