"""People who do not exist: everyone's pulse seen otherwise trains as the pulse of somebody else.

A pulse played backwards, upside down, or as its own slope is no pulse of the same person, but as individual as theirs:
a network that tells more people apart learns more of what tells people apart.
"""

from itertools import chain, combinations

import torch
from torch import Tensor

from train.augment import standardise
from train.errors import TrainError, TrainReason

BACKWARDS, INVERTED, SLOPE = "backwards", "inverted", "slope"
_NAMES = (SLOPE, BACKWARDS, INVERTED)

View = tuple[str, ...]


def views_of(names: list[str]) -> list[View]:
    """Every combination of the views named, the pulse as it is first.

    Raises:
        TrainError: BAD_CONFIG, a name is none or stands twice.
    """
    wrong = [name for name in names if name not in _NAMES]
    if wrong or len(set(names)) != len(names):
        raise TrainError(
            TrainReason.BAD_CONFIG, f"views = {names}: give any of {', '.join(sorted(_NAMES))}, each at most once"
        )
    ordered = [name for name in _NAMES if name in names]
    return list(chain.from_iterable(combinations(ordered, count) for count in range(len(ordered) + 1)))


def seen(windows: Tensor, view: View) -> Tensor:
    """Windows (n, m) as a view shows them, (n, m) and standardised."""
    if SLOPE in view:
        windows = standardise(torch.gradient(windows, dim=1)[0])
    if BACKWARDS in view:
        windows = windows.flip(1)
    return -windows if INVERTED in view else windows
