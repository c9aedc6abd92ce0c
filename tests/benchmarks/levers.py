"""What makes a model better on people, sensors and days it has not seen: one change after another, with intervals.

python tests/benchmarks/levers.py --data DIR BASE.ckpt [OTHER.ckpt ...] [--json OUT]

`DIR` holds challenge2015/challenge2015.npz and stress_predict/stress_predict.npz. Nobody belongs to a test set: the
people are those held out of training (same recording, a sensor of the same kind, enrolled from 60 s), and the third of
Stress-Predict that no bundle knows (a wrist, noisy, the rest of the hour). The networks are float, whitened, and their
scores normalised as a bundle's are. Rows are of the base with one thing about its scores changed, then of the other
checkpoints, and of all of them as one network whose embedding is theirs side by side, each with the change of its EER
against the base in points (95 %, bootstrap over people, both on the same draws).
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from device.bootstrap import resampled_rates
from device.calibration import Calibration
from device.comparison import Comparator
from device.enrolment import windows_in
from device.frontend import FrontEndSpec, windows_of
from device.metrics import eer_of, equal_error_rate, own_cells, rank_one
from export.build import NEAREST, OVERLAP
from export.sources import OTHERS_SEED
from export.whiten import whitened
from firmware_bridge.recordings import Recording, read_cohort
from train.checkpoint import Trained, load_trained
from train.cohorts import Identity, read_challenge
from train.networks.measures import unit
from train.people import hold_out, without
from train.selection import embed
from train.windows import PersonWindows, good_windows

ENROL_S = 60.0
LENGTHS_S = (2.4, 12.0, 60.0)
RESAMPLES = 1000
COHORT_WINDOWS = 20

Floats = NDArray[np.float64]
Weights = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """One person's good windows in order, half overlapping."""

    pulse: NDArray[np.float32]
    sqi: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Scores (n, m) at one length, probe i of person own[i]."""

    scores: Floats
    own: NDArray[np.intp]


class Together(torch.nn.Module):
    """Several networks as one: their unit embeddings side by side."""

    def __init__(self, networks: Sequence[torch.nn.Module]) -> None:
        super().__init__()
        self.networks = torch.nn.ModuleList(networks)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        return torch.cat([unit(network(windows)) for network in self.networks], dim=1)


def tested(recording: Recording, spec: FrontEndSpec) -> Tested:
    half = replace(spec, hop_samples=spec.window_samples // OVERLAP)
    good = [one for one in windows_of(recording.ppg, recording.rate_hz, half) if one.quality.good]
    if not good:
        return Tested(np.empty((0, spec.window_samples), np.float32), np.empty(0, np.float32))
    return Tested(np.stack([one.pulse for one in good]), np.array([one.quality.sqi for one in good], np.float32))


def equal(sqi: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ones_like(sqi)


def by_quality(sqi: NDArray[np.float32]) -> NDArray[np.float32]:
    """A window of SQI 0.85, the least that is embedded, counts a quarter of a perfect one."""
    return sqi ** np.float32(8.5)


def weighed(rows: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = weights @ rows
    unit: NDArray[np.float32] = mean / np.linalg.norm(mean)
    return unit


class Bench:
    """Everything that all rows share."""

    def __init__(self, data: Path, trained: Trained) -> None:
        spec = trained.front_end
        self._spec = replace(spec, hop_samples=spec.window_samples // OVERLAP)
        challenge = data / "challenge2015" / "challenge2015.npz"
        named = {one.subject: one.recording for one in read_challenge(challenge, 0.0)}
        self._train = [good_windows(named[subject], spec) for subject in trained.train_subjects]
        self._dev_subjects = trained.dev_subjects
        wrist = [Identity(one) for one in read_cohort(data / "stress_predict" / "stress_predict.npz")]
        unknown = hold_out(wrist, round(len(wrist) / 3), OTHERS_SEED)
        self._others = [good_windows(one.recording, spec) for one in without(wrist, unknown)]
        self.sets = {
            "held out": [tested(named[subject], spec) for subject in trained.dev_subjects],
            "wrist": [tested(one.recording, spec) for one in unknown],
        }

    def compare(
        self, *trained: Trained, whiten: bool = False, cohort: bool = False, weights: Weights = equal
    ) -> dict[tuple[str, float], Comparisons]:
        """Scores of one network or several together; whether the people of the other sensor join whitening, cohort."""
        if any(one.dev_subjects != self._dev_subjects for one in trained):
            raise SystemExit("these checkpoints hold other people out; compare those of one split")
        network = Together([whitened(one.network, self._train, self._others if whiten else ()) for one in trained])
        people = [*self._train, *(self._others if cohort else ())]
        references = np.stack([self._reference(network, one) for one in people if len(one.pulse) >= COHORT_WINDOWS])
        comparator = Comparator(references, min(NEAREST, len(references)), Calibration(((1.0, 0.0),)))
        found = {}
        for name, everyone in self.sets.items():
            rows = [(embed(network, one.pulse), weights(one.sqi)) for one in everyone]
            for seconds in LENGTHS_S:
                found[name, seconds] = self._comparisons(rows, comparator, seconds)
        return found

    def _reference(self, network: torch.nn.Module, one: PersonWindows) -> NDArray[np.float32]:
        rows = embed(network, one.pulse[:: len(one.pulse) // COHORT_WINDOWS])
        return weighed(rows, np.ones(len(rows), np.float32))

    def _comparisons(
        self,
        rows: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]],
        comparator: Comparator,
        seconds: float,
    ) -> Comparisons:
        enrol, count = windows_in(ENROL_S, self._spec), windows_in(seconds, self._spec)
        longest = enrol + OVERLAP - 1 + windows_in(LENGTHS_S[1], self._spec)
        enough = [one for one in rows if len(one[0]) >= longest]
        scorer = comparator.against(np.stack([weighed(e[:enrol], w[:enrol]) for e, w in enough]))
        scores, own = [], []
        for person, (embeddings, weights) in enumerate(enough):
            for start in range(enrol + OVERLAP - 1, len(embeddings) - count + 1, count):
                part = slice(start, start + count)
                scores.append(scorer.scores(weighed(embeddings[part], weights[part])))
                own.append(person)
        return Comparisons(np.stack(scores), np.array(own, dtype=np.intp))


def rates(one: Comparisons) -> tuple[float, float]:
    mine = own_cells(one.scores, one.own)
    return equal_error_rate(one.scores[mine], one.scores[~mine]), rank_one(one.scores, one.own)


def gain(base: Comparisons, other: Comparisons) -> tuple[float, float]:
    """The interval of the change in EER; both resampled by the same draws of people."""
    people = base.scores.shape[1]
    draws = np.random.default_rng(0).multinomial(people, np.full(people, 1.0 / people), size=RESAMPLES).astype(float)
    eers = []
    for one in (base, other):
        fmr, fnmr = resampled_rates(one.scores, one.own, draws)
        usable = np.isfinite(fmr).all(axis=1) & np.isfinite(fnmr).all(axis=1)
        eer = np.full(RESAMPLES, np.nan)
        eer[usable] = eer_of(fmr[usable], fnmr[usable])
        eers.append(eer)
    low, high = np.nanquantile(eers[1] - eers[0], (0.025, 0.975))
    return float(low), float(high)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="CHECKPOINT")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="OUT")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    networks = [(path.parent.name, load_trained(path)) for path in args.checkpoints]
    name, first = networks[0]
    bench = Bench(args.data, first)
    base = bench.compare(first)
    rows = {
        name: base,
        "  others whiten": bench.compare(first, whiten=True),
        "  others in the cohort": bench.compare(first, cohort=True),
        "  both": bench.compare(first, whiten=True, cohort=True),
        "  pooled by quality": bench.compare(first, weights=by_quality),
    }
    rows |= {other: bench.compare(trained) for other, trained in networks[1:]}
    if networks[1:]:
        rows["all together"] = bench.compare(*(trained for _, trained in networks))
    result: dict[str, dict[str, object]] = {}
    for row, found in rows.items():
        result[row.strip()] = {}
        for (people, seconds), one in found.items():
            eer, rank = rates(one)
            low, high = gain(base[people, seconds], one) if found is not base else (0.0, 0.0)
            change = eer - rates(base[people, seconds])[0]
            result[row.strip()][f"{people}, {seconds:g} s"] = {
                "people": one.scores.shape[1], "eer": eer, "rank1": rank, "change": change, "change_ci95": (low, high)
            }  # fmt: skip
            told = "" if found is base else f"  change {100 * change:+5.2f} [{100 * low:+5.2f}, {100 * high:+5.2f}]"
            print(f"{row:24}{people:9}{seconds:5g} s  EER {100 * eer:5.2f} %  rank-1 {100 * rank:5.1f} %{told}")
            sys.stdout.flush()
    if args.json is not None:
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
