"""What a run found, as reports read it: ``result.json`` and ``predictions.npz``."""

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score

from train.distillation.config import DistillationConfig, Modality
from train.distillation.model import Model, features_of
from train.protocols import SHOTS, Split, few_shot, rivals
from train.protocols.few_shot import POOL_WINDOWS

RESULT = "result.json"
PREDICTIONS = "predictions.npz"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A model's answers on the windows that test."""

    scores: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    """``label`` (n,) number in ``people``, ``features`` (n, size), and for seen people ``predicted`` (n,)."""
    people: tuple[str, ...]
    windows: int


def measure(config: DistillationConfig, model: Model, split: Split, device: torch.device) -> Measured:
    """Test a trained model by its protocol.

    Seen people whose record numbers are so near that they may be one are never impostors of each other: the answer is
    looked for among the others. ``oa_every_rival`` has no such exception.

    Args:
        config: the experiment.
        model: trained.
        split: its windows.
        device: where the model is.
    """
    test = split.test
    ppg = config.modality == Modality.PPG
    chosen = np.ones(test.label.size, dtype=np.bool_) if ppg else test.has_ecg
    features = features_of(model, (test.ppg if ppg else test.ecg)[chosen], device)
    label = test.label[chosen]
    arrays: dict[str, NDArray[Any]] = {"label": label.astype(np.int16), "features": features.astype(np.float16)}
    if split.closed:
        with torch.inference_mode():
            logits = model.classifier(torch.from_numpy(features).to(device)).cpu().numpy()
        predicted = np.where(rivals(test)[label], logits, -np.inf).argmax(axis=1)
        arrays["predicted"] = predicted.astype(np.int16)
        scores = _sample_wise(label, predicted, len(test.people))
        scores["oa_every_rival"] = float(accuracy_score(label, logits.argmax(axis=1)))
    else:
        scores = _subject_wise(features, label, test.people)
    return Measured(scores, arrays, test.people, int(label.size))


def write_result(folder: Path, measured: Measured, facts: dict[str, Any]) -> None:
    """Write both files, each whole or not at all; the result comes last, and says that the run is done.

    Args:
        folder: of the run.
        measured: the answers.
        facts: what else the result states.
    """
    result = {
        "format_version": FORMAT_VERSION,
        "people": list(measured.people),
        "test_windows": measured.windows,
        "scores": measured.scores,
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **measured.arrays)
    _replace(folder / PREDICTIONS, buffer.getvalue())
    _replace(folder / RESULT, json.dumps(result | facts).encode())


def _sample_wise(label: NDArray[np.int64], predicted: NDArray[np.int64], people: int) -> dict[str, Any]:
    return {
        "oa": float(accuracy_score(label, predicted)),
        "macro_f1": float(f1_score(label, predicted, average="macro", zero_division=0.0)),
        "per_person": {
            "hits": np.bincount(label[label == predicted], minlength=people).tolist(),
            "probes": np.bincount(label, minlength=people).tolist(),
        },
    }


def _subject_wise(features: NDArray[np.float32], label: NDArray[np.int64], people: tuple[str, ...]) -> dict[str, Any]:
    everyone = [features[label == number] for number in range(len(people))]
    probed = [i for i, one in enumerate(everyone) if len(one) > POOL_WINDOWS]
    results = [few_shot([everyone[i] for i in probed], shots) for shots in SHOTS]
    return {
        "probed": [people[i] for i in probed],
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


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)
