"""What stands above the tables: the main result, and what its numbers mean."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from train.protocols.config import Protocol, Stage
from train.protocols.few_shot import POOL_WINDOWS
from train.report.experiments import BASELINE, PROPOSED, TEACHER, Experiment, network_label, of_test, partner
from train.report.paired import RESAMPLES, answers_at, gain_over
from train.report.tables import shots_of
from train.report.wording import in_full, listed, percent, several, span

WITHIN = "within-recording"


def headline(experiments: Sequence[Experiment]) -> list[str]:
    """The main result in one to three sentences, every network named, none picked."""
    seen, unseen = of_test(experiments, Protocol.SAMPLE_WISE), of_test(experiments, Protocol.SUBJECT_WISE)
    if not seen and not unseen:
        return ["Only tuning runs are here: nothing below is a test result."]
    lines = []
    gains = _gains(seen, None)
    if gains:
        lines.append(f"Against PPG alone, distillation changes OA on people seen in training by {'; '.join(gains)}.")
    fewest = min((n for one in unseen for n in shots_of(one)), default=None)
    gains = [] if fewest is None else _gains(unseen, fewest)
    if gains:
        many = several(fewest or 0, "window", "windows")
        whom = f"people never seen, enrolled from {many},"
        lines.append(f"Against PPG alone, distillation changes OA on {whom} by {'; '.join(gains)}.")
    return [*lines, *_best(seen)]


def facts(experiments: Sequence[Experiment], skipped: Sequence[Path]) -> list[str]:
    """What a reader must know before the tables."""
    says = [
        f"Every figure here is {WITHIN}: what trains, enrols and tests of a person was recorded in one sitting. "
        "None says how well a person is known again on another day.",
        *_seen_fact(of_test(experiments, Protocol.SAMPLE_WISE)),
        *_unseen_fact(of_test(experiments, Protocol.SUBJECT_WISE)),
        *_uncertainty(experiments),
    ]
    tuning = sum(len(one.runs) for one in experiments if one.first.stage is Stage.TUNE)
    if tuning:
        says.append(
            f"{several(tuning, 'tuning run, scored', 'tuning runs, scored')} on part of what trains, "
            f"{'has' if tuning == 1 else 'have'} a table apart and no part in any other."
        )
    if skipped:
        names = listed(path.name for path in skipped)
        says.append(f"{several(len(skipped), 'folder', 'folders')} without a result skipped: {names}.")
    return says


def _gains(experiments: Sequence[Experiment], shots: int | None) -> list[str]:
    result = []
    for one in experiments:
        baseline = partner(one, experiments, BASELINE) if one.method == PROPOSED else None
        if baseline is not None and (shots is None or (shots in shots_of(one) and shots in shots_of(baseline))):
            result.append(f"{network_label(one.first.network)} {in_full(gain_over(one, baseline, shots))}")
    return result


def _best(seen: Sequence[Experiment]) -> list[str]:
    students = [one for one in seen if one.method != TEACHER]
    if not students:
        return []
    means = [float(np.mean([answers_at(run, None).oa for run in one.runs])) for one in students]
    best = students[int(np.argmax(means))]
    return [
        f"Best student of {len(students)}: {percent(max(means))} % OA on {len(best.first.people)} people "
        f"({network_label(best.first.network)}, {best.label})."
    ]


def _uncertainty(experiments: Sequence[Experiment]) -> list[str]:
    if all(one.first.stage is Stage.TUNE for one in experiments):
        return []
    return [
        "± is one standard deviation over seeds. Intervals are 95 %, over people: those tested are drawn anew "
        f"{RESAMPLES:,} times with replacement, the same draw for both methods and all their common seeds. "
        "They do not cover the choice of seed, whose range stands beside them.",
    ]


def _seen_fact(experiments: Sequence[Experiment]) -> list[str]:
    runs = [run for one in experiments for run in one.runs]
    if not runs:
        return []
    return [
        f"People seen in training (sample-wise, {WITHIN}): {span(len(run.people) for run in runs)} identities, "
        f"{span(run.train_windows for run in runs)} windows train and {span(run.test_windows for run in runs)}, "
        f"later in the same recordings, test. {_left_out({name for run in runs for name in run.left_out})}"
        "A teacher counts windows with ECG only."
    ]


def _unseen_fact(experiments: Sequence[Experiment]) -> list[str]:
    runs = [run for one in experiments for run in one.runs]
    if not runs:
        return []
    probed = span(len(shot.answers.people) for run in runs for shot in run.shots[:1])
    return [
        f"People never seen (subject-wise, {WITHIN}): {span(run.train_people for run in runs)} identities train with "
        f"{span(run.train_windows for run in runs)} windows, {span(len(run.people) for run in runs)} others are tested "
        f"with {span(run.test_windows for run in runs)}; the {probed} with more than {POOL_WINDOWS} windows are "
        f"enrolled from N of their first {POOL_WINDOWS} and probed with the rest. "
        f"{_left_out({name for run in runs for name in run.left_out})}".rstrip()
    ]


def _left_out(names: set[str]) -> str:
    return f"Left out with too few windows: {len(names)}. " if names else ""
