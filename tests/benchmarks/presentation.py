"""What presentation attack detection costs genuine people: BPCER of each check and of all, and the time it adds.

python tests/benchmarks/presentation.py --data DIR [--seconds 24] [--uno] [--json OUT]

Each attempt is a finger newly on a board in virtual time: of the people of DIR's bidmc*.hea, one after the other
through their recording, and of the simulated wearers; with --uno also on the executed firmware. A recording has one
channel, so that its RED is made; a sensor's noise is added to both. Verdicts are read after 12 s and at the attempt's
end, whatever the quality of the signal: an attack, or a challenge that has not passed, refuses a genuine person.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from device.bundle import load_bundle
from device.presentation.detector import PresentationDetector, detector_of
from device.presentation.findings import State
from firmware_bridge import LightBoard, Recording, read_wfdb, wearer_names
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.noisy_source import NoisySource
from firmware_bridge.packets import Board
from firmware_bridge.sources import RecordingSource
from firmware_bridge.wearers import WearerSource, load_wearer

EARLY_S = 12.0
NOISE_COUNTS = 8.0
WEARER_ATTEMPTS = 10


@dataclass
class Group:
    """The attempts of one kind of people: states by moment and check, and when the challenge passed."""

    people: set[str] = field(default_factory=set)
    attempts: int = 0
    states: dict[str, Counter[tuple[str, State]]] = field(default_factory=dict)
    proven_s: list[float] = field(default_factory=list)

    def read(self, moment: str, detector: PresentationDetector) -> None:
        """Count what each check says, and all together."""
        counted = self.states.setdefault(moment, Counter())
        for check in detector.checks:
            counted[check.name, check.finding.state] += 1
        counted["all together", detector.verdict.state] += 1

    def report(self, first_decision_s: float) -> dict[str, Any]:
        """Shares of the attempts, the worst check first."""
        late = np.maximum(np.array(self.proven_s) - first_decision_s, 0.0)
        told: dict[str, Any] = {
            "people": len(self.people),
            "attempts": self.attempts,
            "challenge_passed": len(self.proven_s),
            "challenge_passed_s_median": float(np.median(self.proven_s)) if self.proven_s else None,
            "challenge_passed_s_most": max(self.proven_s, default=None),
            "added_s_median": float(np.median(late)) if self.proven_s else None,
        }
        for moment, counted in self.states.items():
            names = dict.fromkeys(name for name, _ in counted)
            rows = {
                name: {
                    "bpcer": (counted[name, State.ATTACK] + counted[name, State.PENDING]) / self.attempts,
                    "attack": counted[name, State.ATTACK],
                    "pending": counted[name, State.PENDING],
                    "not_judged": counted[name, State.NOT_JUDGED],
                }
                for name in names
            }
            told[moment] = dict(sorted(rows.items(), key=lambda row: -row[1]["bpcer"]))
        return told


def main() -> int:
    """Play all attempts and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with bidmc01.hea ...")
    parser.add_argument("--seconds", type=float, default=24.0, help="of an attempt (default: %(default)s)")
    parser.add_argument("--uno", action="store_true", help="the wearers on the executed firmware too, which is slow")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    recordings = [read_wfdb(path) for path in sorted(args.data.glob("bidmc*.hea"))]
    groups = {
        "BIDMC, light board": played(of_recordings(recordings, args.seconds, NOISE_COUNTS), args.seconds),
        "BIDMC, RED a copy": played(of_recordings(recordings, args.seconds, 0.0, most=1), args.seconds),
        "wearers, light board": played(of_wearers(args.seconds), args.seconds),
    }
    if args.uno:
        groups["wearers, executed firmware"] = played(on_the_uno(args.seconds), args.seconds)
    first_decision_s = first_decision()
    report = {name: group.report(first_decision_s) for name, group in groups.items()}
    print(json.dumps({"first_decision_s": first_decision_s} | report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def first_decision() -> float:
    """Seconds of signal before the model that ships decides at all."""
    bundle = load_bundle()
    spec, least = bundle.front_end, bundle.manifest.decision.min_windows
    return (spec.settle_samples + spec.window_samples + (least - 1) * spec.hop_samples) / spec.rate_hz


def of_recordings(
    recordings: Iterable[Recording], seconds: float, noise_counts: float, most: int | None = None
) -> Iterator[tuple[str, Board]]:
    """Who, and a board on which their finger lies: parts of each recording, all or the first."""
    for recording in recordings:
        parts = int(len(recording.ppg) / recording.rate_hz / seconds)
        for part in range(parts if most is None else most):
            source = RecordingSource(recording.cut(part * seconds, seconds))
            yield recording.subject, LightBoard(NoisySource(source, noise_counts, part) if noise_counts else source)


def of_wearers(seconds: float) -> Iterator[tuple[str, Board]]:
    """The simulated wearers, which have two channels with noise of their own."""
    for name in wearer_names():
        for seed in range(WEARER_ATTEMPTS):
            yield name, LightBoard(WearerSource(load_wearer(name), seed, seconds))


def on_the_uno(seconds: float) -> Iterator[tuple[str, Board]]:
    """The same on the firmware, once each."""
    from tests.simulated_uno import SimulatedUno
    from tests.simulated_uno.sketch import build_sketch

    for name in wearer_names():
        yield name, SimulatedUno(build_sketch(), WearerSource(load_wearer(name), 0, seconds + 1.0), seconds=seconds)


def played(attempts: Iterable[tuple[str, Board]], seconds: float) -> Group:
    """Everybody's attempts, each with a challenge of its own."""
    group = Group()
    for who, board in attempts:
        reader = DirectReader(board)
        detector = detector_of(reader.command, random=Random(group.attempts))
        early = proven = False
        group.people.add(who)
        group.attempts += 1
        for message in reader:
            detector.take(message)
            if not proven and detector.checks[0].finding.state is State.PASSED:
                proven = True
                group.proven_s.append(reader.now_s)
            if not early and reader.now_s >= EARLY_S:
                early = True
                group.read(f"after {EARLY_S:g} s", detector)
        group.read(f"after {seconds:g} s", detector)
    return group


if __name__ == "__main__":
    sys.exit(main())
