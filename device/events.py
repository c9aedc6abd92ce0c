"""What happens while a pulse is read, as frozen dataclasses: the one stream that every output is made from.

No event holds an embedding, a template or raw samples.
"""

import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from device.frontend import Reason
from device.presentation.findings import PresentationReason


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, `time_s` seconds after the start."""

    name: ClassVar[str] = "event"
    time_s: float

    def __init_subclass__(cls) -> None:
        """Name the event after its class: `SignalBad` is `signal_bad`."""
        cls.name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def to_json(self) -> dict[str, Any]:
        """One JSON object: `event`, then the fields, each with its unit in its name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"event": self.name} | {
            key: round(value, 6) if isinstance(value, float) else value for key, value in values.items()
        }


@dataclass(frozen=True, slots=True)
class Listening(Event):
    """The port is open; `people` are enrolled, and the model is `model_id`."""

    port: str
    model_id: str
    people: int


@dataclass(frozen=True, slots=True)
class SourceSeen(Event):
    """What is at the other end has said what it is."""

    description: str


@dataclass(frozen=True, slots=True)
class LinkDown(Event):
    """The board is gone; the reader tries to reach it again."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class LinkUp(Event):
    """The board is back, in a new epoch."""

    outage_s: float


@dataclass(frozen=True, slots=True)
class LinkWarned(Event):
    """Something makes the samples worth less; `text` says what, and what to do about it. Once an epoch."""

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class LinkCounted(Event):
    """The link's totals so far, each 10 s and at the end; `measured_rate_hz` is None before it is known.

    `forged` counts frames that were not rightly sealed; it stays 0 without a board's key.
    """

    samples: int
    lost: int
    corrupt: int
    restarts: int
    measured_rate_hz: float | None
    forged: int = 0


@dataclass(frozen=True, slots=True)
class LinkStatus(Event):
    """How a board's link is right now: `LinkCounted`'s totals, levels, and what the board says of itself.

    Levels are means since the last status, None if no sample came; `finger` is a guess by IR's.
    """

    samples: int
    lost: int
    corrupt: int
    restarts: int
    measured_rate_hz: float | None
    ir_counts: int | None
    red_counts: int | None
    finger: bool
    description: str
    forged: int = 0


@dataclass(frozen=True, slots=True)
class Recorded(Event):
    """A recording is in `file`: `records` of it, `seconds` long together, `missing` samples lost within them."""

    file: str
    records: int
    seconds: float
    samples: int
    missing: int
    rate_hz: float


@dataclass(frozen=True, slots=True)
class SourceEnded(Event):
    """The recording that was replayed is over."""


@dataclass(frozen=True, slots=True)
class SignalBad(Event):
    """The last window could not be used; said once, and again while it lasts."""

    reason: Reason
    advice: str
    sqi: float


@dataclass(frozen=True, slots=True)
class WindowScored(Event):
    """A good window was added: `evidence_windows` together give the reference most alike this log-likelihood ratio."""

    window: int
    sqi: float
    best_llr: float
    evidence_windows: int


@dataclass(frozen=True, slots=True)
class Identified(Event):
    """A decision: this pulse is `person`'s."""

    person: str
    llr: float
    accept_llr: float
    windows: int


@dataclass(frozen=True, slots=True)
class Unknown(Event):
    """A decision: this pulse is nobody's in the gallery."""

    best_llr: float
    accept_llr: float
    windows: int


@dataclass(frozen=True, slots=True)
class NotAcquired(Event):
    """A decision was given up: only `good_windows` of `windows` could be used."""

    good_windows: int
    windows: int


@dataclass(frozen=True, slots=True)
class PresentationChecked(Event):
    """Somebody was recognised, and so it was asked whether they live: what passed, and what could not be judged."""

    passed: str
    not_judged: str


@dataclass(frozen=True, slots=True)
class PresentationAttack(Event):
    """A decision: refused although recognised, since `reason`; `text` says what was seen."""

    reason: PresentationReason
    text: str


@dataclass(frozen=True, slots=True)
class EnrolmentProgress(Event):
    """How far an enrolment is, after `elapsed_s` of signal.

    `good_s` of about `wanted_s` good seconds; `stability` in [0, 1] is how little the newest of them changed the
    reference; `advice` is empty while the signal is good.
    """

    elapsed_s: float
    good_s: float
    wanted_s: float
    stability: float
    advice: str


@dataclass(frozen=True, slots=True)
class Enrolled(Event):
    """A person was stored in the gallery; `first_session`: they were not in it before."""

    person: str
    good_windows: int
    first_session: bool


@dataclass(frozen=True, slots=True)
class Summary(Event):
    """What a run did, at its end."""

    windows: int
    good_windows: int
    decisions: int
    identified: int
    unknown: int
    not_acquired: int
    lost_samples: int
    presentation_attacks: int = 0


@dataclass(frozen=True, slots=True)
class FingerChanged(Event):
    """The sensor was put on or taken off."""

    on: bool


@dataclass(frozen=True, slots=True)
class LockChanged(Event):
    """The lock opened for `person`, or closed on them; `reason` says why, in words."""

    locked: bool
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class PinNeeded(Event):
    """The lock waits for the PIN."""


@dataclass(frozen=True, slots=True)
class TryRefused(Event):
    """Nobody may try for `wait_s` seconds, or without the PIN, or the PIN was wrong; `outcome` says which."""

    outcome: str
    wait_s: float
    tries_left: int


@dataclass(frozen=True, slots=True)
class PinAccepted(Event):
    """The PIN was right."""


@dataclass(frozen=True, slots=True)
class RequestRefused(Event):
    """What somebody asked for could not be done; `text` says why, and what to do."""

    text: str


@dataclass(frozen=True, slots=True)
class GalleryChanged(Event):
    """Somebody was enrolled, updated or forgotten: `people` are the names now."""

    people: tuple[str, ...]
