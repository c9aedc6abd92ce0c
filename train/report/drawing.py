"""Figures as SVG that takes its colours from the page, so that one drawing fits light and dark."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from train.report.experiments import METHOD_ORDER

INK, GRID = "#010203", "#010204"
"""Stand for the page's text colour and its hairlines; SERIES for its colours of series."""
SERIES = tuple(f"#0102{number:02x}" for number in range(16, 26))
DASHES = ((), (6.0, 2.0), (2.0, 1.5), (6.0, 2.0, 2.0, 2.0), (10.0, 3.0))
"""Lengths of strokes and gaps in points; lines are told apart without colours too."""

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pulsekey",
    "text.parse_math": False,
    "font.size": 10.0,
    "font.sans-serif": ["DejaVu Sans"],
    "lines.linewidth": 1.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


@dataclass(frozen=True, slots=True)
class Swatch:
    """An entry of a figure's legend, which the page draws: texts of a user never enter a drawing."""

    text: str
    colour: int
    """Number in ``SERIES``."""
    dashes: tuple[float, ...] = ()
    shape: str = "line"
    """``line``, ``circle`` or ``triangle``."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing."""

    title: str
    alt: str
    """What it shows, for those who do not see it."""
    svg: str


@dataclass(slots=True)
class Plot:
    """A figure of the report: drawings beside each other, one legend, one caption."""

    key: str
    title: str
    caption: str
    panels: list[Panel] = field(default_factory=list)
    legend: list[Swatch] = field(default_factory=list)


def draw(paint: Callable[[Axes], None], key: str, size: tuple[float, float] = (4.6, 3.1)) -> str:
    """Draw one pair of axes.

    Args:
        paint: fills the axes.
        key: unique in the page; ids of the drawing begin with it.
        size: width and height in inches; a phone shows it at about three quarters.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        canvas = Canvas(figsize=size, layout="constrained")
        paint(canvas.add_subplot())
        content = io.StringIO()
        canvas.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    return _inline(content.getvalue(), key)


def swatches(labels: Sequence[tuple[str, str]]) -> dict[str, Swatch]:
    """A colour and stroke for each line: (method, label) to label; known methods look the same in every figure."""
    result: dict[str, Swatch] = {}
    taken: set[int] = set()
    later = []
    for method, label in dict.fromkeys(labels):
        number = METHOD_ORDER.index(method) if method in METHOD_ORDER else -1
        if 0 <= number < len(SERIES) and number not in taken:
            taken.add(number)
            result[label] = _swatch(label, number)
        else:
            later.append(label)
    free = [number for number in range(len(SERIES)) if number not in taken] or [0]
    for i, label in enumerate(later):
        result[label] = _swatch(label, free[i % len(free)])
    return {label: result[label] for _, label in labels}


def stroke(swatch: Swatch) -> tuple[float, tuple[float, ...]] | str:
    """The line style of a swatch, for matplotlib."""
    return (0.0, swatch.dashes) if swatch.dashes else "-"


def _swatch(label: str, number: int) -> Swatch:
    return Swatch(label, number, DASHES[number % len(DASHES)])


def _inline(svg: str, key: str) -> str:
    """A whole SVG file as an element of a page: no names of its own, no outside address, no colour of its own."""
    svg = svg[svg.index("<svg") :]
    for pattern, by in (
        (r"<metadata>.*?</metadata>", ""),
        (r"<style.*?</style>", ""),
        (r' xmlns(:\w+)?="[^"]*"', ""),
        (r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>", r'<svg \1 aria-hidden="true" focusable="false">'),
        (r"xlink:href", "href"),
        (r"""(\bid="|url\(#|href="#)""", rf"\1{key}-"),
        (r"'DejaVu Sans'", "system-ui, sans-serif"),
        (INK, "currentColor"),
        (GRID, "var(--grid)"),
    ):
        svg = re.sub(pattern, by, svg, flags=re.DOTALL)
    for number, colour in enumerate(SERIES):
        svg = svg.replace(colour, f"var(--series-{number})")
    return svg
