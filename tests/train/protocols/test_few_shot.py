import math

import numpy as np
import pytest

from train.protocols import few_shot
from train.protocols.few_shot import FMR, POOL_WINDOWS


def people(count: int = 5, windows: int = 37, spread: float = 0.8) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    result = []
    for _ in range(count):
        rows = rng.normal(size=8) + spread * rng.normal(size=(windows, 8))
        result.append((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))
    return result


@pytest.mark.parametrize("shots", [1, 5, 10])
def test_rates_equal_a_plain_loop(shots: int) -> None:
    everyone = people()
    found = few_shot(everyone, shots, draws=3, seed=4)
    rng = np.random.default_rng(4)
    oas, fnmrs = [], []
    for _ in range(3):
        references = []
        for one in everyone:
            mean = [0.0] * 8
            for pick in rng.permutation(POOL_WINDOWS)[:shots]:
                mean = [a + float(b) for a, b in zip(mean, one[pick], strict=True)]
            length = math.sqrt(sum(a * a for a in mean))
            references.append([a / length for a in mean])
        hits, total, mated, other = 0, 0, [], []
        for i, one in enumerate(everyone):
            for probe in one[POOL_WINDOWS:]:
                scores = [sum(float(a) * b for a, b in zip(probe, r, strict=True)) for r in references]
                hits += all(scores[i] > score for j, score in enumerate(scores) if j != i)
                total += 1
                mated.append(scores[i])
                other += [score for j, score in enumerate(scores) if j != i]
        oas.append(hits / total)
        fnmrs.append(
            min(
                sum(m < t for m in mated) / len(mated)
                for t in [*mated, *other, math.inf]
                if sum(o >= t for o in other) / len(other) <= FMR
            )
        )
    assert found.oa == pytest.approx(sum(oas) / 3, abs=1e-6)
    assert found.fnmr == pytest.approx(sum(fnmrs) / 3, abs=0.02)
    assert found.probes.tolist() == [12] * 5
    assert float(found.hits.sum() / found.probes.sum()) == pytest.approx(found.oa)


def test_probes_are_the_same_whatever_the_number_of_shots_and_never_enrol() -> None:
    everyone = people(windows=30)
    changed = [np.concatenate((one[:POOL_WINDOWS], one[POOL_WINDOWS:][::-1])) for one in everyone]
    for shots in (1, 10):
        assert few_shot(everyone, shots).oa == pytest.approx(few_shot(changed, shots).oa)
        assert few_shot(everyone, shots).probes.tolist() == [5] * 5


def test_people_told_apart_perfectly_and_not_at_all() -> None:
    axes = [np.repeat(np.eye(4, dtype=np.float32)[i : i + 1], 30, axis=0) for i in range(4)]
    perfect = few_shot(axes, 5)
    assert (perfect.oa, perfect.eer, perfect.fnmr) == (1.0, 0.0, 0.0)
    same = [axes[0]] * 4
    assert few_shot(same, 5).oa == 0.0
