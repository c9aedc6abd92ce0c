"""Pooling and normalised scores, by plain loops."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from device.bundle import Bundle, load_bundle
from device.calibration import Calibration
from device.comparison import Comparator, comparator_of, known_recordings, pooled
from device.errors import BundleError, BundleReason, SignalError, SignalReason
from device.manifest import Manifest

CALIBRATION = Calibration(((2.0, -1.0), (3.0, -2.0)))


def units(count: int, size: int, seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(count, size))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def test_scores_equal_a_plain_loop() -> None:
    cohort, references, probe = units(30, 8, 0), units(4, 8, 1), units(1, 8, 2)[0]
    expected = []
    for reference in references:
        cosine = float(probe.astype(float) @ reference.astype(float))
        halves = []
        for side in (probe, reference):
            alike = sorted(float(side.astype(float) @ c.astype(float)) for c in cohort)[-10:]
            mean = sum(alike) / 10
            halves.append((cosine - mean) / (sum((a - mean) ** 2 for a in alike) / 10) ** 0.5)
        expected.append(sum(halves) / 2)
    assert Comparator(cohort, 10, CALIBRATION).against(references).scores(probe) == pytest.approx(expected, rel=1e-9)


def test_a_comparison_does_not_depend_on_who_else_is_enrolled() -> None:
    comparator, references, probe = Comparator(units(30, 8, 0), 10, CALIBRATION), units(4, 8, 1), units(1, 8, 2)[0]
    alone = [float(comparator.against(references[i : i + 1]).scores(probe)[0]) for i in range(4)]
    assert comparator.against(references).scores(probe) == pytest.approx(alone)


@pytest.mark.parametrize(("windows", "slope", "offset"), [(1, 2.0, -1.0), (2, 3.0, -2.0), (9, 3.0, -2.0)])
def test_a_score_is_worth_what_its_number_of_windows_makes_it(windows: int, slope: float, offset: float) -> None:
    scorer, probe = Comparator(units(30, 8, 0), 10, CALIBRATION).against(units(4, 8, 1)), units(1, 8, 2)[0]
    expected = [slope * score + offset for score in scorer.scores(probe).tolist()]
    assert scorer.llr(probe, windows) == pytest.approx(expected)


def test_pooled_is_the_normalised_mean() -> None:
    embeddings = units(7, 8, 3)
    mean = embeddings.astype(float).mean(axis=0)
    assert pooled(embeddings) == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_nothing_to_pool() -> None:
    with pytest.raises(SignalError) as caught:
        pooled([])
    assert caught.value.reason is SignalReason.TOO_FEW_GOOD_WINDOWS
    one = units(1, 8, 4)[0]
    with pytest.raises(SignalError, match="cancel out"):
        pooled([one, -one])


def test_a_bundle_brings_its_cohort(bundle: Bundle) -> None:
    scorer = comparator_of(bundle).against(units(2, 24, 5))
    assert scorer.scores(units(1, 24, 6)[0]).shape == (2,)


@pytest.fixture
def with_cohort(
    bundle_copy: Path, manifest_of: Callable[..., Manifest], sign: Callable[[Path], None]
) -> Callable[..., Bundle]:
    """The bundle, signed, with other arrays in the cohort's file; the file's bytes where there are no arrays."""

    def made(content: bytes = b"", **arrays: np.ndarray) -> Bundle:
        file = bundle_copy / "cohort.npz"
        if arrays:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        else:
            file.write_bytes(content)
        (bundle_copy / "manifest.json").write_text(manifest_of(bundle_copy).to_json())
        sign(bundle_copy)
        return load_bundle(bundle_copy)

    return made


@pytest.mark.parametrize(
    "cohort",
    [
        np.zeros((19, 24)),
        np.zeros((40, 23)),
        np.zeros((40, 25)),
        np.zeros(24),
        np.zeros((40, 24), np.int64),
        np.full((40, 24), np.inf),
    ],
)
def test_a_cohort_that_does_not_fit_is_refused(cohort: np.ndarray, with_cohort: Callable[..., Bundle]) -> None:
    bundle = with_cohort(references=cohort)
    with pytest.raises(BundleError, match=r"cohort\.npz: references") as caught:
        comparator_of(bundle)
    assert caught.value.reason is BundleReason.MALFORMED


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive of arrays"])
def test_a_cohort_that_cannot_be_read_is_refused(content: bytes, with_cohort: Callable[..., Bundle]) -> None:
    bundle = with_cohort(content)
    for ask in (comparator_of, known_recordings):
        with pytest.raises(BundleError, match=r"cohort\.npz cannot be read: .") as caught:
            ask(bundle)
        assert caught.value.reason is BundleReason.MALFORMED
        assert "\n" not in str(caught.value)


def test_whom_a_bundle_knows_is_told(with_cohort: Callable[..., Bundle]) -> None:
    assert known_recordings(with_cohort(known=np.array(["0a", "f1", "0a"]))) == {"0a", "f1"}
    assert known_recordings(with_cohort(references=np.zeros((40, 24)))) == frozenset()


@pytest.mark.parametrize(
    "known", [np.zeros(3), np.array([b"0a"]), np.zeros(3, "V4"), np.array([["0a"]]), np.array("0a")]
)
def test_those_whom_a_bundle_knows_are_texts(known: np.ndarray, with_cohort: Callable[..., Bundle]) -> None:
    bundle = with_cohort(known=known)
    with pytest.raises(BundleError, match=r"cohort\.npz: known is no list of texts") as caught:
        known_recordings(bundle)
    assert caught.value.reason is BundleReason.MALFORMED
