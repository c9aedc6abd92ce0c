import numpy as np
import torch

from export.whiten import whitened
from train.networks import build_network
from train.selection import embed
from train.whitening import SHRINKAGE, whitening
from train.windows import PersonWindows


def people() -> list[PersonWindows]:
    rng = np.random.default_rng(0)
    made = []
    for number in range(5):
        t = np.arange(300) / 125.0
        phase = rng.uniform(0, 6, (30, 1)) + 2 * np.pi * (1 + 0.1 * number) * t
        made.append(PersonWindows(str(number), (np.cos(phase) + 0.3 * np.cos(2 * phase + number)).astype(np.float32)))
    return made


def test_the_folded_network_is_the_matrix_after_the_network() -> None:
    torch.manual_seed(0)
    network = build_network("mobilenetv1", 0.25, 16)
    windows = people()
    everything = torch.from_numpy(np.concatenate([one.pulse for one in windows]))[:, None, None, :]
    with torch.no_grad():
        network.norm.bias.normal_()
        for _ in range(30):
            network.train()(everything)
    network.eval()
    others = [PersonWindows(one.subject, one.pulse[:, ::-1].copy()) for one in windows[:2]]
    matrix = whitening([[embed(network, one.pulse) for one in kind] for kind in (windows, others)])
    batch = torch.from_numpy(windows[0].pulse)[:, None, None, :]
    with torch.inference_mode():
        expected = network(batch).double().numpy() @ matrix.T
        got = whitened(network, windows, others)(batch).double().numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_within_person_scatter_becomes_round() -> None:
    rng = np.random.default_rng(1)
    scales = np.array([2.0, 1.0, 0.5, 0.25])
    groups = [(rng.normal(size=4) + scales * rng.normal(size=(500, 4))).astype(np.float32) for _ in range(6)]
    matrix = whitening([groups])
    before = np.mean([np.cov(one.T) for one in groups], axis=0)
    after = matrix @ before @ matrix.T
    level = np.trace(before) / 4 * SHRINKAGE
    expected = np.array([v / (v + level) for v in np.linalg.eigvalsh(before)])
    got = np.linalg.eigvalsh(after)
    np.testing.assert_allclose(got / got.max(), expected / expected.max(), rtol=0.02)


def test_a_noisier_sensor_counts_as_much_as_the_other() -> None:
    rng = np.random.default_rng(2)
    quiet = [(rng.normal(size=(400, 2)) * (0.1, 0.01)).astype(np.float32) for _ in range(3)]
    loud = [(rng.normal(size=(400, 2)) * (1.0, 10.0)).astype(np.float32) for _ in range(3)]
    scatters = []
    for people in (quiet, loud):
        total = np.zeros((2, 2))
        for one in people:
            for row in one.astype(np.float64) - one.mean(axis=0, dtype=np.float64):
                total += np.outer(row, row)
        scatters.append(total / np.trace(total))
    mean = 0.5 * (scatters[0] + scatters[1])
    matrix = whitening([quiet, loud])
    np.testing.assert_allclose(
        matrix @ (mean + SHRINKAGE * 0.5 * np.eye(2)) @ matrix.T, np.eye(2) * matrix_scale(mean), atol=1e-9
    )


def matrix_scale(covariance: np.ndarray) -> float:
    """What becomes of a whitened direction, since the matrix keeps the trace of an identity."""
    values = np.linalg.eigvalsh(covariance + SHRINKAGE * np.trace(covariance) / 2 * np.eye(2))
    return float((2.0 / np.sum(values**-0.5)) ** 2)
