import numpy as np
import pytest

from export.errors import ExportError, ExportReason
from export.parity import MAX_EER_SHIFT, MIN_COSINE, MIN_MEAN_COSINE, Parity, compare, require_same_steps
from train.selection import DevScore


def unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def parity(**changes: float) -> Parity:
    """One that just passes, changed."""
    values = {"mean": MIN_MEAN_COSINE, "least": MIN_COSINE, "window": 0.03 + MAX_EER_SHIFT, "decision": 0.02} | changes
    int8 = DevScore(values["window"] - 1e-9, values["decision"])
    return Parity("model.int8.tflite", 2000, values["mean"], values["least"], DevScore(0.03, 0.02), int8)


def test_cosines_are_those_of_every_window() -> None:
    rng = np.random.default_rng(0)
    fp32 = [unit(rng.normal(size=(40, 16))) for _ in range(4)]
    int8 = [unit(one + 0.1 * rng.normal(size=one.shape)) for one in fp32]
    found = compare("m", fp32, int8)
    cosines = [float(a @ b) for x, y in zip(fp32, int8, strict=True) for a, b in zip(x, y, strict=True)]
    assert found.windows == len(cosines) == 160
    assert found.cosine_mean == pytest.approx(sum(cosines) / 160, abs=1e-6)
    assert found.cosine_min == pytest.approx(min(cosines), abs=1e-6)
    same = compare("m", fp32, fp32)
    assert same.eer_shift == 0.0
    same.require()


def test_what_just_passes_passes() -> None:
    parity().require()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mean": MIN_MEAN_COSINE - 1e-4}, r"mean cosine 0\.9979 to float \(needs 0\.998\)"),
        ({"least": MIN_COSINE - 1e-4}, r"least cosine 0\.9699 to float \(needs 0\.97\)"),
        ({"window": 0.0325}, r"EER shift \+0\.25 points \(at most 0\.1\)"),
        ({"decision": 0.018, "window": 0.03}, r"EER shift -0\.20 points"),
        ({"mean": float("nan")}, "mean cosine nan"),
    ],
)
def test_what_falls_short_is_refused_with_its_figure(changes: dict[str, float], says: str) -> None:
    with pytest.raises(ExportError, match=says) as caught:
        parity(**changes).require()
    assert caught.value.reason is ExportReason.PARITY
    assert (
        "with --fine-tune EPOCHS, or with more of them, so that it learns to bear INT8; no bundle was written"
        in str(caught.value)
    )
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("has_sums", "most"), [(False, 2), (True, 8)])
def test_both_formats_answer_in_the_same_steps(has_sums: bool, most: int) -> None:
    scale = 0.0245
    steps = np.random.default_rng(1).integers(-128, 128, (50, 12))
    tflite = (steps * scale).astype(np.float32)
    other = steps.copy()
    other[7, 3] += most
    assert require_same_steps(tflite, tflite, scale, has_sums=has_sums) == 0
    assert require_same_steps(tflite, (other * scale).astype(np.float32), scale, has_sums=has_sums) == most
    other[31, 0] -= most + 1
    with pytest.raises(ExportError, match=f"differ by {most + 1} steps") as caught:
        require_same_steps(tflite, (other * scale).astype(np.float32), scale, has_sums=has_sums)
    assert caught.value.reason is ExportReason.PARITY
