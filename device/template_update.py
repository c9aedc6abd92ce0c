"""A template that follows its person's pulse a little way, and cannot be led away.

A pulse drifts within minutes and differs from day to day. After a confident accept that its person confirmed, the
template moves towards the accepted probe. The reference as enrolled stays, as an anchor: the template never leaves the
cap of directions around it, whatever is presented and however often. Whoever knows the PIN and creeps towards another
pulse gets to the edge of that cap and no further; `tests/benchmarks/creeping.py` measures what that is worth to them,
and what updating is worth to the owner.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Embedding = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class UpdateRule:
    """When a template moves, and how far."""

    weight: float
    """Share of the accepted probe in the moved template, above 0 and below 1/2."""
    min_cosine: float
    """Of the template with its anchor, within [-1, 1]; -1 bounds nothing."""
    margin_llr: float
    """What an accept must reach above its boundary, a log-likelihood ratio, >= 0."""

    def __post_init__(self) -> None:
        # From a half on, a template and the probe opposite it would cancel out.
        if not (0.0 < self.weight < 0.5 and -1.0 <= self.min_cosine <= 1.0 and self.margin_llr >= 0.0):
            raise ValueError(f"no rule of updating: {self}")

    def is_confident(self, above_llr: float) -> bool:
        """Whether an accept whose log-likelihood ratio lay so far above its boundary may move the template."""
        return above_llr >= self.margin_llr

    def moved(self, anchor: Embedding, template: Embedding, probe: Embedding) -> Embedding:
        """The template (d,) after an accepted probe (d,); all of unit length.

        Where the weighted mean of template and probe lies outside the cap around the anchor, its nearest point within.
        """
        centre = anchor.astype(np.float64)
        centre /= np.linalg.norm(centre)
        mean = (1.0 - self.weight) * template.astype(np.float64) + self.weight * probe.astype(np.float64)
        mean /= np.linalg.norm(mean)
        along = float(centre @ mean)
        if along < self.min_cosine:
            aside = mean - along * centre
            sine = np.sqrt(1.0 - self.min_cosine**2)
            mean = self.min_cosine * centre + sine * aside / np.linalg.norm(aside)
        return np.asarray(mean, dtype=np.float32)


RULE = UpdateRule(weight=0.2, min_cosine=0.99, margin_llr=0.2)
"""Set on people held out of training: the widest cap in hundredths at whose edge the strongest attacker's own pulse is
accepted at no more than the 1 % of attempts that strangers are allowed (0.8 %; at 0.98 it is 1.2 %, without a cap 84 %,
where nothing moves 0.3 %). Weight and margin are set on them and on an hour at the wrist (`stress_predict`)."""
