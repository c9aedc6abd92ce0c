"""A shipped manifest with one value exchanged for another: refused in one line, or it means what it says."""

import copy
import json
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st

from device.bundle import checked_bundle, default_bundle_path
from device.manifest import MANIFEST_NAME, Manifest
from tests.fuzzing.files import refused

T = TypeVar("T")
FOLDER = default_bundle_path()
SHIPPED: dict[str, Any] = json.loads((FOLDER / MANIFEST_NAME).read_text(encoding="utf-8"))
NAMES = st.sampled_from(["name", "bytes", "a\nb", "", "../x", "\u2028", *SHIPPED]) | st.text(max_size=5)
SCALARS = (
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)),
    st.sampled_from([0, 1, 2, 0.0, 1.0, -1, 0.75, 2**53 + 1, 10**400, "", " ", "a\nb", "0" * 64]),
)
VALUES = st.one_of(
    *SCALARS,
    st.lists(st.one_of(*SCALARS), max_size=3),
    st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(-3.0, 3.0)).map(list), max_size=3),
    st.dictionaries(NAMES, st.one_of(*SCALARS), max_size=3),
)


def same(read: Any, written: Any) -> bool:
    """Equal as JSON: true is no 1; a number that is read as a float is the one nearest to what was written."""
    if isinstance(read, bool) or isinstance(written, bool) or not isinstance(read, (int, float, list, dict)):
        return type(read) is type(written) and bool(read == written)
    if isinstance(read, dict):
        return (
            isinstance(written, dict)
            and list(map(sorted, (read, written))) == 2 * [sorted(read)]
            and all(same(read[key], written[key]) for key in read)
        )
    if isinstance(read, list):
        return isinstance(written, list) and len(read) == len(written) and all(map(same, read, written))
    if not isinstance(written, (int, float)):
        return False
    return bool(read == written) if isinstance(read, int) else read == float(written)


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    """The manifest with a value, or with a member more, at any depth."""
    manifest = copy.deepcopy(SHIPPED)
    inner: Any = manifest
    while True:
        places = sorted(inner) if isinstance(inner, dict) else list(range(len(inner)))
        place = draw(st.sampled_from(places))
        within = inner[place]
        if not isinstance(within, (dict, list)) or not within or draw(st.integers(0, 7)) == 0:
            break
        inner = within
    if isinstance(inner, dict) and draw(st.integers(0, 7)) == 0:
        place = draw(NAMES)
    inner[place] = draw(VALUES)
    return manifest


def with_true_for_one() -> dict[str, Any]:
    """A coefficient that Python would take for the number it stands for."""
    manifest = copy.deepcopy(SHIPPED)
    assert manifest["front_end"]["sections"][0][3] == 1.0
    manifest["front_end"]["sections"][0][3] = True
    return manifest


def test_what_is_compared_would_be_seen() -> None:
    assert same(Manifest.from_dict(SHIPPED).to_dict(), SHIPPED)
    for read, written in (
        (1, True),
        (1.5, 1),
        (1, "1"),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ({}, {"a": None}),
        ("", None),
    ):
        assert not same(read, written)
        assert not same([written], [read])


def read_or_told(read: Callable[[], T], told: list[bool]) -> T | None:
    """What was read; None where it was refused, in one line."""
    found: list[T] = []
    told.append(refused(lambda: found.append(read())))
    return found[0] if found else None


def test_a_changed_manifest_is_refused_in_one_line_or_means_what_it_says() -> None:
    told: list[bool] = []

    @settings(max_examples=1500, derandomize=True, deadline=None)
    @given(changed())
    @example(with_true_for_one())
    def either(written: dict[str, Any]) -> None:
        text = json.dumps(written)
        manifest = read_or_told(lambda: Manifest.from_json(text), told)
        if manifest is None:
            return
        assert same(manifest.to_dict(), written)
        assert Manifest.from_json(manifest.to_json()) == manifest
        bundle = read_or_told(lambda: checked_bundle(FOLDER, text.encode()), [])
        if bundle is not None:
            assert same(bundle.front_end.to_dict(), written["front_end"])

    either()
    assert min(told.count(True), told.count(False)) > 50
