"""Cells of the report's tables: rates in per cent with their intervals."""

from collections.abc import Callable

from device.evaluation.settings import Interval
from train.report.bundle.conditions import CONDITIONS, Condition
from train.report.bundle.gathering import Gathered, Reported
from train.report.bundle.measuring import Measured
from train.report.bundle.sets import SETS, DataSet, Kinship
from train.report.tables import Table
from train.report.wording import MISSING

TITLES = {one.key: one for one in SETS}


def rate(value: float | None, interval: Interval = None) -> str:
    """A share in per cent, with its interval where it has one; from 10 % on a second decimal would say nothing."""
    if value is None:
        return MISSING
    digits = 1 if value >= 0.1 else 2
    ends = "" if interval is None else f" [{100.0 * interval[0]:.{digits}f}, {100.0 * interval[1]:.{digits}f}]"
    return f"{100.0 * value:.{digits}f}{ends}"


def seconds(value: float | None) -> str:
    """A time of signal."""
    return MISSING if value is None else f"{value:.1f}"


def set_of(condition: Condition) -> DataSet:
    """The set that a condition is measured on."""
    return TITLES[condition.data_set]


def heading(condition: Condition, gathered: Gathered) -> str:
    """A column's head: how far apart, whose pulse, which sensor, and whether any model trained with another."""
    data_set = set_of(condition)
    kin = {one.kin[condition.data_set] for one in gathered.bundles}
    return f"{condition.title}: {data_set.title}, {data_set.sensor}{mark(kin)}"


def mark(kin: set[Kinship]) -> str:
    """What must be said of a column beside its sensor; empty where every model trained with such a one."""
    if kin == {Kinship.SAME}:
        return ""
    if len(kin) == 1:
        return f" ({next(iter(kin))})"
    return " (see the row of sensors)"


def by_condition(gathered: Gathered, one: Reported, cell: Callable[[Measured], str]) -> tuple[str, ...]:
    """One cell a condition; what was not measured says so."""
    gone = {data_set.key for data_set in gathered.missing}
    return tuple(
        cell(one.measured[condition.key])
        if condition.key in one.measured
        else ("set missing" if condition.data_set in gone else "not measured")
        for condition in CONDITIONS
    )


def side_by_side(gathered: Gathered, title: str, *words: str) -> Table:
    """An empty table whose columns are the conditions, side by side and never mixed."""
    head = (*words, *(heading(one, gathered) for one in CONDITIONS))
    return Table(title, head, [], texts=len(words), begins=1)
