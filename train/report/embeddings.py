"""Pictures of what the networks keep of a pulse: t-SNE of test windows."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from sklearn.manifold import TSNE

from train.report.drawing import INK, SERIES, Panel, Plot, Swatch, draw
from train.report.experiments import network_label
from train.report.predictions import Predictions
from train.report.runs import Floats, Run

MAX_PEOPLE, MAX_WINDOWS, MIN_WINDOWS = 10, 30, 3
SEED = 0
_SHAPES = ("circle", "triangle")
_MARKERS = {"circle": "o", "triangle": "^"}


def embedding_map(baseline: tuple[Run, Predictions], proposed: tuple[Run, Predictions], key: str) -> Plot:
    """Baseline and proposed beside each other, the same windows of the same people; without panels if too few.

    Args:
        baseline: a run and its predictions.
        proposed: another, of the same network and seed.
        key: of the figure.
    """
    run = baseline[0]
    plot = Plot(
        key,
        f"Embeddings of test windows, {run.kind}",
        f"{network_label(run.network)}, seed {run.seed}: t-SNE of up to {MAX_WINDOWS} windows of each of up to "
        f"{MAX_PEOPLE} people drawn at random, the same in both. It keeps neighbourhoods and not distances: a picture "
        "to look at, not evidence.",
    )
    people = chosen_people(baseline, proposed)
    if len(people) < 2:
        return plot
    plot.legend = [Swatch(name, i // len(_SHAPES), shape=_SHAPES[i % len(_SHAPES)]) for i, name in enumerate(people)]
    for name, (one, predictions) in (("PPG alone", baseline), ("proposed", proposed)):
        rows = [predictions.of(one.people.index(person))[:MAX_WINDOWS] for person in people]
        plot.panels.append(_panel(name, plot, [len(row) for row in rows], _flattened(np.concatenate(rows))))
    return plot


def chosen_people(baseline: tuple[Run, Predictions], proposed: tuple[Run, Predictions]) -> list[str]:
    """People of whom both have windows enough, drawn with a fixed seed, by name."""
    enough = [
        {name for i, name in enumerate(run.people) if int((predictions.label == i).sum()) >= MIN_WINDOWS}
        for run, predictions in (baseline, proposed)
    ]
    names = sorted(enough[0] & enough[1])
    drawn = np.random.default_rng(SEED).permutation(len(names))[:MAX_PEOPLE]
    return [names[i] for i in sorted(drawn)]


def _flattened(rows: NDArray[np.float32]) -> Floats:
    perplexity = min(30.0, (len(rows) - 1) / 3.0)
    return np.asarray(TSNE(perplexity=perplexity, init="random", random_state=SEED).fit_transform(rows), np.float64)


def _panel(name: str, plot: Plot, counts: list[int], places: Floats) -> Panel:
    def paint(axes: Axes) -> None:
        begin = 0
        for swatch, count in zip(plot.legend, counts, strict=True):
            x, y = places[begin : begin + count].T
            begin += count
            filled = swatch.shape == "circle"
            axes.scatter(
                x,
                y,
                s=20.0,
                marker=_MARKERS[swatch.shape],
                facecolors=SERIES[swatch.colour] if filled else "none",
                edgecolors=SERIES[swatch.colour],
                linewidths=0.0 if filled else 1.2,
            )
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(visible=True, color=INK, alpha=0.3)

    alt = f"{name}: {sum(counts)} windows of {len(counts)} people as points in a plane."
    return Panel(name, alt, draw(paint, f"{plot.key}-{len(plot.panels)}", (4.2, 3.9)))
