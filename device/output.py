"""Events to a terminal: a sentence each for people, or one JSON object a line for programs."""

import json
import sys
from typing import Any, TextIO

from device.events import (
    Enrolled,
    EnrolmentProgress,
    Event,
    Identified,
    LinkDown,
    LinkUp,
    Listening,
    NotAcquired,
    SignalBad,
    SourceEnded,
    SourceSeen,
    Summary,
    Unknown,
    WindowScored,
)


def narrate(event: Event) -> str:
    """One event in words; empty for one that would only be noise to a person."""
    match event:
        case Listening():
            return f"listening on {event.port}, {event.people} enrolled, model {event.model_id}"
        case SourceSeen():
            return event.description
        case LinkDown():
            return f"board lost ({event.reason}): waiting for it to come back"
        case LinkUp():
            return f"board is back after {event.outage_s:.0f} s"
        case SourceEnded():
            return "the recording is over"
        case SignalBad():
            return f"{event.reason.value}: {event.advice}"
        case Identified():
            return f"this is {event.person} (score {event.score:.3f}, needed {event.threshold:.3f})"
        case Unknown():
            return f"nobody I know (best score {event.best_score:.3f}, needed {event.threshold:.3f})"
        case NotAcquired():
            return f"no decision: only {event.good_windows} of {event.windows} windows were good"
        case EnrolmentProgress():
            tail = f": {event.advice}" if event.advice else ""
            return (
                f"{event.elapsed_s:3.0f} of {event.duration_s:.0f} s, {event.good_windows} windows good{tail}"
            )
        case Enrolled():
            return f"enrolled {event.person} from {event.good_windows} good windows"
        case Summary():
            return (
                f"{event.windows} windows ({event.good_windows} good), {event.decisions} decisions: "
                f"{event.identified} identified, {event.unknown} unknown, {event.not_acquired} not acquired; "
                f"{event.lost_samples} samples lost"
            )
    return ""


def write_json(value: dict[str, Any], stream: TextIO | None = None) -> None:
    """One JSON object on one line, flushed, so that a program downstream sees it now."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False), file=stream or sys.stdout, flush=True)


class Output:
    """Writes events as they come; `aside` puts the sentences (never the JSON) on stderr."""

    def __init__(self, *, as_json: bool, verbose: bool = False, aside: bool = False) -> None:
        self._as_json = as_json
        self._verbose = verbose
        self._stream = sys.stderr if aside else sys.stdout

    def event(self, event: Event) -> None:
        """Write one event."""
        if self._as_json:
            write_json(event.to_json())
        elif isinstance(event, WindowScored):
            if self._verbose:
                print(
                    f"window {event.window}: best score {event.best_score:.3f}", file=sys.stderr, flush=True
                )
        else:
            print(narrate(event), file=self._stream, flush=True)
