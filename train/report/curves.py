"""Curves over N and over epochs, by method."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator

from train.protocols.config import Protocol
from train.report.drawing import SERIES, Panel, Plot, Swatch, draw, stroke, swatches
from train.report.experiments import ABLATION_PREFIX, Experiment, network_label
from train.report.runs import Floats, Network, Run, Shot
from train.report.tables import shots_of

_Series = dict[str, tuple[Floats, Floats, Floats]]
"""By label: positions, means over seeds and deviations, (k,) each."""


def shot_curves(experiments: Sequence[Experiment]) -> Plot:
    """OA and EER against N.

    Args:
        experiments: subject-wise ones of one stage.
    """
    plot = Plot(
        "shots",
        "Recognition against the number of enrolment windows",
        "OA and EER of people who never trained, means over seeds; bars are one standard deviation over seeds. "
        "Ablations are left to their table.",
    )
    styles = _legend(plot, experiments)
    for network, ones in _by_network(experiments).items():
        for name, of in (("OA", _oa), ("EER", _eer)):
            series = {one.label: _over_shots(one, of) for one in ones}
            axes = ("N, windows to enrol from", f"{name}, %")
            _add(plot, f"{network_label(network)}: {name}", series, styles, axes, few=True)
    return plot


def training_curves(experiments: Sequence[Experiment]) -> Plot:
    """Loss and training OA against epochs.

    Args:
        experiments: of one stage.
    """
    plot = Plot(
        "training",
        "Training",
        "Means over seeds. A method's loss is the sum of its own terms: its course can be compared between methods, "
        "its height cannot. Training OA is over augmented windows as they train. Ablations are left out.",
    )
    styles = _legend(plot, experiments)
    for kind in Protocol:
        of_kind = [one for one in experiments if one.first.kind is kind]
        for network, ones in _by_network(of_kind).items():
            for key, name, scale in (("loss", "loss", 1.0), ("train OA", "training OA, %", 100.0)):
                series = {one.label: _over_epochs(one, key, scale) for one in ones}
                title = f"{network_label(network)}, {kind}: {name.removesuffix(', %')}"
                _add(plot, title, series, styles, ("Epoch", name), few=False)
    return plot


def _legend(plot: Plot, experiments: Sequence[Experiment]) -> dict[str, Swatch]:
    styles = swatches([(one.method, one.label) for one in experiments if _drawn(one)])
    plot.legend = list(styles.values())
    return styles


def _drawn(one: Experiment) -> bool:
    return not one.method.startswith(ABLATION_PREFIX)


def _by_network(experiments: Sequence[Experiment]) -> dict[Network, list[Experiment]]:
    result: dict[Network, list[Experiment]] = {}
    for one in experiments:
        if _drawn(one):
            result.setdefault(one.first.network, []).append(one)
    return result


def _oa(shot: Shot) -> float:
    return shot.answers.oa


def _eer(shot: Shot) -> float:
    return shot.eer


def _over_shots(one: Experiment, of: Callable[[Shot], float]) -> tuple[Floats, Floats, Floats]:
    ns = shots_of(one)
    values = 100.0 * np.array([[of(shot) for shot in run.shots if shot.n in ns] for run in one.runs])
    return np.array(ns, dtype=np.float64), values.mean(axis=0), _deviation(values)


def _over_epochs(one: Experiment, key: str, scale: float) -> tuple[Floats, Floats, Floats]:
    rows = [_curve(run, key) for run in one.runs]
    length = min(len(row) for row in rows)
    values = scale * np.array([row[:length] for row in rows], dtype=np.float64)
    return np.arange(1.0, length + 1.0), values.mean(axis=0), np.zeros(length)


def _curve(run: Run, key: str) -> list[float]:
    return [epoch[key] for epoch in run.curves if key in epoch]


def _deviation(values: Floats) -> Floats:
    return np.zeros(values.shape[1]) if len(values) < 2 else np.std(values, axis=0, ddof=1)


def _add(
    plot: Plot, title: str, series: _Series, styles: dict[str, Swatch], axis: tuple[str, str], *, few: bool
) -> None:
    """Add a panel of these lines, unless there is nothing to draw; few points are marked and all read out."""
    lines = {label: line for label, line in series.items() if line[0].size}
    if not lines:
        return

    def paint(axes: Axes) -> None:
        for label, (at, mean, deviation) in lines.items():
            style = styles[label]
            bars = deviation if deviation.any() else None
            mark = "o" if few or at.size == 1 else ""
            axes.errorbar(
                at, mean, yerr=bars, color=SERIES[style.colour], linestyle=stroke(style), marker=mark, capsize=2.5
            )
        axes.set_xlabel(axis[0])
        axes.set_ylabel(axis[1])
        ns = sorted({float(n) for at, _, _ in lines.values() for n in at})
        axes.xaxis.set_major_locator(FixedLocator(ns) if few else MaxNLocator(integer=True))

    says = "; ".join(_in_words(label, *line[:2], few=few) for label, line in lines.items())
    plot.panels.append(Panel(title, f"{title}. {says}.", draw(paint, f"{plot.key}-{len(plot.panels)}")))


def _in_words(label: str, at: Floats, mean: Floats, *, few: bool) -> str:
    shown = range(at.size) if few else (0, at.size - 1)
    return f"{label}: " + ", ".join(f"{mean[i]:.2f} at {at[i]:g}" for i in shown)
