"""Results of ``pulsekey bench`` as a figure reads them: its JSON files, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.bench.results import FORMAT_VERSION, KIND
from train.errors import TrainError, TrainReason
from train.report.json_nodes import Node, read_json


@dataclass(frozen=True, slots=True)
class Mark:
    """One model in one precision on one runtime of one machine, on one thread."""

    machine: str
    model: str
    runtime: str
    precision: str
    median_us: float
    eer_percent: float
    """Over 12 s, as the bundle's manifest has it: one rate for all runtimes and precisions."""
    cohort: str


def read_marks(paths: Sequence[Path]) -> tuple[list[Mark], list[str]]:
    """Every row on one thread of a model with an error rate, and a line about each that is left out.

    Args:
        paths: files of ``pulsekey bench --json``.

    Raises:
        TrainError: BAD_CONFIG, a file is not such a one; NO_DATA, there is nothing to draw.
    """
    files = [_checked(path) for path in paths]
    machines = _machine_names(files)
    marks: list[Mark] = []
    left_out: list[str] = []
    for file, machine in zip(files, machines, strict=True):
        found, without = _marks(file, machine)
        marks += found
        left_out += without
    if not marks:
        why = "; ".join(left_out) or "no rows on one thread"
        raise TrainError(TrainReason.NO_DATA, f"nothing to draw: {why}; run pulsekey bench on exported bundles")
    return marks, left_out


def _checked(path: Path) -> Node:
    file = read_json(path)
    kind = file.get("kind")
    if kind is None or kind.value != KIND:
        raise TrainError(TrainReason.BAD_CONFIG, f"{path} is not of pulsekey bench; make it with pulsekey bench --json")
    version = file.at("format_version").count()
    if version != FORMAT_VERSION:
        raise TrainError(
            TrainReason.BAD_CONFIG,
            f"{path} is of bench format {version}, this reads {FORMAT_VERSION}; run pulsekey bench again",
        )
    return file


def _marks(file: Node, machine: str) -> tuple[list[Mark], list[str]]:
    marks: list[Mark] = []
    left_out: dict[str, None] = {}
    for row in file.at("rows").items():
        model, median_us = row.at("model").text(), row.at("median_us").number()
        if median_us <= 0.0:
            row.at("median_us").fault("must be above 0")
        if row.at("threads").count() != 1:
            continue
        rate = file.at("error_rates").at(model)
        if rate.at("eer_12s").value is None:
            left_out[f"{model} on {machine}: its manifest has no error rate over 12 s"] = None
            continue
        marks.append(
            Mark(
                machine,
                model,
                row.at("runtime").text(),
                row.at("precision").text(),
                median_us,
                100.0 * rate.at("eer_12s").share(),
                rate.at("cohort").text(),
            )
        )
    return marks, list(left_out)


def _machine_names(files: Sequence[Node]) -> list[str]:
    """Board or processor of each file, with the file's name where two are alike."""
    names = []
    for file in files:
        machine = file.at("machine")
        known = [machine.at(key) for key in ("board", "cpu") if machine.at(key).value is not None]
        names.append(known[0].text() if known else file.source.stem)
    return [
        name if names.count(name) == 1 else f"{name} ({file.source.stem})"
        for name, file in zip(names, files, strict=True)
    ]
