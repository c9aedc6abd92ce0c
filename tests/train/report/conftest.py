"""Runs made up as ``train.distillation.result`` writes them: tiny, seeded, of any method."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from train.protocols import SHOTS, few_shot

PEOPLE = 6
WINDOWS = 32
"""Of each person; more than are kept for enrolment."""
SIZE = 8


class Maker:
    """Writes run folders into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people = [f"p{i}" for i in range(PEOPLE)]
        self.windows = WINDOWS

    def __call__(
        self,
        method: str,
        seed: int = 1,
        *,
        kind: str = "sample-wise",
        stage: str = "test",
        network: str = "shufflenetv1",
        width: float = 0.25,
        noise: float = 0.5,
        name: str = "",
        predictions: bool = True,
        config: dict[str, Any] | None = None,
    ) -> Path:
        """One run; more ``noise`` makes a worse network."""
        name = name or f"{method}-{network}-{width:g}-{kind}-{stage}"
        folder = self.folder / f"{name}-s{seed}"
        folder.mkdir(parents=True)
        label, features, predicted = self._answers([seed, *name.encode()], noise)
        arrays = {"label": label.astype(np.int16), "features": features}
        if kind == "sample-wise":
            arrays["predicted"] = predicted.astype(np.int16)
            scores = sample_wise(label, predicted, len(self.people))
        else:
            scores = subject_wise(features, label, self.people)
        result = {
            "format_version": 1,
            "people": self.people,
            "test_windows": int(label.size),
            "scores": scores,
            "config": config_of(name, method, seed, kind, stage, network, width) | (config or {}),
            "train_people": len(self.people),
            "train_windows": 1234,
            "left_out": ["few"],
            "curves": [{"task": 3.0 - i, "loss": 3.0 - i + noise, "train OA": 0.2 + 0.2 * i} for i in range(3)],
            "cost": {"train_s": 61.5 + seed, "device": "cpu", "threads": 2, "parameters": 241048, "macs": 3233744},
        }
        (folder / "result.json").write_text(json.dumps(result))
        if predictions:
            np.savez(folder / "predictions.npz", **arrays)
        return folder

    def _answers(self, seed: list[int], noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels, features around a place of each person, and whose place is nearest."""
        label = np.repeat(np.arange(len(self.people)), self.windows)
        centres = np.random.default_rng(5).normal(size=(len(self.people), SIZE))
        scatter = np.random.default_rng(seed).normal(size=(label.size, SIZE))
        features = (centres[label] + noise * scatter).astype(np.float16)
        return label, features, np.argmin(((features[:, None, :] - centres) ** 2).sum(axis=2), axis=1)


def config_of(name: str, method: str, seed: int, kind: str, stage: str, network: str, width: float) -> dict[str, Any]:
    return {
        "name": name,
        "method_name": method,
        "seed": seed,
        "threads": 2,
        "modality": "ecg" if method == "teacher" else "ppg",
        "network": {"name": network, "width": width, "embedding_size": SIZE},
        "protocol": {"kind": kind, "stage": stage, "min_good": 0.5, "align_delay": False},
        "method": {"kd": 0.0 if method in ("none", "teacher") else 0.5},
        "augment": {"noise": 0.1},
        "schedule": {"epochs": 3},
        "teacher": "",
    }


def sample_wise(label: np.ndarray, predicted: np.ndarray, people: int) -> dict[str, Any]:
    hits = [int(((label == i) & (predicted == i)).sum()) for i in range(people)]
    probes = [int((label == i).sum()) for i in range(people)]
    oa = sum(hits) / sum(probes)
    return {"oa": oa, "macro_f1": 0.9 * oa, "oa_every_rival": 0.8 * oa, "per_person": {"hits": hits, "probes": probes}}


def subject_wise(features: np.ndarray, label: np.ndarray, people: list[str]) -> dict[str, Any]:
    rows = features.astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    results = [few_shot([rows[label == i] for i in range(len(people))], shots) for shots in SHOTS]
    return {
        "probed": people,
        "shots": [
            {
                "n": one.shots,
                "oa": one.oa,
                "eer": one.eer,
                "fnmr_at_fmr_1": one.fnmr,
                "draw_oa": one.draw_oa.tolist(),
                "draw_eer": one.draw_eer.tolist(),
                "hits": one.hits.tolist(),
                "probes": one.probes.tolist(),
            }
            for one in results
        ],
    }


def change(folder: Path, *keys: str | int, to: Any) -> None:
    """Set one value of a run's result, or take it out where ``to`` is ``...``."""
    result = json.loads((folder / "result.json").read_text())
    inner = result
    for key in keys[:-1]:
        inner = inner[key]
    if to is ...:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = to
    (folder / "result.json").write_text(json.dumps(result))


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "runs")
