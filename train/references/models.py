"""Whatever makes embeddings of windows, with what it costs."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from device.bundle import Bundle
from device.comparison import pooled
from device.embedders import load_embedder
from train import eager
from train.networks.measures import parameter_count
from train.references.discriminant import Discriminant
from train.references.networks import whole_mac_count
from train.references.training import TrainedReference
from train.selection import embed
from train.whitening import whitening
from train.windows import PersonWindows

Embedding = NDArray[np.float32]
Embeddings = list[Embedding | None]

COHORT_WINDOWS = 20
"""Of each person of the cohort, spread over their recording, as in a bundle."""
ROUNDS, CALLS = 5, 100


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the table."""

    name: str
    about: str
    embed: Callable[[NDArray[np.float32]], Embeddings]
    """Windows (n, 300) to unit embeddings (d,); None of one that the model cannot embed."""
    call: Callable[[NDArray[np.float32]], object]
    """What is timed: one window (300,)."""
    timed: str
    """What that runs on."""
    parameters: int
    macs: int | None
    """None where the work is not mostly multiplications."""
    training_s: float | None = None
    """Processor seconds of the training; None where they were not counted."""
    epoch: int | None = None
    """Of the network that is used."""


def shipped_models(bundle: Bundle) -> list[Model]:
    """The bundle's INT8 and float network."""
    torch.set_num_threads(1)
    architecture = bundle.manifest.architecture
    made = []
    for precision in ("int8", "fp32"):
        embedder = load_embedder(bundle, "auto", precision)
        eager_run = eager.load(architecture, 1).run
        made.append(
            Model(
                name=f"{bundle.manifest.model_id} {precision}",
                about="the model that ships" if precision == "int8" else "the same in float",
                embed=lambda pulse, own=embedder: [own.embed(one) for one in pulse],  # type: ignore[misc]
                call=embedder.embed if precision == "int8" else eager_run,
                timed=embedder.runtime if precision == "int8" else eager.describe(),
                parameters=architecture.parameters,
                macs=architecture.macs,
            )
        )
    return made


def network_model(name: str, about: str, trained: TrainedReference, people: Sequence[PersonWindows]) -> Model:
    """A reference network, whitened by those who trained (n, 300), as the model that ships is."""
    network = trained.network
    matrix = whitening([[embed(network, one.pulse) for one in people if len(one.pulse) > 1]])

    def embed_all(pulse: NDArray[np.float32]) -> Embeddings:
        whitened = embed(network, pulse) @ matrix
        return list(np.asarray(whitened / np.linalg.norm(whitened, axis=1, keepdims=True), dtype=np.float32))

    return Model(
        name, about, embed_all, eager.EagerRunner(network).run, eager.describe(), parameter_count(network),
        whole_mac_count(network), trained.cpu_s, trained.epoch,
    )  # fmt: skip


def fiducial_model(name: str, about: str, fitted: Discriminant) -> Model:
    """Fiducial features and their discriminant."""
    return Model(
        name, about, fitted.embed, lambda window: fitted.embed(window[None]), "NeuroKit2, numpy", fitted.parameters,
        None, fitted.cpu_s,
    )  # fmt: skip


def cohort_of(model: Model, people: Sequence[PersonWindows]) -> NDArray[np.float32]:
    """References (n, d) of those who trained, for the normalisation of scores: chosen as a bundle's cohort is."""
    enough = [one.pulse for one in people if len(one.pulse) >= COHORT_WINDOWS]
    embedded = [model.embed(pulse[:: len(pulse) // COHORT_WINDOWS]) for pulse in enough]
    return np.stack([pooled(known) for one in embedded if (known := [e for e in one if e is not None])])


def milliseconds(models: Sequence[Model], windows: NDArray[np.float32]) -> list[float]:
    """Time of one window: of interleaved rounds over all models, the quietest one's median.

    Args:
        models: what is timed.
        windows: (n, 300), taken in turn.
    """
    medians: list[list[float]] = [[] for _ in models]
    for _ in range(ROUNDS):
        for row, model in enumerate(models):
            medians[row].append(statistics.median(_timed(model, windows[i % len(windows)]) for i in range(CALLS)))
    return [1e3 * min(one) for one in medians]


def _timed(model: Model, window: NDArray[np.float32]) -> float:
    begun = time.perf_counter()
    model.call(window)
    return time.perf_counter() - begun
