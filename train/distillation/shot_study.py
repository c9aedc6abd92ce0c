"""Where more shots help and where they hurt: every way to pool them, on the same draws."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from device.bundle import load_bundle
from device.embedders import load_embedder
from train.cohorts import read_bidmc
from train.distillation.result import PREDICTIONS
from train.errors import TrainError, TrainReason
from train.protocols.few_shot import POOL_WINDOWS, few_shot
from train.protocols.prototypes import PROTOTYPES, Embeddings
from train.windows import good_windows


def study(people: list[Embeddings], shots: tuple[int, ...]) -> list[str]:
    """A Markdown table, a line a row.

    Args:
        people: embeddings (n, d) of each person's good windows without overlap, in order of time.
        shots: the N.

    Raises:
        TrainError: fewer than two people have windows after their first minute, or N is no number of shots.
    """
    for n in shots:
        if not 1 <= n <= POOL_WINDOWS:
            raise TrainError(
                TrainReason.BAD_CONFIG,
                f"{n} shots cannot be drawn from {POOL_WINDOWS} windows; give 1 to {POOL_WINDOWS}",
            )
    probed = [one for one in people if len(one) > POOL_WINDOWS]
    if len(probed) < 2:
        raise TrainError(
            TrainReason.TOO_FEW_PEOPLE, f"{len(probed)} people have more than {POOL_WINDOWS} good windows; give more"
        )
    lines = [f"{len(probed)} people, within one recording each.", "", "| pooled by | N | OA | EER | FNMR at FMR 1 % |"]
    lines.append("|---|---|---|---|---|")
    for name, prototype in PROTOTYPES.items():
        for n in shots:
            found = few_shot(probed, n, prototype)
            lines.append(f"| {name} | {n} | {found.oa:.2%} | {found.eer:.2%} | {found.fnmr:.1%} |".replace("%", " %"))
    return lines


def bundle_embeddings(bundle: Path | None, recordings: Path) -> list[Embeddings]:
    """What a bundle's INT8 model says of everyone in BIDMC.

    Raises:
        BundleError: the bundle cannot be used.
        RecordingError: the recordings cannot be read.
    """
    read = load_bundle(bundle)
    embedder = load_embedder(read)
    # The device's windows overlap; a shot that shares its samples with another is no further one.
    apart = replace(read.front_end, hop_samples=read.front_end.window_samples)
    people = [good_windows(one.recording, apart) for one in read_bidmc(recordings / "bidmc")]
    return [
        np.array([embedder.embed(window) for window in one.pulse]).reshape(-1, embedder.embedding_size)
        for one in people
    ]


def run_embeddings(folder: Path) -> list[Embeddings]:
    """What a subject-wise run said of the people it was tested on.

    Raises:
        TrainError: NO_DATA, the folder holds no predictions of such a run.
    """
    try:
        with np.load(folder / PREDICTIONS, allow_pickle=False) as arrays:
            label, features, seen = arrays["label"], arrays["features"], "predicted" in arrays
    except (OSError, KeyError, ValueError) as error:
        raise TrainError(TrainReason.NO_DATA, f"{folder} holds no predictions; give the folder of a run") from error
    if seen:
        raise TrainError(TrainReason.NO_DATA, f"{folder} was tested on people it trained on; give a subject-wise run")
    return [features[label == person].astype(np.float32) for person in np.unique(label)]
