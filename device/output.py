"""Events to a terminal: a sentence each for people, or one JSON object a line for programs."""

import json
import shlex
import sys
from collections.abc import Callable
from typing import Any, TextIO

from device.events import (
    Enrolled,
    EnrolmentProgress,
    Event,
    FingerChanged,
    Identified,
    LinkCounted,
    LinkDown,
    LinkStatus,
    LinkUp,
    LinkWarned,
    Listening,
    LockChanged,
    NotAcquired,
    PinAccepted,
    PinNeeded,
    PresentationAttack,
    PresentationChecked,
    Recorded,
    RequestRefused,
    SignalBad,
    SourceEnded,
    SourceSeen,
    Summary,
    TryRefused,
    Unknown,
    WindowScored,
)

_PROGRESS_EVERY_S = 5.0
"""Often enough to be followed, a lasting fault told again; new advice is told at once."""


def _progress(event: EnrolmentProgress) -> str:
    tail = f": {event.advice}" if event.advice else ""
    return f"{event.good_s:3.0f} of about {event.wanted_s:.0f} good seconds{tail}"


def _enrolled(event: Enrolled) -> str:
    told = f"enrolled {event.person} from {event.good_windows} good windows"
    if not event.first_session:
        return told
    return f"{told}; a pulse changes from day to day: say `pulsekey enrol {shlex.quote(event.person)} --add` on another"


def _summary(event: Summary) -> str:
    attacks = f"{event.presentation_attacks} attacks; " if event.presentation_attacks else ""
    return (
        f"{event.windows} windows ({event.good_windows} good), {event.decisions} decisions: "
        f"{event.identified} identified, {event.unknown} unknown, {event.not_acquired} not acquired; "
        f"{attacks}{event.lost_samples} samples lost"
    )


def _checked(event: PresentationChecked) -> str:
    left = f"; not judged: {event.not_judged}" if event.not_judged else ""
    return f"presentation: {event.passed or 'nothing passed'}{left}"


def _counted(event: LinkCounted | LinkStatus) -> str:
    """Empty for a link that is as it should be."""
    if not (event.lost or event.corrupt or event.restarts or event.forged):
        return ""
    forged = f", {event.forged} frames forged" if event.forged else ""
    return f"{event.lost} samples lost, {event.corrupt} frames or lines corrupt, {event.restarts} restarts{forged}"


def _status(event: LinkStatus) -> str:
    rate = "rate not known yet" if event.measured_rate_hz is None else f"{event.measured_rate_hz:.1f} Hz"
    levels = "no samples"
    if event.ir_counts is not None:
        levels = f"IR {event.ir_counts}, RED {event.red_counts}, {'finger' if event.finger else 'no finger'}"
    counted = _counted(event) or "nothing lost"
    return f"{event.time_s:4.0f} s  {rate}, {event.samples} samples, {counted}; {levels}; {event.description}"


def _recorded(event: Recorded) -> str:
    records = f" in {event.records} records" if event.records > 1 else ""
    return (
        f"recorded {event.seconds:.1f} s at {event.rate_hz:.2f} Hz{records}: {event.samples} samples, "
        f"{event.missing} missing; {event.file}"
    )


def _lock(event: LockChanged) -> str:
    return f"{'locked' if event.locked else f'unlocked for {event.person}'}: {event.reason}"


def _try_refused(event: TryRefused) -> str:
    wait = f": next try in {event.wait_s:.0f} s" if event.wait_s else f": {event.tries_left} tries left"
    return f"{event.outcome}{wait}"


_SENTENCES: dict[type[Event], Callable[[Any], str]] = {
    Listening: lambda e: f"listening on {e.port}, {e.people} enrolled, model {e.model_id}",
    SourceSeen: lambda e: e.description,
    LinkDown: lambda e: f"board lost ({e.reason}): waiting for it to come back",
    LinkUp: lambda e: f"board is back after {e.outage_s:.0f} s",
    LinkWarned: lambda e: f"warning: {e.text}",
    LinkCounted: lambda e: f"so far {told}" if (told := _counted(e)) else "",
    LinkStatus: _status,
    Recorded: _recorded,
    SourceEnded: lambda e: "the recording is over",
    SignalBad: lambda e: f"{e.reason.value}: {e.advice}",
    Identified: lambda e: f"this is {e.person} (evidence {e.llr:.1f}, needed {e.accept_llr:.1f})",
    Unknown: lambda e: f"nobody I know (best evidence {e.best_llr:.1f}, needed {e.accept_llr:.1f})",
    NotAcquired: lambda e: f"no decision: only {e.good_windows} of {e.windows} windows were good",
    PresentationChecked: _checked,
    PresentationAttack: lambda e: f"refused as an attack: {e.reason.value} ({e.text})",
    EnrolmentProgress: _progress,
    Enrolled: _enrolled,
    Summary: _summary,
    FingerChanged: lambda e: "sensor put on" if e.on else "sensor taken off",
    LockChanged: _lock,
    PinNeeded: lambda e: "the PIN is needed",
    PinAccepted: lambda e: "the PIN is right",
    TryRefused: _try_refused,
    RequestRefused: lambda e: e.text,
}


def narrate(event: Event) -> str:
    """One event in words; empty for one that would only be noise to a person."""
    sentence = _SENTENCES.get(type(event))
    return sentence(event) if sentence else ""


def write_json(value: dict[str, Any], stream: TextIO | None = None) -> None:
    """One JSON object on one line, flushed, so that a program downstream sees it now."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False), file=stream or sys.stdout, flush=True)


class Output:
    """Writes events as they come; `aside` puts the sentences (never the JSON) on stderr."""

    def __init__(self, *, as_json: bool, verbose: bool = False, aside: bool = False) -> None:
        self._as_json = as_json
        self._verbose = verbose
        self._stream = sys.stderr if aside else sys.stdout
        self._counted = ""
        self._progress: EnrolmentProgress | None = None

    def event(self, event: Event) -> None:
        """Write one event."""
        if self._as_json:
            write_json(event.to_json())
        elif isinstance(event, WindowScored):
            if self._verbose:
                text = f"window {event.window}: best evidence {event.best_llr:.1f}"
                print(text, file=sys.stderr, flush=True)
        elif (text := narrate(event)) and not self._is_old(event, text):
            print(text, file=self._stream, flush=True)

    def _is_old(self, event: Event, text: str) -> bool:
        """Whether these are the totals that were told last, which come every 10 s, or progress told just now."""
        if isinstance(event, EnrolmentProgress):
            last = self._progress
            if last and event.advice == last.advice and event.elapsed_s - last.elapsed_s < _PROGRESS_EVERY_S:
                return True
            self._progress = event
            return False
        if not isinstance(event, LinkCounted):
            return False
        told, self._counted = self._counted, text
        return text == told
