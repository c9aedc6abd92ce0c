"""Runs as a report reads them: ``result.json`` of each folder, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.errors import TrainError, TrainReason
from train.protocols.config import Protocol, Stage
from train.report.json_nodes import Node, read_json

Floats = NDArray[np.float64]

RESULT = "result.json"
PREDICTIONS = "predictions.npz"
FORMAT_VERSION = 1
"""What ``train.distillation.result`` writes; a test holds the two together, so that a report need not load torch."""

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """How often one test was right, by person where the result says so."""

    oa: float
    people: tuple[str, ...]
    hits: Floats | None
    """(people,) right answers of each; a mean over draws need not be whole."""
    probes: Floats | None
    """(people,) questions of each."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """N-shot recognition of people who never trained."""

    n: int
    answers: Answers
    eer: float
    fnmr: float
    """At FMR 1 %."""


@dataclass(frozen=True, slots=True)
class Network:
    """What makes two networks the same one."""

    name: str
    width: float
    embedding_size: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took and what its network costs."""

    train_s: float
    device: str
    threads: int
    parameters: int
    macs: int


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One finished run."""

    folder: Path
    name: str
    method: str
    seed: int
    signal: str
    """``ppg`` or ``ecg``."""
    network: Network
    kind: Protocol
    stage: Stage
    config: dict[str, Any]
    people: tuple[str, ...]
    """Those tested."""
    test_windows: int
    train_people: int
    train_windows: int
    left_out: tuple[str, ...]
    seen: Answers | None
    """Sample-wise only, as the two below; people who may be one are no impostors of each other here."""
    macro_f1: float
    every_rival_oa: float
    """OA without that exception."""
    shots: tuple[Shot, ...]
    """Subject-wise only, by rising N."""
    curves: tuple[dict[str, float], ...]
    """An epoch each."""
    cost: Cost

    @property
    def predictions(self) -> Path:
        """The file of predictions, which need not be there."""
        return self.folder / PREDICTIONS


def find_runs(paths: Sequence[Path]) -> tuple[list[Run], list[Path]]:
    """Read run folders and folders of run folders; also which children were skipped, having no result.

    Raises:
        TrainError: NO_DATA, a path holds no run; BAD_CONFIG, a result is malformed.
    """
    folders: dict[Path, Path] = {}
    skipped: dict[Path, Path] = {}
    for path in paths:
        found, without = _folders_of(path)
        folders |= {folder.resolve(): folder for folder in found}
        skipped |= {folder.resolve(): folder for folder in without}
    return [read_run(folder) for folder in folders.values()], list(skipped.values())


def _folders_of(path: Path) -> tuple[list[Path], list[Path]]:
    if path.name == RESULT and path.is_file():
        return [path.parent], []
    if (path / RESULT).is_file():
        return [path], []
    if not path.is_dir():
        raise TrainError(TrainReason.NO_DATA, f"{path}: no such folder; give a run's folder or a folder of runs")
    children = sorted(child for child in path.iterdir() if child.is_dir())
    found = [child for child in children if (child / RESULT).is_file()]
    if not found:
        raise TrainError(
            TrainReason.NO_DATA, f"{path}: no {RESULT} in it nor in a folder of it; run pulsekey train first"
        )
    return found, [child for child in children if child not in found]


def read_run(folder: Path) -> Run:
    """Read one run's result.

    Raises:
        TrainError: BAD_CONFIG, it is malformed or of another format.
    """
    root = read_json(folder / RESULT)
    version = root.at("format_version")
    if version.count() != FORMAT_VERSION:
        version.fault(f"= {version.value}, and this report reads {FORMAT_VERSION}; make the run again")
    config = root.at("config")
    network, protocol = config.at("network"), config.at("protocol")
    kind = Protocol(_one_of(protocol.at("kind"), tuple(Protocol)))
    people = _names(root.at("people"))
    closed = kind is Protocol.SAMPLE_WISE
    return Run(
        folder=folder,
        name=config.at("name").text(),
        method=config.at("method_name").text(),
        seed=config.at("seed").count(),
        signal=_one_of(config.at("modality"), ("ppg", "ecg")),
        network=Network(network.at("name").text(), network.at("width").number(), network.at("embedding_size").count()),
        kind=kind,
        stage=Stage(_one_of(protocol.at("stage"), tuple(Stage))),
        config=config.value,
        people=people,
        test_windows=root.at("test_windows").count(),
        train_people=root.at("train_people").count(),
        train_windows=root.at("train_windows").count(),
        left_out=_names(root.at("left_out")),
        seen=_answers(root.at("scores"), root.at("scores").get("per_person"), people) if closed else None,
        macro_f1=root.at("scores").at("macro_f1").share() if closed else 0.0,
        every_rival_oa=root.at("scores").at("oa_every_rival").share() if closed else 0.0,
        shots=() if closed else _shots(root.at("scores")),
        curves=tuple(epoch.numbers() for epoch in root.at("curves").items()),
        cost=_cost(root.at("cost")),
    )


def _shots(scores: Node) -> tuple[Shot, ...]:
    probed = _names(scores.at("probed"))
    shots = [
        Shot(
            n=one.at("n").count(),
            answers=_answers(one, one if one.get("hits") else None, probed),
            eer=one.at("eer").share(),
            fnmr=one.at("fnmr_at_fmr_1").share(),
        )
        for one in scores.at("shots").items()
    ]
    if not shots or len({one.n for one in shots}) < len(shots):
        scores.at("shots").fault("must hold each N once")
    return tuple(sorted(shots, key=lambda one: one.n))


def _answers(scores: Node, per_person: Node | None, people: tuple[str, ...]) -> Answers:
    oa = scores.at("oa").share()
    if per_person is None:
        return Answers(oa, people, None, None)
    hits, probes = (np.array([one.number() for one in per_person.at(name).items()]) for name in ("hits", "probes"))
    for name, values in (("hits", hits), ("probes", probes)):
        if len(values) != len(people):
            per_person.at(name).fault(f"holds {len(values)} numbers for {len(people)} people")
    if (hits < 0.0).any() or (hits > probes + _ROUNDING).any() or not probes.sum() > 0.0:
        per_person.at("hits").fault("must be from 0 to the person's probes")
    if abs(float(hits.sum() / probes.sum()) - oa) > _ROUNDING:
        per_person.at("hits").fault(f"makes an OA of {hits.sum() / probes.sum():.6f}, and scores say {oa:.6f}")
    return Answers(oa, people, hits, probes)


def _cost(node: Node) -> Cost:
    return Cost(
        train_s=node.at("train_s").number(),
        device=node.at("device").text(),
        threads=node.at("threads").count(),
        parameters=node.at("parameters").count(),
        macs=node.at("macs").count(),
    )


def _names(node: Node) -> tuple[str, ...]:
    names = tuple(one.text() for one in node.items())
    if len(set(names)) < len(names):
        node.fault("names somebody twice")
    return names


def _one_of(node: Node, known: Sequence[str]) -> str:
    value = node.text()
    if value not in known:
        node.fault(f"= {value!r} is none of {', '.join(known)}")
    return value
