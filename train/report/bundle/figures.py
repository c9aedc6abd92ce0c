"""The page's figures: trade-off curves with their bands, times to acceptance, ageing."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from scipy.special import ndtri

from train.report.bundle.ageing import Age
from train.report.bundle.cells import rate, set_of
from train.report.bundle.conditions import CONDITIONS
from train.report.bundle.gathering import Gathered
from train.report.bundle.measuring import Measured
from train.report.bundle.rates import Curve
from train.report.bundle.time_tables import session_name
from train.report.drawing import DASHES, SERIES, Panel, Plot, Swatch, draw, stroke

_TICKS = (0.002, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7)
_LIMITS = (0.001, 0.8)
_LONGEST_S = 60.0
_Curves = dict[str, Measured]


def legend_of(gathered: Gathered) -> dict[str, Swatch]:
    """A colour and stroke for each model."""
    return {
        one.model.name: Swatch(one.model.name, 1 + i % (len(SERIES) - 1), DASHES[i % len(DASHES)])
        for i, one in enumerate(gathered.bundles)
    }


def det_plot(gathered: Gathered) -> Plot:
    """FNMR against FMR over 12 s, a panel a condition."""
    plot = Plot(
        "det",
        "Detection error trade-off over 12 s",
        "Both axes are normal deviates, per cent; the dotted line is where both errors are equal. Bands hold the "
        "middle 95 % of resamples of people, at each FMR by itself. A curve begins at the least FMR that its "
        "people can tell; what lies beyond the axes, such as no error at all, is drawn at their edge.",
    )

    def says(one: Measured) -> str:
        rates = next(r for r in one.result.decisions if r.seconds == 12.0)
        return f"EER {rate(rates.eer, rates.eer_ci95)} %"

    _fill(plot, gathered, _paint_det, (4.2, 4.0), lambda one: one.curve is not None, says)
    return plot


def time_plot(gathered: Gathered) -> Plot:
    """How many of their own attempts people have been accepted in after so much signal."""
    plot = Plot(
        "time",
        "Own attempts accepted by then",
        "Share of mated attempts that are accepted after so many seconds of signal, good and bad. Where a curve stays, "
        "the rest is refused.",
    )

    def says(one: Measured) -> str:
        times = one.answering
        return f"{rate(times.accepted_s.size / times.mated)} % of {times.mated} accepted in the end"

    _fill(plot, gathered, _paint_times, (4.6, 3.1), lambda one: one.answering.mated > 0, says)
    return plot


def ageing_plot(gathered: Gathered) -> Plot:
    """EER and refusals against sessions."""
    plot = Plot(
        "ageing",
        "Ageing of one session's template",
        "Sessions in order: the rest of the one enrolled from, the same day, and two a week later. Bars are 95 % "
        "intervals over people.",
    )
    styles = legend_of(gathered)
    ages = {one.model.name: one.ages for one in gathered.bundles if one.ages}
    if not ages:
        return plot
    plot.legend = [styles[name] for name in ages]
    for name, of in (("EER over 12 s", _eer), ("FNMR of attempts", _fnmr)):

        def paint(axes: Axes, name: str = name, of: Callable[[Age], _Rate | None] = of) -> None:
            _paint_ages(axes, ages, styles, of)
            axes.set_ylabel(f"{name}, %")

        words = "; ".join(f"{model}: {_in_words(own, of)}" for model, own in ages.items())
        key = f"{plot.key}-{len(plot.panels)}"
        plot.panels.append(Panel(name, f"{name} by session. {words}.", draw(paint, key)))
    return plot


def _fill(
    plot: Plot,
    gathered: Gathered,
    paint: Callable[..., None],
    size: tuple[float, float],
    has: Callable[[Measured], bool],
    says: Callable[[Measured], str],
) -> None:
    """Add a panel for each condition that has something to show."""
    styles, drawn = legend_of(gathered), set[str]()
    for condition in CONDITIONS:
        found = {b.model.name: b.measured[condition.key] for b in gathered.bundles if condition.key in b.measured}
        curves = {name: one for name, one in found.items() if has(one)}
        if not curves:
            continue
        drawn |= curves.keys()
        title = f"{condition.title}: {set_of(condition).title}, {set_of(condition).sensor}"
        words = "; ".join(f"{name}: {says(one)}" for name, one in curves.items())
        key = f"{plot.key}-{len(plot.panels)}"
        plot.panels.append(
            Panel(
                title,
                f"{plot.title}, {title}. {words}.",
                draw(partial(paint, curves=curves, styles=styles), key, size),
            )
        )
    plot.legend = [style for name, style in styles.items() if name in drawn]


def _paint_det(axes: Axes, curves: _Curves, styles: dict[str, Swatch]) -> None:
    for name, one in curves.items():
        if one.curve is not None:
            _paint_curve(axes, one.curve, styles[name])
    ends = ndtri(np.array(_LIMITS))
    axes.plot(ends, ends, color=SERIES[0], linewidth=0.8, linestyle=":")
    for axis, set_limits in ((axes.xaxis, axes.set_xlim), (axes.yaxis, axes.set_ylim)):
        axis.set_ticks(list(ndtri(np.array(_TICKS))), [f"{100.0 * tick:g}" for tick in _TICKS])
        set_limits(*ends)
    axes.set_aspect("equal")
    axes.set_xlabel("FMR, %")
    axes.set_ylabel("FNMR, %")


def _paint_curve(axes: Axes, curve: Curve, style: Swatch) -> None:
    # 0 and 1 have no deviate: what is beyond the axes lies at their edges.
    low, middle, high = (ndtri(np.clip(one, *_LIMITS)) for one in (curve.low, curve.fnmr, curve.high))
    at, colour = ndtri(curve.fmr), SERIES[style.colour]
    axes.fill_between(at, low, high, color=colour, alpha=0.14, linewidth=0.0)
    axes.plot(at, middle, color=colour, linestyle=stroke(style))


def _paint_times(axes: Axes, curves: _Curves, styles: dict[str, Swatch]) -> None:
    for name, one in curves.items():
        style, times = styles[name], one.answering
        at = np.concatenate(([0.0], times.accepted_s, [_LONGEST_S]))
        share = np.concatenate((np.arange(times.accepted_s.size + 1), [times.accepted_s.size])) / times.mated
        axes.step(at, 100.0 * share, where="post", color=SERIES[style.colour], linestyle=stroke(style))
    axes.set_xlim(0.0, _LONGEST_S)
    axes.set_ylim(0.0, 100.0)
    axes.set_xlabel("seconds of signal")
    axes.set_ylabel("accepted, %")


_Rate = tuple[float, float, float]
"""A rate and the ends of its interval, per cent."""


def _eer(age: Age) -> _Rate | None:
    return _of(age.rates.eer, age.rates.eer_ci95)


def _fnmr(age: Age) -> _Rate | None:
    return _of(age.attempts.fnmr, age.attempts.fnmr_ci95) if age.attempts else None


def _of(value: float | None, interval: tuple[float, float] | None) -> _Rate | None:
    if value is None:
        return None
    low, high = interval or (value, value)
    return 100.0 * value, 100.0 * low, 100.0 * high


def _paint_ages(
    axes: Axes, ages: dict[str, list[Age]], styles: dict[str, Swatch], of: Callable[[Age], _Rate | None]
) -> None:
    sessions = sorted({age.session for own in ages.values() for age in own})
    for i, (name, own) in enumerate(ages.items()):
        style = styles[name]
        found = [(sessions.index(age.session), rates) for age in own if (rates := of(age)) is not None]
        at = np.array([place for place, _ in found]) + 0.08 * (i - (len(ages) - 1) / 2)
        value, low, high = np.array([rates for _, rates in found]).reshape(-1, 3).T
        bars = np.maximum(0.0, np.stack([value - low, high - value]))
        axes.errorbar(
            at, value, yerr=bars, color=SERIES[style.colour], linestyle=stroke(style), marker="o", capsize=2.5
        )
    axes.set_xticks(range(len(sessions)), [session_name(one).replace(", ", "\n") for one in sessions])
    axes.set_ylim(bottom=0.0)


def _in_words(ages: Sequence[Age], of: Callable[[Age], _Rate | None]) -> str:
    told = [(age.session, of(age)) for age in ages]
    return ", ".join(f"{rates[0]:.1f} % in {session_name(session)}" for session, rates in told if rates is not None)
