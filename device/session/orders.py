"""What people ask of a session while it runs."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PinEntered:
    """Somebody typed a PIN."""

    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrol:
    """Take the wearer's reference under this name, or as a further session of a person who has one."""

    name: str
    add: bool = False


@dataclass(frozen=True, slots=True)
class StopEnrolling:
    """Leave the enrolment; nothing is stored."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove a person from the gallery."""

    name: str


@dataclass(frozen=True, slots=True)
class NoteRefusal:
    """Somebody asked for a view without leave to: for the audit log."""

    view: str


Request = PinEntered | Enrol | StopEnrolling | Forget | NoteRefusal
