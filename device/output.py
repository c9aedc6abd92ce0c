"""Events to a terminal: a sentence each for people, or one JSON object a line for programs."""

import json
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
    RequestRefused,
    SignalBad,
    SourceEnded,
    SourceSeen,
    Summary,
    TryRefused,
    Unknown,
    WindowScored,
)


def _progress(event: EnrolmentProgress) -> str:
    tail = f": {event.advice}" if event.advice else ""
    return f"{event.elapsed_s:3.0f} of {event.duration_s:.0f} s, {event.good_windows} windows good{tail}"


def _summary(event: Summary) -> str:
    return (
        f"{event.windows} windows ({event.good_windows} good), {event.decisions} decisions: "
        f"{event.identified} identified, {event.unknown} unknown, {event.not_acquired} not acquired; "
        f"{event.lost_samples} samples lost"
    )


def _counted(event: LinkCounted | LinkStatus) -> str:
    """Empty for a link that is as it should be."""
    if not (event.lost or event.corrupt or event.restarts):
        return ""
    return f"{event.lost} samples lost, {event.corrupt} frames or lines corrupt, {event.restarts} restarts"


def _status(event: LinkStatus) -> str:
    rate = "rate not known yet" if event.measured_rate_hz is None else f"{event.measured_rate_hz:.1f} Hz"
    levels = "no samples"
    if event.ir_counts is not None:
        levels = f"IR {event.ir_counts}, RED {event.red_counts}, {'finger' if event.finger else 'no finger'}"
    counted = _counted(event) or "nothing lost"
    return f"{event.time_s:4.0f} s  {rate}, {event.samples} samples, {counted}; {levels}; {event.description}"


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
    SourceEnded: lambda e: "the recording is over",
    SignalBad: lambda e: f"{e.reason.value}: {e.advice}",
    Identified: lambda e: f"this is {e.person} (evidence {e.llr:.1f}, needed {e.accept_llr:.1f})",
    Unknown: lambda e: f"nobody I know (best evidence {e.best_llr:.1f}, needed {e.accept_llr:.1f})",
    NotAcquired: lambda e: f"no decision: only {e.good_windows} of {e.windows} windows were good",
    EnrolmentProgress: _progress,
    Enrolled: lambda e: f"enrolled {e.person} from {e.good_windows} good windows",
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
        """Whether these are the totals that were told last: they come every 10 s, news of them seldom."""
        if not isinstance(event, LinkCounted):
            return False
        told, self._counted = self._counted, text
        return text == told
