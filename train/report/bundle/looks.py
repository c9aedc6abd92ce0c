"""How often each test set was looked at: a set that was looked at often is a little of what was chosen by."""

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from train.errors import TrainError, TrainReason

_KEYS = {"set", "on", "networks", "why", "chosen"}


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one test set."""

    data_set: str
    on: str
    """The day, as year-month-day."""
    networks: int
    """How many were scored; 0 where it is not known."""
    why: str
    chosen: str
    """What was chosen with the result in view; empty where nothing was."""

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


def kept_looks() -> Path | None:
    """The file that is kept beside the results, None in an installation without it."""
    found = Path(str(files("train"))) / "results" / "looks.toml"
    return found if found.is_file() else None


def read_looks(path: Path) -> list[Look]:
    """Every look, oldest first.

    Raises:
        TrainError: BAD_CONFIG, the file cannot be read or has an entry that is none.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TrainError(TrainReason.BAD_CONFIG, f"cannot read {path}: {error.strerror}; give --test-looks") from error
    except ValueError as error:
        raise TrainError(TrainReason.BAD_CONFIG, f"{path} is no TOML: {error}") from error
    entries = content.pop("look", None)
    if content or not isinstance(entries, list):
        raise TrainError(TrainReason.BAD_CONFIG, f"{path} must hold [[look]] entries and nothing else")
    return sorted((_look(path, number, entry) for number, entry in enumerate(entries, 1)), key=lambda one: one.on)


def _look(path: Path, number: int, entry: Any) -> Look:
    where = f"{path}: look {number}"
    if not isinstance(entry, dict) or set(entry) - _KEYS:
        raise TrainError(TrainReason.BAD_CONFIG, f"{where}: it may have {', '.join(sorted(_KEYS))} and nothing else")
    on, networks = entry.get("on"), entry.get("networks", 0)
    if type(on) is not date:
        raise TrainError(TrainReason.BAD_CONFIG, f"{where}: on must be a day, such as 2026-11-22")
    if type(networks) is not int or networks < 0:
        raise TrainError(TrainReason.BAD_CONFIG, f"{where}: networks must be a whole number from 0")
    chosen = _text(where, entry, "chosen") if "chosen" in entry else ""
    return Look(_text(where, entry, "set"), on.isoformat(), networks, _text(where, entry, "why"), chosen)


def _text(where: str, entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value.strip():
        raise TrainError(TrainReason.BAD_CONFIG, f"{where}: {name} must be a text that says something")
    return value
