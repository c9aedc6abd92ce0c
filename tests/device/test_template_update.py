"""Templates follow the pulse within a cap around what was enrolled, and after confirmed accepts only."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from device.errors import GalleryError, GalleryReason
from device.gallery import Gallery
from device.template_update import RULE, UpdateRule

UNBOUNDED = UpdateRule(weight=0.2, min_cosine=-1.0, margin_llr=0.0)
SIZE = 6

coordinates = hnp.arrays(np.float64, SIZE, elements=st.floats(-1.0, 1.0))
units = coordinates.filter(lambda one: np.linalg.norm(one) > 1e-3).map(
    lambda one: np.asarray(one / np.linalg.norm(one), dtype=np.float32)
)
rules = st.builds(
    UpdateRule, weight=st.floats(0.01, 0.49), min_cosine=st.floats(0.0, 1.0), margin_llr=st.floats(0.0, 5.0)
)


def unit(seed: int, size: int = 96) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).standard_normal(size)
    return np.asarray(values / np.linalg.norm(values), dtype=np.float32)


@settings(max_examples=50)
@given(rules, units, st.lists(units, min_size=1, max_size=6), st.integers(1, 8))
def test_no_sequence_of_probes_leaves_the_cap(
    rule: UpdateRule, anchor: NDArray[np.float32], probes: list[NDArray[np.float32]], times: int
) -> None:
    template = anchor
    for probe in probes * times:
        template = rule.moved(anchor, template, probe)
        assert abs(math.sqrt(sum(float(x) ** 2 for x in template)) - 1.0) < 1e-6
        assert sum(float(x) * float(y) for x, y in zip(anchor, template, strict=True)) > rule.min_cosine - 1e-6


def test_within_the_cap_it_is_the_weighted_mean() -> None:
    anchor, probe = np.array([1.0, 0.0, 0.0], np.float32), np.array([0.0, 1.0, 0.0], np.float32)
    once = UNBOUNDED.moved(anchor, anchor, probe)
    length = math.sqrt(0.8**2 + 0.2**2)
    np.testing.assert_allclose(once, [0.8 / length, 0.2 / length, 0.0], atol=1e-7)


def test_the_edge_of_the_cap_is_the_nearest_point() -> None:
    """In the plane of anchor and mean, on the mean's side: no other direction of the cap is nearer to the mean."""
    rule = UpdateRule(weight=0.4, min_cosine=0.95, margin_llr=0.0)
    anchor, probe = unit(1, 3), unit(2, 3)
    free = UpdateRule(weight=0.4, min_cosine=-1.0, margin_llr=0.0).moved(anchor, anchor, probe)
    held = rule.moved(anchor, anchor, probe)
    assert float(anchor @ free) < 0.95
    assert float(anchor @ held) == pytest.approx(0.95, abs=1e-6)
    rng = np.random.default_rng(0)
    others = [one / np.linalg.norm(one) for one in anchor + 0.4 * rng.standard_normal((2000, 3))]
    assert max(float(one @ free) for one in others if float(anchor @ one) >= 0.95) <= float(held @ free) + 1e-6


@settings(max_examples=20)
@given(units, units)
def test_repeated_probes_come_ever_nearer_and_without_a_bound_arrive(
    anchor: NDArray[np.float32], probe: NDArray[np.float32]
) -> None:
    if float(anchor @ probe) < -0.99:  # opposite: no side to go round
        return
    free = held = anchor
    for _ in range(100):
        nearer = RULE.moved(anchor, held, probe)
        assert float(nearer @ probe) >= float(held @ probe) - 1e-6
        free, held = UNBOUNDED.moved(anchor, free, probe), nearer
    assert float(free @ probe) > 0.999
    assert float(held @ anchor) >= RULE.min_cosine - 1e-6


def test_an_accept_needs_the_margin() -> None:
    assert RULE.margin_llr > 0.0
    assert RULE.is_confident(RULE.margin_llr)
    assert not RULE.is_confident(RULE.margin_llr - 1e-9)


@pytest.mark.parametrize(
    ("weight", "cosine", "margin"), [(0.0, 0.9, 0.0), (0.5, 0.9, 0.0), (0.2, 1.1, 0.0), (0.2, 0.9, -1.0)]
)
def test_rules_that_are_none(weight: float, cosine: float, margin: float) -> None:
    with pytest.raises(ValueError, match="no rule"):
        UpdateRule(weight, cosine, margin)


def test_the_store_keeps_both(tmp_path: Path) -> None:
    with Gallery(tmp_path / "gallery.sqlite") as gallery:
        for seed, name in enumerate(("Ann", "Ben")):
            gallery.enrol(name, "m1", unit(seed), 20)
        gallery.move("Ann", unit(9), RULE)
        gallery.move("Ann", unit(8), RULE)
    with Gallery(tmp_path / "gallery.sqlite") as gallery:
        gallery.store.rekey()
        expected = RULE.moved(unit(0), RULE.moved(unit(0), unit(0), unit(9)), unit(8))
        np.testing.assert_array_equal(gallery.references("m1").embeddings, np.stack([expected, unit(1)]))
        np.testing.assert_array_equal(gallery.as_enrolled("Ann", "m1"), unit(0))
        np.testing.assert_array_equal(gallery.parcel("Ann").reference, unit(0))
        assert [(one.event, one.person) for one in gallery.log_entries()[-3:]] == [
            ("move", "Ann"),
            ("move", "Ann"),
            ("rekey", ""),
        ]
        gallery.update("Ann", unit(7), 40)
        np.testing.assert_array_equal(gallery.as_enrolled("Ann", "m1"), unit(7))
        np.testing.assert_array_equal(gallery.reference_of("Ann", "m1").embeddings[0], unit(7))


def test_nobody_else_is_moved(tmp_path: Path) -> None:
    with Gallery(tmp_path / "gallery.sqlite") as gallery:
        gallery.enrol("Ann", "m1", unit(0), 20)
        with pytest.raises(GalleryError, check=lambda error: error.reason is GalleryReason.UNKNOWN_NAME):
            gallery.move("Ben", unit(1), RULE)
        with pytest.raises(GalleryError, check=lambda error: error.reason is GalleryReason.OTHER_MODEL):
            gallery.as_enrolled("Ann", "m2")
