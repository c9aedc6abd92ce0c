"""Strict reading of JSON objects: each fault is one line that names the field."""

import json
import math
from collections.abc import Mapping
from typing import Any

from device.errors import BundleError, BundleReason


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:40]} is no number that can be kept")
    return value


def parse_json(text: str, origin: str) -> object:
    """Parse strict JSON (no NaN, no Infinity).

    Raises:
        BundleError: MALFORMED, naming `origin`, where it is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise BundleError(BundleReason.MALFORMED, f"{origin} is not JSON: {error}") from None


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_float, value))


def _is_float(value: object) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer above the largest float
        return False


class Fields:
    """One JSON object, read field by field; `close` refuses whatever nobody asked for."""

    def __init__(self, value: object, where: str) -> None:
        self.where = where
        if not isinstance(value, dict):
            raise self._fault("", "must be an object")
        self._left: dict[str, Any] = dict(value)

    def _fault(self, key: str, what: str) -> BundleError:
        name = f"{self.where}: {key}" if key else self.where
        # A field's name may hold anything, and a fault is one line.
        return BundleError(BundleReason.MALFORMED, " ".join(f"{name} {what}".split()))

    def _take(self, key: str) -> Any:
        if key not in self._left:
            raise self._fault(key, "is missing")
        return self._left.pop(key)

    def names(self) -> list[str]:
        """The fields that nobody has read yet."""
        return list(self._left)

    def text(self, key: str) -> str:
        """A string that is not empty."""
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            raise self._fault(key, "must be a text that is not empty")
        return value

    def integer(self, key: str, *, minimum: int) -> int:
        """An integer >= minimum (true and false are not integers)."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise self._fault(key, f"must be an integer >= {minimum}")
        return value

    def number(self, key: str, *, low: float, high: float) -> float:
        """A finite number within [low, high]."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._fault(key, "must be a number")
        if not low <= value <= high:
            raise self._fault(key, f"must be within [{low:g}, {high:g}]")
        return float(value)

    def pairs(self, key: str) -> tuple[tuple[float, float], ...]:
        """A list, not empty, of lists of two finite numbers."""
        value = self._take(key)
        if not isinstance(value, list) or not value or not all(map(_is_pair, value)):
            raise self._fault(key, "must be a list of pairs of numbers")
        return tuple((float(one), float(other)) for one, other in value)

    def fields(self, key: str) -> "Fields":
        """A nested object."""
        return Fields(self._take(key), f"{self.where}: {key}")

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A nested object, taken as it is."""
        value = self._take(key)
        if not isinstance(value, dict):
            raise self._fault(key, "must be an object")
        return value

    def objects(self, key: str) -> list[dict[str, Any]]:
        """A list of objects, taken as they are."""
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._fault(key, "must be a list of objects")
        return value

    def close(self) -> None:
        """Refuse fields that nobody read: a misspelt field is a fault, not a silence."""
        if self._left:
            raise self._fault(sorted(self._left)[0], "is not a field of this format")
