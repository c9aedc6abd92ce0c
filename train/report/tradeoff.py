"""Detection error trade-off of people who never trained."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from scipy.special import ndtri

from device.comparison import pooled
from device.errors import SignalError
from device.metrics import Det, det, eer_of
from train.protocols.few_shot import POOL_WINDOWS
from train.report.drawing import SERIES, Panel, Plot, Swatch, draw, stroke, swatches
from train.report.experiments import BASELINE, PROPOSED, TEACHER, Experiment, network_label
from train.report.predictions import Predictions, read_predictions
from train.report.runs import Floats, Network, Run

_TICKS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4)
_LIMITS = (0.0005, 0.5)
_MAX_POINTS = 400


def det_curves(experiments: Sequence[Experiment]) -> Plot:
    """FNMR against FMR of baseline, proposed and teacher; without panels where no run has predictions.

    Args:
        experiments: subject-wise ones of one stage.
    """
    plot = Plot("det", "Detection error trade-off", "")
    chosen = _chosen(experiments)
    styles = swatches([(one.method, one.label) for ones in chosen.values() for one, _ in ones])
    drawn: set[str] = set()
    for network, ones in chosen.items():
        curves = {}
        for one, run in ones:
            predictions = read_predictions(run)
            points = None if predictions is None else trade_off(predictions, len(run.people))
            if points is not None:
                curves[one.label] = points
        if curves:
            drawn |= curves.keys()
            seeds = ", ".join(f"{one.label} seed {run.seed}" for one, run in ones if one.label in curves)
            plot.panels.append(_panel(f"{network_label(network)} ({seeds})", curves, styles, len(plot.panels)))
    plot.legend = [style for label, style in styles.items() if label in drawn]
    plot.caption = (
        f"Everyone is enrolled from the mean of their first {POOL_WINDOWS} windows, as the device enrols, and compared "
        "by the cosine, window by window, with what comes after; the axes are normal deviates and the dotted line is "
        "where both errors are equal. This enrols from more windows than the table's N. The teacher reads the ECG of "
        "the windows that have one."
    )
    return plot


def trade_off(predictions: Predictions, people: int) -> Det | None:
    """Operating points of everyone with more than ``POOL_WINDOWS`` windows; None below two people."""
    references, probes = [], []
    for person in range(people):
        one = predictions.of(person)
        if len(one) <= POOL_WINDOWS:
            continue
        try:
            references.append(pooled(one[:POOL_WINDOWS]))
        except SignalError:
            return None  # a network that did not learn may answer with zeros
        probes.append(one[POOL_WINDOWS:])
    if len(references) < 2:
        return None
    own = np.repeat(np.arange(len(probes)), [len(one) for one in probes])
    scores = np.concatenate(probes) @ np.stack(references).T
    is_mated = own[:, None] == np.arange(len(references))
    return det(scores[is_mated], scores[~is_mated])


def _chosen(experiments: Sequence[Experiment]) -> dict[Network, list[tuple[Experiment, Run]]]:
    """By network, one run with predictions of each method: of the lowest seed that most methods have."""
    result: dict[Network, list[tuple[Experiment, Run]]] = {}
    for one in experiments:
        if one.method in (BASELINE, PROPOSED, TEACHER):
            result.setdefault(one.first.network, [])
    for network, ones in result.items():
        of_network = [
            (one, {run.seed: run for run in one.runs if run.predictions.exists()})
            for one in experiments
            if one.first.network == network and one.method in (BASELINE, PROPOSED, TEACHER)
        ]
        students = [runs for one, runs in of_network if one.method != TEACHER and runs]
        common = set.intersection(*(set(runs) for runs in students)) if students else set()
        for one, runs in of_network:
            if runs:
                ones.append((one, runs[min(common & runs.keys() or runs)]))
    return {network: ones for network, ones in result.items() if ones}


def _panel(title: str, curves: dict[str, Det], styles: dict[str, Swatch], number: int) -> Panel:
    def paint(axes: Axes) -> None:
        for label, points in curves.items():
            style = styles[label]
            fmr, fnmr = _thinned(points)
            axes.plot(ndtri(fmr), ndtri(fnmr), color=SERIES[style.colour], linestyle=stroke(style))
        ends = ndtri(np.array(_LIMITS))
        axes.plot(ends, ends, color=SERIES[0], linewidth=0.8, linestyle=":")
        for axis, set_limits in ((axes.xaxis, axes.set_xlim), (axes.yaxis, axes.set_ylim)):
            axis.set_ticks(list(ndtri(np.array(_TICKS))), [f"{100.0 * tick:g}" for tick in _TICKS])
            set_limits(*ends)
        axes.set_aspect("equal")
        axes.set_xlabel("FMR, %")
        axes.set_ylabel("FNMR, %")

    rates = "; ".join(f"{label}: EER {100.0 * float(eer_of(one.fmr, one.fnmr)):.2f} %" for label, one in curves.items())
    alt = f"False non-match against false match rate, {title}. {rates}."
    return Panel(title, alt, draw(paint, f"det-{number}", (4.2, 4.0)))


def _thinned(points: Det) -> tuple[Floats, Floats]:
    """The corners within the axes, at most ``_MAX_POINTS``, none at 0 or 1, which have no deviate."""
    floor = _LIMITS[0] / 2.0
    fmr, fnmr = np.clip(points.fmr, floor, 1.0 - floor), np.clip(points.fnmr, floor, 1.0 - floor)
    turns = np.flatnonzero(np.append(True, (np.diff(fmr) != 0.0) | (np.diff(fnmr) != 0.0)))
    kept = turns[np.unique(np.linspace(0, turns.size - 1, _MAX_POINTS).astype(np.intp))]
    return fmr[kept], fnmr[kept]
