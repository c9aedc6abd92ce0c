"""What the page says first: the state in one or two words, and what it means or what to do."""

import math
from dataclasses import dataclass
from enum import StrEnum

from device.ui.feed import Snapshot


class Tone(StrEnum):
    """How it looks."""

    OPEN = "open"
    CLOSED = "closed"
    BUSY = "busy"
    WARNING = "warning"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Scene:
    """A title, a sentence, and the tone of both."""

    tone: Tone
    title: str
    sentence: str


def scene_of(snapshot: Snapshot, now_s: float) -> Scene:
    """The scene at `now_s`, seconds of the session's clock."""
    status = snapshot.status
    if snapshot.board_away:
        return Scene(Tone.AWAY, "No board", "The sensor board is gone. Plug it in again: it is being looked for.")
    if snapshot.enrolling:
        return _enrolling(snapshot)
    if not status.locked:
        return Scene(Tone.OPEN, "Unlocked", _open(snapshot))
    return _barred(snapshot, now_s) or _locked(snapshot)


def _enrolling(snapshot: Snapshot) -> Scene:
    status = snapshot.status
    if not status.finger:
        return Scene(Tone.BUSY, f"Enrolling {snapshot.enrolling}", "Lay a finger on the sensor and keep it there.")
    sentence = _capital(status.advice) if status.advice else "Keep still. This goes on until the reference is steady."
    return Scene(Tone.BUSY, f"Enrolling {snapshot.enrolling}", sentence)


def _open(snapshot: Snapshot) -> str:
    status = snapshot.status
    took = "" if status.took_s is None else f" {status.took_s:.1f} s after the sensor was put on"
    return f"For {status.person}, since {snapshot.since}. {_capital(status.reason)}{took}."


def _barred(snapshot: Snapshot, now_s: float) -> Scene | None:
    left_s = snapshot.barred_until_s - now_s
    if left_s > 0.0:
        return Scene(Tone.WARNING, "Locked out", f"Too many tries have failed. The next one is in {_duration(left_s)}.")
    if snapshot.pin_barred:
        return Scene(Tone.WARNING, "PIN needed", "Too many tries have failed. Only the PIN goes on from here.")
    if snapshot.status.pin_due:
        return Scene(Tone.BUSY, "PIN needed", "Enter the PIN within half a minute of the pulse.")
    return None


def _locked(snapshot: Snapshot) -> Scene:
    status = snapshot.status
    if not snapshot.people:
        return Scene(Tone.CLOSED, "Locked", "Nobody is enrolled yet. Type a name below, and begin.")
    if not status.finger:
        why = f" Last closed at {snapshot.since}: {status.reason}." if snapshot.since else ""
        return Scene(Tone.CLOSED, "Locked", f"No finger on the sensor. Lay one on it.{why}")
    return _reading(snapshot)


def _reading(snapshot: Snapshot) -> Scene:
    status = snapshot.status
    if snapshot.attack:
        return Scene(Tone.WARNING, "Refused", f"This may be no living finger: {snapshot.attack}.")
    if snapshot.unknown:
        return Scene(Tone.WARNING, "Unknown person", "This pulse is nobody's who is enrolled. Still looking.")
    if status.advice:
        return Scene(Tone.BUSY, "Locked", f"{_capital(status.advice)}.")
    if status.evidence_windows:
        return Scene(Tone.BUSY, "Locked", "Reading the pulse: keep still.")
    return Scene(Tone.BUSY, "Locked", "Waiting for the first whole beats: keep still.")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
