"""TOML files as dataclasses: every key known, every value of its type, one file extending another."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from train.errors import TrainError, TrainReason

MAX_EXTENDS = 8
"""Files that extend one another; more are a circle."""

_T = TypeVar("_T")


def read_toml(path: Path, depth: int = 0) -> dict[str, Any]:
    """Read a file; a key ``extends`` names another, beside it, whose keys hold where this one is silent.

    Raises:
        TrainError: a file is missing, no TOML, or extends itself.
    """
    if depth > MAX_EXTENDS:
        raise TrainError(TrainReason.BAD_CONFIG, f"{path} extends itself; break the circle")
    try:
        data = tomllib.loads(path.read_text())
    except OSError as error:
        raise TrainError(TrainReason.BAD_CONFIG, f"cannot read {path}: {error.strerror}; give a config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainError(TrainReason.BAD_CONFIG, f"{path} is no TOML: {error}") from error
    base = data.pop("extends", None)
    return data if base is None else merged(read_toml(path.parent / str(base), depth + 1), data)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``over``, section by section."""
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if both else value
    return result


def build_sections(sections: Mapping[str, type], data: Mapping[str, Any], source: str) -> dict[str, Any]:
    """``data`` with each of its named sections built.

    Raises:
        TrainError: a section is missing, or as ``build``.
    """
    values = dict(data)
    for name, kind in sections.items():
        if not isinstance(values.get(name), Mapping):
            raise TrainError(TrainReason.BAD_CONFIG, f"{source}: add a section [{name}]")
        values[name] = build(kind, values[name], f"{source}: [{name}]")
    return values


def build(kind: type[_T], values: Mapping[str, Any], where: str) -> _T:
    """A dataclass of ``values``.

    Raises:
        TrainError: a key is missing, unknown or of another type; the message names it and ``where``.
    """
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise TrainError(TrainReason.BAD_CONFIG, f"{where}: unknown key {name!r}; it takes {', '.join(known)}")
    for name, field in known.items():
        if name not in values and field.default is MISSING:
            raise TrainError(TrainReason.BAD_CONFIG, f"{where}: key {name!r} is missing")
        if name in values and field.type in (bool, int, float, str) and not _fits(values[name], field.type):
            raise TrainError(TrainReason.BAD_CONFIG, f"{where}: {name} = {values[name]!r} is no {field.type.__name__}")
    return kind(**values)


def _fits(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float)) if kind is float else isinstance(value, kind)
