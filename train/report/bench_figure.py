"""Error against time: what a bench found, as one figure that stands by itself."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from train.report.bench_results import Mark

FORMATS = ("svg", "png")
_PAPER, _INK, _GRID, _SOFT = "#fdfdfc", "#1d2328", "#dde1e4", "#59636c"
_MACHINES = ("#0b63bd", "#bb4f08", "#0b7d55", "#9c2d99", "#7d6200", "#ba2145", "#007585", "#6246bd")
"""The report's colours of series, on its light paper."""
_SHAPES = "osD^vPX*"
_LABEL_GAP = 0.055
"""Least distance of two labels, as a share of the axes' height."""
_FEW_TICKS, _TICKS = (1, 3), (1, 2, 5)
"""Of each decade, on a long and on a short axis."""
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pulsekey",
    "text.parse_math": False,
    "font.size": 10.0,
    "font.sans-serif": ["DejaVu Sans"],
    "figure.facecolor": _PAPER,
    "axes.facecolor": _PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.8,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def draw_marks(marks: Sequence[Mark], kind: str) -> bytes:
    """The figure: one mark for each model, runtime, precision and machine; the same bytes for the same marks.

    Args:
        marks: at least one.
        kind: one of ``FORMATS``.
    """
    machines, runtimes = _distinct(mark.machine for mark in marks), _distinct(mark.runtime for mark in marks)
    levels = _levels(marks)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        figure = Figure(figsize=(9.0, 3.6 + 0.22 * len(levels)), layout="constrained")
        axes = figure.add_subplot()
        for mark in marks:
            _draw(axes, mark, _colour(machines, mark.machine), _shape(runtimes, mark.runtime))
        _scale(axes, marks)
        _label(axes, levels, marks)
        _legend(figure, machines, runtimes, _distinct(mark.precision for mark in marks))
        content = io.BytesIO()
        # Neither the date nor the version of what drew it: the same results give the same file.
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        figure.savefig(content, format=kind, dpi=160, metadata=metadata)
    return content.getvalue()


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Places near those wanted, within 0 and 1 where there is room, in the same order and ``gap`` apart.

    Args:
        wanted: rising.
        gap: least distance of two.
    """
    places: list[float] = []
    for place in wanted:
        places.append(place if not places else max(place, places[-1] + gap))
    ceiling = 1.0
    for i in reversed(range(len(places))):
        places[i] = min(places[i], ceiling)
        ceiling = places[i] - gap
    return places


def _draw(axes: Axes, mark: Mark, colour: str, shape: str) -> None:
    face = colour if mark.precision == "int8" else "none"
    axes.plot(
        mark.median_us, mark.eer_percent, linestyle="none", marker=shape, markersize=7.5,
        markerfacecolor=face, markeredgecolor=colour, markeredgewidth=1.5, clip_on=False,
    )  # fmt: skip


def _scale(axes: Axes, marks: Sequence[Mark]) -> None:
    times = [mark.median_us for mark in marks]
    axes.set_xscale("log")
    axes.set_xlim(min(times) / 1.3, max(times) * 1.3)
    decades = range(int(np.floor(np.log10(min(times)))) - 1, int(np.ceil(np.log10(max(times)))) + 1)
    low, high = axes.get_xlim()
    steps = _TICKS if high < 100.0 * low else _FEW_TICKS
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    axes.set_xticks([tick for tick in ticks if low <= tick <= high])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    rates = [mark.eer_percent for mark in marks]
    room = max(0.25 * (max(rates) - min(rates)), 0.1 * max(rates), 0.05)
    axes.set_ylim(max(0.0, min(rates) - room), max(rates) + room)
    axes.set_xlabel("median time for one window, 1 thread, µs")
    axes.set_ylabel("EER over 12 s, %")


def _levels(marks: Sequence[Mark]) -> list[tuple[float, str]]:
    """The rates that models stand at, rising, and the words beside each; cohorts where there are several."""
    cohorts = _distinct(mark.cohort for mark in marks)
    words = {
        (mark.eer_percent, mark.model if len(cohorts) == 1 else f"{mark.model} ({mark.cohort})"): None for mark in marks
    }
    return sorted(words)


def _label(axes: Axes, levels: Sequence[tuple[float, str]], marks: Sequence[Mark]) -> None:
    low, high = axes.get_ylim()
    heights = spread([(rate - low) / (high - low) for rate, _ in levels], _LABEL_GAP)
    for (rate, words), height in zip(levels, heights, strict=True):
        first = min(mark.median_us for mark in marks if mark.eer_percent == rate)
        axes.plot([first, axes.get_xlim()[1]], [rate, rate], color=_SOFT, linewidth=0.6, zorder=1)
        joint = [1.0, 1.035], [(rate - low) / (high - low), height]
        axes.plot(*joint, color=_SOFT, linewidth=0.6, transform=axes.transAxes, clip_on=False)
        axes.text(1.04, height, words, va="center", transform=axes.transAxes)


def _legend(figure: Figure, machines: Sequence[str], runtimes: Sequence[str], precisions: Sequence[str]) -> None:
    """Colours are machines, shapes runtimes, and full marks INT8."""

    def handle(colour: str, shape: str, *, full: bool, words: str) -> Line2D:
        return Line2D(
            [], [], linestyle="none", marker=shape, markersize=7.5, markeredgewidth=1.5, markeredgecolor=colour,
            markerfacecolor=colour if full else "none", label=words,
        )  # fmt: skip

    handles = [handle(_colour(machines, name), "s", full=True, words=name) for name in machines]
    handles += [handle(_SOFT, _shape(runtimes, name), full=True, words=name) for name in runtimes]
    handles += [handle(_SOFT, "o", full=name == "int8", words=name) for name in precisions]
    figure.legend(handles=handles, loc="outside lower left", ncols=min(4, len(handles)), frameon=False)


def _colour(machines: Sequence[str], name: str) -> str:
    return _MACHINES[machines.index(name) % len(_MACHINES)]


def _shape(runtimes: Sequence[str], name: str) -> str:
    return _SHAPES[runtimes.index(name) % len(_SHAPES)]


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
