"""How long an enrolment takes that ends when the reference is steady, and what that costs against a fixed minute.

python tests/benchmarks/enrolment.py --cohort bidmc.npz [--json OUT]
python tests/benchmarks/enrolment.py --held-out best.ckpt --data challenge2015.npz --steady 0.98 0.985 0.99 0.993 0.995

Everyone is enrolled from the start of their first recording by the device's own rule, and by a fixed minute as
`pulsekey evaluate` enrols. Probes are the same for both: what is left of the recording after the longest time that an
enrolment may take. With --held-out the people are those that a checkpoint held out of training, on whom the rule's
bound was set; with --cohort those of a file.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.bundle import Bundle, load_bundle
from device.comparison import comparator_of
from device.decision import boundaries_at
from device.embedders import Embedder, load_embedder
from device.enrolment import DEFAULT_SECONDS, LIMIT_S, STEADY, Enrolment, min_good_windows, windows_in
from device.evaluation.attempts import attempt, verify
from device.evaluation.protocol import Plan, Probe, decide, references_of
from device.evaluation.timelines import Timeline
from device.frontend import Window, windows_of
from device.metrics import equal_error_rate, fnmr_at_fmr, own_cells
from firmware_bridge.recordings import Recording, read_cohort

PROBED_S = 12.0
FMR = 0.01


class Remembered:
    """An embedder that embeds each window once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[bytes, NDArray[np.float32]] = {}
        self.embedding_size, self.runtime = embedder.embedding_size, embedder.runtime

    def embed(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        """As ``Embedder``."""
        return self._known.setdefault(pulse.tobytes(), self._embedder.embed(pulse))


class Person:
    """One person's windows, their embeddings, and the windows that each way of enrolling takes."""

    def __init__(self, recording: Recording, bundle: Bundle, embedder: Embedder) -> None:
        self.bundle, self.embedder = bundle, embedder
        self.windows: list[Window] = windows_of(recording.ppg, recording.rate_hz, bundle.front_end)
        embeddings = [embedder.embed(w.pulse) if w.quality.good else None for w in self.windows]
        self.timeline = Timeline(
            recording.subject, recording.session, [window.epoch for window in self.windows], embeddings
        )

    def guided(self, steady: float) -> Enrolment:
        """The enrolment that the device would make."""
        enrolment = Enrolment(self.embedder, self.bundle.front_end, steady)
        for window in self.windows:
            enrolment.add(window)
            if enrolment.finished:
                break
        return enrolment

    def plan(self, windows: int | None) -> Plan:
        """Enrolled from so many windows, or not at all; probed with what comes after the longest enrolment."""
        spec = self.bundle.front_end
        good = [e for e in self.timeline.embeddings[: windows or 0] if e is not None]
        probe = Probe(self.timeline, windows_in(LIMIT_S, spec) + round(spec.window_samples / spec.hop_samples))
        return Plan(self.timeline.subject, tuple(good), (probe,), windows is not None)


def rates(plans: list[Plan], bundle: Bundle) -> dict[str, Any]:
    """What the plans' probes cost, as `pulsekey evaluate` counts."""
    scorer = comparator_of(bundle).against(references_of(plans))
    decisions = decide(plans, scorer, windows_in(PROBED_S, bundle.front_end))
    boundaries = boundaries_at(bundle.manifest.decision)
    attempts = attempt(plans, scorer, boundaries.max_windows)
    accepted, _ = verify(attempts, boundaries)
    mine = own_cells(accepted, attempts.own)
    return {
        "people": len(plans),
        "eer_12_s": equal_error_rate(decisions.mated, decisions.non_mated),
        "fnmr_12_s_at_fmr_1_percent": fnmr_at_fmr(decisions.mated, decisions.non_mated, FMR),
        "mated_attempts": int(mine.sum()),
        "attempts_fnmr": float(1.0 - accepted[mine].mean()),
        "attempts_fmr": float(accepted[~mine].mean()),
    }


def compare(people: list[Person], bundle: Bundle, steady: float) -> dict[str, Any]:
    """One bound against the fixed minute."""
    spec = bundle.front_end
    made = [person.guided(steady) for person in people]
    done = [one for one in made if one.steady]
    guided = [p.plan(windows_in(e.elapsed_s, spec) if e.steady else None) for p, e in zip(people, made, strict=True)]
    fixed = [person.plan(windows_in(DEFAULT_SECONDS, spec)) for person in people]
    fixed_ok = [len(plan.enrolment) >= min_good_windows(spec) for plan in fixed]
    both = [ok and plan.enrollable for ok, plan in zip(fixed_ok, guided, strict=True)]
    return {
        "steady": steady,
        "enrolled": len(done),
        "enrolled_in_a_fixed_minute": sum(fixed_ok),
        "of": len(people),
        "good_s": _spread([one.good_s for one in done]),
        "elapsed_s": _spread([one.elapsed_s for one in done]),
        "all_guided": rates([plan for plan in guided if plan.enrollable], bundle),
        "guided": rates([plan for plan, ok in zip(guided, both, strict=True) if ok], bundle),
        "fixed": rates([plan for plan, ok in zip(fixed, both, strict=True) if ok], bundle),
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": float(np.median(values)), "least": min(values), "most": max(values)}


def recordings_of(args: argparse.Namespace) -> Iterator[Recording]:
    """First recordings of the people asked for."""
    if args.held_out is None:
        seen: set[str] = set()
        for recording in read_cohort(args.cohort):
            if recording.subject not in seen:
                seen.add(recording.subject)
                yield recording
        return
    from train.checkpoint import load_trained  # torch, only where it is needed
    from train.cohorts import read_challenge

    everyone = {one.subject: one.recording for one in read_challenge(args.data, 0.0)}
    yield from (everyone[subject] for subject in load_trained(args.held_out).dev_subjects)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--cohort", type=Path, metavar="FILE.npz")
    who.add_argument("--held-out", type=Path, metavar="CHECKPOINT", help="the people it held out; give --data too")
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="the challenge2015 cohort")
    parser.add_argument("--steady", type=float, nargs="+", default=[STEADY], help="bounds (default: the device's)")
    parser.add_argument("--bundle", help="another bundle than the one that ships")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    if args.held_out is not None and args.data is None:
        parser.error("--held-out needs --data")
    bundle = load_bundle(args.bundle)
    embedder = Remembered(load_embedder(bundle))
    people = [Person(recording, bundle, embedder) for recording in recordings_of(args)]
    report = {"model_id": bundle.manifest.model_id, "bounds": [compare(people, bundle, one) for one in args.steady]}
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
