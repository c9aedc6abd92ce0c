"""A study as Markdown and as JSON."""

import dataclasses
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from device.enrolment import DEFAULT_SECONDS
from train.config import load_config
from train.references.measuring import PAIRED_SECONDS, Measured, Rates
from train.references.people import SHIPPED_CONFIG
from train.references.study import Row, Study

WIDTH = 118
"""Of a line of text; tables are as wide as they are."""
UNKNOWN = "n/a"


def markdown(study: Study) -> str:
    """The whole report."""
    parts = [
        ["# Desktop references"],
        _conditions(study),
        _costs(study),
        *(part for name in study.rows[0].measured for part in ([f"## {name}"], _sitting(study, name))),
        [f"Not measured: {'; '.join(study.left_out)}."] if study.left_out else [],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _conditions(study: Study) -> list[str]:
    optimiser, shipped = study.config.optimiser, load_config(SHIPPED_CONFIG).optimiser
    text = (
        "What people would build first, beside the model that ships. Everything was trained on the same "
        f"{study.trained} people of the challenge set and chosen on the same {study.held_out} others; the networks "
        "with the augmentation and the loss of the model that ships, seed "
        f"{study.config.seed}, {optimiser.epochs} epochs of {optimiser.windows_per_person} windows a person (that "
        f"model: {shipped.epochs} of {shipped.windows_per_person}), at the epoch best on the people held out, and "
        "whitened as it is. The people below trained nothing. All rows run through the device's front end, windows of "
        f"2.4 s that overlap by half, its protocol (enrolled from {DEFAULT_SECONDS:g} s) and its score: the cosine, "
        f"normalised (adaptive s-norm) by {study.cohort} people who trained; beside it the plain cosine. Intervals "
        f"(95 %) are by bootstrap over people; a difference is of the EER over {PAIRED_SECONDS:g} s to the first row, "
        "in points, over the people both could enrol. A time is the quietest median of one window at a time, on one "
        "thread; MACs hold the wavelet transform and the products of attention; training is in processor time of one "
        "core, of the model that ships not counted."
    )
    return wrap(text, WIDTH)


def _costs(study: Study) -> list[str]:
    head = ("model", "what it is", "parameters", "MACs", "ms a window", "on", "training", "best epoch")
    rows = [
        (
            one.model.name,
            one.model.about,
            f"{one.model.parameters:,}",
            UNKNOWN if one.model.macs is None else f"{one.model.macs / 1e6:.1f} M",
            f"{one.window_ms:.2f}",
            one.model.timed,
            "" if one.model.training_s is None else f"{one.model.training_s / 60:.1f} min",
            "" if one.model.epoch is None else str(one.model.epoch),
        )
        for one in study.rows
    ]
    return _table(head, rows)


def _sitting(study: Study, name: str) -> list[str]:
    lengths = tuple(study.rows[0].measured[name].normalised)
    head = (
        "model", "enrolled", "not embedded", *(f"EER {s:g} s" for s in lengths), f"rank-1 {PAIRED_SECONDS:g} s",
        "difference", f"cosine: EER {PAIRED_SECONDS:g} s", "rank-1",
    )  # fmt: skip
    rows = []
    for one in study.rows:
        measured = one.measured[name]
        cosine = measured.cosine[PAIRED_SECONDS]
        rows.append(
            (
                one.model.name,
                f"{len(measured.enrolled)} of {measured.people}",
                f"{100 * measured.not_embedded / max(1, measured.windows):.1f} %",
                *(_with_interval(measured.normalised[s].eer, measured.normalised[s].eer_ci95) for s in lengths),
                _with_interval(*_rank_one(measured.normalised[PAIRED_SECONDS])),
                _difference(one, name),
                _with_interval(cosine.eer, cosine.eer_ci95),
                _with_interval(*_rank_one(cosine)),
            )
        )
    return _table(head, rows)


def _rank_one(rates: Rates) -> tuple[float | None, tuple[float, float] | None]:
    return rates.rank1, rates.rank1_ci95


def _difference(row: Row, name: str) -> str:
    found = row.against_shipped.get(name)
    if found is None:
        return ""
    points, (low, high) = found
    return f"{100 * points:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}]"


def _with_interval(rate: float | None, interval: tuple[float, float] | None) -> str:
    if rate is None:
        return UNKNOWN
    around = "" if interval is None else f" [{100 * interval[0]:.2f}, {100 * interval[1]:.2f}]"
    return f"{100 * rate:.2f} %{around}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (head, *rows)]
    return [f"| {' | '.join(line)} |" for line in (lines[0], ["-" * width for width in widths], *lines[1:])]


def to_json(study: Study) -> dict[str, Any]:
    """One JSON object; rates are shares, not per cent."""
    return {
        "trained": study.trained,
        "held_out": study.held_out,
        "cohort": study.cohort,
        "config": study.config.to_dict(),
        "left_out": list(study.left_out),
        "models": {one.model.name: _row_json(one) for one in study.rows},
    }


def _row_json(row: Row) -> dict[str, Any]:
    model = row.model
    return {
        "about": model.about,
        "parameters": model.parameters,
        "macs": model.macs,
        "window_ms": row.window_ms,
        "timed_on": model.timed,
        "training_cpu_s": model.training_s,
        "best_epoch": model.epoch,
        "sittings": {
            name: _measured_json(one) | {"eer_12_s_minus_shipped": _difference_json(row, name)}
            for name, one in row.measured.items()
        },
    }


def _measured_json(one: Measured) -> dict[str, Any]:
    return {
        "people": one.people,
        "enrolled": len(one.enrolled),
        "windows": one.windows,
        "not_embedded": one.not_embedded,
        "as_norm": {f"{seconds:g}": dataclasses.asdict(rates) for seconds, rates in one.normalised.items()},
        "cosine": {f"{seconds:g}": dataclasses.asdict(rates) for seconds, rates in one.cosine.items()},
    }


def _difference_json(row: Row, name: str) -> dict[str, Any] | None:
    found = row.against_shipped.get(name)
    return None if found is None else {"eer": found[0], "ci95": list(found[1])}
