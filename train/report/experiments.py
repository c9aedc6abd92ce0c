"""Runs that repeat each other, what they are called, and which belong together."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from train.errors import TrainError, TrainReason
from train.protocols.config import Protocol, Stage
from train.report.runs import Network, Run

BASELINE, PROPOSED, TEACHER = "none", "proposed", "teacher"
ABLATION_PREFIX = "no-"

_METHODS = {
    BASELINE: "PPG alone",
    PROPOSED: "proposed",
    "hinton": "Hinton KD",
    "fitnet": "FitNet",
    "rkd": "RKD",
    "crd": "CRD",
    "no-hint": "proposed without hint",
    "no-clip": "proposed without InfoNCE",
    "no-mmd": "proposed without MMD",
    "no-cka": "proposed without CKA",
    "no-alignment": "proposed without InfoNCE and MMD",
}
METHOD_ORDER = (BASELINE, PROPOSED, TEACHER, *(name for name in _METHODS if name not in (BASELINE, PROPOSED)))
"""Of rows and of colours; methods without a name of their own come after."""
_NETWORKS = {"fcn": "FCN", "mobilenetv1": "MobileNetV1", "resnet34": "ResNet34", "shufflenetv1": "ShuffleNetV1"}
_WHAT_REPEATS = ("name", "seed", "threads")
"""Of a config, what repetitions of an experiment may differ in."""


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """One row of a table: runs that differ in their seeds alone."""

    runs: tuple[Run, ...]
    """By seed; at least one."""
    label: str
    """The method as tables call it."""

    @property
    def first(self) -> Run:
        """The run of the lowest seed, for what all runs share."""
        return self.runs[0]

    @property
    def method(self) -> str:
        """``method_name``, and ``teacher`` for whatever reads ECG."""
        return method_of(self.first)

    @property
    def by_seed(self) -> dict[int, Run]:
        """The run of each seed."""
        return {run.seed: run for run in self.runs}

    @property
    def seeds(self) -> str:
        """How many runs, and of which seeds."""
        return f"{len(self.runs)} ({', '.join(str(run.seed) for run in self.runs)})"


def method_of(run: Run) -> str:
    """``method_name``, and ``teacher`` for whatever reads ECG."""
    return TEACHER if run.signal == "ecg" else run.method


def network_label(network: Network) -> str:
    """A network's name and width, for texts."""
    return f"{network_name(network)} x{network.width:g}"


def network_name(network: Network) -> str:
    """A network's name as the papers write it."""
    return _NETWORKS.get(network.name, network.name)


def group(runs: Iterable[Run]) -> list[Experiment]:
    """Put repetitions together, in the order of the tables.

    Raises:
        TrainError: BAD_CONFIG, two runs are the same experiment with the same seed.
    """
    groups: dict[str, dict[int, Run]] = {}
    for run in runs:
        key = json.dumps({k: v for k, v in run.config.items() if k not in _WHAT_REPEATS}, sort_keys=True)
        seeds = groups.setdefault(key, {})
        if run.seed in seeds:
            raise TrainError(
                TrainReason.BAD_CONFIG,
                f"{seeds[run.seed].folder} and {run.folder} are one experiment with one seed; give one of them",
            )
        seeds[run.seed] = run
    grouped = [tuple(seeds[seed] for seed in sorted(seeds)) for seeds in groups.values()]
    places = [_place(one[0]) for one in grouped]
    experiments = [
        Experiment(one, _label(one[0], named=places.count(place) > 1))
        for one, place in zip(grouped, places, strict=True)
    ]
    return sorted(experiments, key=_order)


def partner(of: Experiment, experiments: Sequence[Experiment], method: str) -> Experiment | None:
    """The experiment of another method that this one is fairly compared with, or None.

    It reads the same signal with the same network under the same protocol and has a seed in common. The delay of the
    ECG may differ, which PPG alone does not see. Where several remain, one that trains alike is preferred.
    """
    fitting = [
        one
        for one in experiments
        if one is not of and one.method == method and one.first.signal == of.first.signal and _comparable(one, of)
    ]
    common = [one for one in fitting if one.by_seed.keys() & of.by_seed.keys()]
    ranked = sorted(
        common,
        key=lambda one: (len(differences(one, of)), -len(one.by_seed.keys() & of.by_seed.keys()), one.first.name),
    )
    return ranked[0] if ranked else None


def differences(one: Experiment, other: Experiment) -> list[str]:
    """Sections of the config that two experiments to be compared differ in, other than the method."""
    sections = ("protocol", "schedule", "augment")
    return [name for name in sections if one.first.config.get(name) != other.first.config.get(name)]


def of_test(experiments: Iterable[Experiment], kind: Protocol) -> list[Experiment]:
    """Those of a protocol that looked at test windows."""
    return [one for one in experiments if one.first.kind is kind and one.first.stage is Stage.TEST]


def main_pair(experiments: Sequence[Experiment]) -> tuple[Run, Run] | None:
    """Runs of baseline and proposed with one network and seed that both have predictions, for figures of one example.

    The network with ablations goes first, then the one with most experiments.
    """
    pairs = []
    for proposed in experiments:
        baseline = partner(proposed, experiments, BASELINE) if proposed.method == PROPOSED else None
        if baseline is None:
            continue
        seeds = [
            seed
            for seed in sorted(proposed.by_seed.keys() & baseline.by_seed.keys())
            if proposed.by_seed[seed].predictions.exists() and baseline.by_seed[seed].predictions.exists()
        ]
        if seeds:
            alike = [one for one in experiments if one.first.network == proposed.first.network]
            ablations = sum(one.method.startswith(ABLATION_PREFIX) for one in alike)
            pairs.append((-ablations, -len(alike), baseline.by_seed[seeds[0]], proposed.by_seed[seeds[0]]))
    if not pairs:
        return None
    _, _, baseline_run, proposed_run = min(pairs, key=lambda pair: pair[:2])
    return baseline_run, proposed_run


def _comparable(one: Experiment, other: Experiment) -> bool:
    first, second = one.first, other.first
    protocols = [{k: v for k, v in run.config["protocol"].items() if k != "align_delay"} for run in (first, second)]
    return first.network == second.network and protocols[0] == protocols[1]


def _label(run: Run, *, named: bool) -> str:
    method = method_of(run)
    label = "teacher (ECG)" if method == TEACHER else _METHODS.get(method, method)
    return f"{label} [{run.name}]" if named else label


def _place(run: Run) -> tuple[object, ...]:
    """What tables show of a row; two rows that share it are told apart by the experiment's name."""
    return (run.kind, run.stage, run.network, method_of(run))


def _order(one: Experiment) -> tuple[object, ...]:
    run = one.first
    rank = METHOD_ORDER.index(one.method) if one.method in METHOD_ORDER else len(METHOD_ORDER)
    return (network_name(run.network), run.network.width, run.network.embedding_size, rank, one.label, run.name)
