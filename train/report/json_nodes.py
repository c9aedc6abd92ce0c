"""JSON whose faults name the file and the key."""

import json
import math
from pathlib import Path
from typing import Any, NoReturn

from train.errors import TrainError, TrainReason


class Node:
    """A value of a file, and where in it the value stands; each reader raises TrainError, BAD_CONFIG."""

    def __init__(self, value: Any, source: Path, key: str = "") -> None:
        self.value = value
        self.source = source
        self._key = key

    def fault(self, says: str) -> NoReturn:
        """Raise what is wrong with this value."""
        raise TrainError(TrainReason.BAD_CONFIG, f"{self.source}: {self._key or 'the whole file'} {says}")

    def get(self, name: str) -> "Node | None":
        """The value under a key, None where the key is missing."""
        if not isinstance(self.value, dict):
            self.fault("must be an object")
        key = f"{self._key}.{name}" if self._key else name
        return Node(self.value[name], self.source, key) if name in self.value else None

    def at(self, name: str) -> "Node":
        """The value under a key."""
        found = self.get(name)
        if found is None:
            Node(None, self.source, f"{self._key}.{name}" if self._key else name).fault("is missing")
        return found

    def items(self) -> list["Node"]:
        """The values of a list."""
        if not isinstance(self.value, list):
            self.fault("must be a list")
        return [Node(value, self.source, f"{self._key}[{i}]") for i, value in enumerate(self.value)]

    def numbers(self) -> dict[str, float]:
        """An object whose values are numbers."""
        if not isinstance(self.value, dict):
            self.fault("must be an object")
        return {name: self.at(name).number() for name in self.value}

    def text(self) -> str:
        """A text."""
        if not isinstance(self.value, str):
            self.fault("must be a text")
        return self.value

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)):
            self.fault("must be a number")
        if not math.isfinite(self.value):
            self.fault("must be finite")
        return float(self.value)

    def count(self) -> int:
        """A whole number that is not negative."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 0:
            self.fault("must be a whole number from 0")
        return self.value

    def share(self) -> float:
        """A number from 0 to 1."""
        value = self.number()
        if not 0.0 <= value <= 1.0:
            self.fault(f"= {value:g} must be a share, 0 to 1")
        return value


def read_json(path: Path) -> Node:
    """Read a file.

    Raises:
        TrainError: BAD_CONFIG, it cannot be read or is no JSON.
    """
    try:
        return Node(json.loads(path.read_bytes(), parse_constant=_refuse, parse_int=_whole), path)
    except OSError as error:
        raise TrainError(TrainReason.BAD_CONFIG, f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise TrainError(TrainReason.BAD_CONFIG, f"{path} is no JSON: {error}; make the run again") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _whole(digits: str) -> int:
    if len(digits) > 18:
        raise ValueError(f"{digits[:18]}... has too many digits")
    return int(digits)
