"""Who bears the errors: refused themselves, taken for others, or others taken for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from device.decision import Boundaries
from device.evaluation.attempts import Attempts, verify


@dataclass(frozen=True, slots=True)
class PersonErrors:
    """One person enrolled; counts of attempts at the device's boundaries."""

    subject: str
    attempts: int
    refused: int
    """Of their own attempts."""
    taken_for_others: int
    """Of their attempts to be each of the others."""
    others_taken: int
    """Of everybody else's attempts to be them."""
    others_attempts: int
    rivals: int
    """How many others are enrolled."""

    @property
    def fnmr(self) -> float | None:
        """The share of their own attempts refused, None without any."""
        return self.refused / self.attempts if self.attempts else None

    @property
    def fmr_as_other(self) -> float | None:
        """The share of their attempts to be somebody else that are accepted."""
        tries = self.attempts * self.rivals
        return self.taken_for_others / tries if tries else None

    @property
    def fmr_as_target(self) -> float | None:
        """The share of others' attempts to be them that are accepted."""
        return self.others_taken / self.others_attempts if self.others_attempts else None

    def to_json(self) -> dict[str, Any]:
        """One JSON object of counts."""
        return {name: getattr(self, name) for name in self.__slots__}


def persons_of(subjects: Sequence[str], attempts: Attempts, boundaries: Boundaries) -> list[PersonErrors]:
    """Everyone enrolled, worst first: by own attempts refused, then by false matches on either side."""
    accepted, _ = verify(attempts, boundaries)
    found = []
    for person, subject in enumerate(subjects):
        own = attempts.own == person
        found.append(
            PersonErrors(
                subject=subject,
                attempts=int(own.sum()),
                refused=int((~accepted[own, person]).sum()),
                taken_for_others=int(accepted[own].sum() - accepted[own, person].sum()),
                others_taken=int(accepted[~own, person].sum()),
                others_attempts=int((~own).sum()),
                rivals=len(subjects) - 1,
            )
        )
    return sorted(found, key=lambda one: (-(one.fnmr or 0.0), -one.taken_for_others - one.others_taken, one.subject))


def fewest_for_half(counts: Sequence[int]) -> int:
    """How few people bear at least half of what is counted; 0 where nothing is."""
    total, so_far = sum(counts), 0
    for many, count in enumerate(sorted(counts, reverse=True), 1):
        so_far += count
        if 2 * so_far >= total > 0:
            return many
    return 0
