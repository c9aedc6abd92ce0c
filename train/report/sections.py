"""The report's content, before it is HTML or Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from train.protocols.config import Protocol, Stage
from train.report.ablation import ablation_table
from train.report.confusion import confusion_table
from train.report.curves import shot_curves, training_curves
from train.report.drawing import Plot
from train.report.drift import drift_table
from train.report.embeddings import embedding_map
from train.report.experiments import Experiment, main_pair, of_test
from train.report.likeness import likeness_table
from train.report.predictions import Predictions, read_predictions
from train.report.runs import PREDICTIONS, Run
from train.report.summary import facts, headline
from train.report.tables import Table, cost_table, more_shots_table, seen_table, tuning_table, unseen_table
from train.report.tradeoff import det_curves

_Pair = tuple[tuple[Run, Predictions], tuple[Run, Predictions]]


@dataclass(slots=True)
class Section:
    """A heading and what stands under it, in this order."""

    key: str
    title: str
    tables: list[Table] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """What is not here and why."""

    def add(self, plot: Plot, otherwise: str) -> None:
        """Take a figure that has something to show, or say why not."""
        if plot.panels:
            self.plots.append(plot)
        else:
            self.lines.append(otherwise)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything."""

    title: str
    headline: list[str]
    facts: list[str]
    sections: list[Section]


def make_report(experiments: Sequence[Experiment], skipped: Sequence[Path]) -> Report:
    """Work out every table and figure.

    Args:
        experiments: of both protocols and stages.
        skipped: folders without a result, to be named.

    Raises:
        TrainError: BAD_CONFIG, predictions do not fit their result.
    """
    seen, unseen = of_test(experiments, Protocol.SAMPLE_WISE), of_test(experiments, Protocol.SUBJECT_WISE)
    tested = [*seen, *unseen]
    tuning = [one for one in experiments if one.first.stage is Stage.TUNE]
    sections = [
        _seen(seen),
        *_unseen(unseen),
        _ablation(tested),
        _likeness(seen),
        _embeddings(seen, unseen),
        _confusion(seen),
        _training(tested),
        Section("cost", "Cost", [cost_table(tested)] if tested else []),
        Section("tuning", "Tuning, not test results", [tuning_table(tuning)] if tuning else []),
    ]
    return Report(
        title="Cross-modal distillation: results",
        headline=headline(experiments),
        facts=facts(experiments, skipped),
        sections=[one for one in sections if one.tables or one.plots or (tested and one.lines)],
    )


def _seen(seen: Sequence[Experiment]) -> Section:
    section = Section("seen", "People seen in training")
    if seen:
        section.tables.append(seen_table(seen))
        fading = drift_table(seen)
        if fading.rows:
            section.tables.append(fading)
    else:
        section.lines.append("No sample-wise run that looked at test windows is among these.")
    return section


def _unseen(unseen: Sequence[Experiment]) -> list[Section]:
    section = Section("unseen", "People never seen in training")
    if not unseen:
        section.lines.append("No subject-wise run that looked at test windows is among these.")
        return [section]
    section.tables.append(unseen_table(unseen))
    shots, steps = Section("shots", "N-shot recognition"), more_shots_table(unseen)
    if steps.rows:
        shots.tables.append(steps)
    shots.add(shot_curves(unseen), "Every run here is an ablation, so there is no curve over N.")
    trade_off = Section("det", "Detection error trade-off")
    trade_off.add(
        det_curves(unseen), f"No DET curve: no run of PPG alone, proposed or teacher has {PREDICTIONS} that make one."
    )
    return [section, shots, trade_off]


def _ablation(tested: Sequence[Experiment]) -> Section:
    section = Section("ablation", "Ablation")
    table = ablation_table(tested)
    if table.rows:
        section.tables.append(table)
    else:
        section.lines.extend(table.notes or ["No ablation runs are among these."])
    return section


def _likeness(seen: Sequence[Experiment]) -> Section:
    section = Section("likeness", "What the teacher knows that the student can use")
    table = likeness_table(seen)
    if table.rows:
        section.tables.append(table)
    elif seen:
        section.lines.append(f"No network has {PREDICTIONS} of PPG alone and of another run.")
    return section


def _embeddings(seen: Sequence[Experiment], unseen: Sequence[Experiment]) -> Section:
    section = Section("embeddings", "Embeddings")
    for kind, experiments in ((Protocol.SAMPLE_WISE, seen), (Protocol.SUBJECT_WISE, unseen)):
        if not experiments:
            continue
        pair = _main_pair(experiments)
        if pair is None:
            section.lines.append(
                f"No {kind} t-SNE: no network has {PREDICTIONS} of both PPG alone and proposed with one seed."
            )
        else:
            section.add(embedding_map(*pair, f"map-{kind}"), f"No {kind} t-SNE: too few people have windows enough.")
    return section


def _confusion(seen: Sequence[Experiment]) -> Section:
    section = Section("confusion", "Confusion of the worst pairs")
    pair = _main_pair(seen)
    if pair is not None:
        section.tables.append(confusion_table(*pair))
    elif seen:
        section.lines.append(f"No network has {PREDICTIONS} of both PPG alone and proposed with one seed.")
    return section


def _training(tested: Sequence[Experiment]) -> Section:
    section = Section("training", "Training curves")
    if tested:
        section.add(training_curves(tested), "The results hold no curve.")
    return section


def _main_pair(experiments: Sequence[Experiment]) -> _Pair | None:
    runs = main_pair(experiments)
    if runs is None:
        return None
    first, second = (read_predictions(run) for run in runs)
    return None if first is None or second is None else ((runs[0], first), (runs[1], second))
