"""Numbers as the report writes them: shares in per cent, differences in points."""

from collections.abc import Iterable, Sequence

import numpy as np

from train.report.paired import Gain

MISSING = "\N{EN DASH}"


def percent(share: float) -> str:
    """A share in per cent."""
    return f"{100.0 * share:.2f}"


def points(difference: float) -> str:
    """A difference of shares in points, always with its sign."""
    text = f"{100.0 * difference:+.2f}"
    return "0.00" if float(text) == 0.0 else text.replace("-", "\N{MINUS SIGN}")


def spread(shares: Sequence[float]) -> str:
    """Mean and standard deviation over seeds, in per cent; one seed has no deviation."""
    if len(shares) < 2:
        return percent(shares[0])
    return f"{percent(float(np.mean(shares)))} ± {percent(float(np.std(shares, ddof=1)))}"


def interval(gain: Gain) -> str:
    """The 95 % interval of a gain."""
    return MISSING if gain.interval is None else f"{points(gain.interval[0])} to {points(gain.interval[1])}"


def seed_range(gain: Gain) -> str:
    """The least and greatest gain of a seed."""
    return f"{points(min(gain.by_seed.values()))} to {points(max(gain.by_seed.values()))}"


def in_full(gain: Gain) -> str:
    """A gain with its interval, for a sentence."""
    if gain.interval is None:
        return f"{points(gain.mean)} points (no interval)"
    zero = ", not told apart from 0" if gain.includes_zero else ""
    return f"{points(gain.mean)} points (95 % interval {interval(gain)}{zero})"


def span(values: Iterable[int]) -> str:
    """Whole numbers of several runs as one, or as a range."""
    distinct = sorted(set(values))
    return f"{distinct[0]:,}" if len(distinct) == 1 else f"{distinct[0]:,} to {distinct[-1]:,}"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    return ", ".join(dict.fromkeys(names))


def several(count: int, one: str, many: str) -> str:
    """A count with its noun."""
    return f"{count:,} {one if count == 1 else many}"
