"""What came of the sittings' whole signal, held against the run without faults."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from device.soak.reference import DECISIONS, Outcome, Reference
from firmware_bridge.wearers import RATE_HZ

_TOLD = 5


@dataclass(slots=True)
class Compared:
    """What was counted so far; `differing` are outcomes that one run has and the other has not, windows and all."""

    sittings: int = 0
    signal_s: float = 0.0
    windows: int = 0
    decisions: int = 0
    """Of these kinds: identified, unknown, not acquired, lock opened or closed."""
    windows_lost: int = 0
    differing: int = 0
    first_differences: list[str] = field(default_factory=list)


class Comparing:
    """Takes the outcomes of one sitting after the other; `counts` is what was found."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._live: list[Outcome] = []
        self.counts = Compared()

    def begin(self) -> None:
        """A sitting begins."""
        self._live.clear()

    def note(self, outcomes: Iterable[Outcome]) -> None:
        """What came of its next block."""
        self._live += outcomes

    def settle(self, number: int, phase: int, until: int, at_samples: int) -> None:
        """Compare what came of its first `until` samples, see `Reference.outcomes`."""
        if until <= 0:
            return
        live = [one for one in self._live if one[0] <= until and self._reference.is_of_sitting(one)]
        expected = self._reference.outcomes(number, phase, until, at_samples)
        counts = self.counts
        counts.sittings += 1
        counts.signal_s += until / RATE_HZ
        counts.windows += sum(isinstance(what, tuple) for _, what in expected)
        counts.decisions += sum(isinstance(what, DECISIONS) for _, what in expected)
        came = {(offset, what[0]) for offset, what in live if isinstance(what, tuple)}
        counts.windows_lost += sum(isinstance(what, tuple) and (at, what[0]) not in came for at, what in expected)
        if live != expected:
            self._differ(number, live, expected)

    def _differ(self, number: int, live: list[Outcome], expected: list[Outcome]) -> None:
        only = [("", one) for one in live if one not in expected]
        only += [("not ", one) for one in expected if one not in live]
        self.counts.differing += max(1, len(only))
        for negation, (offset, what) in only[: _TOLD - len(self.counts.first_differences)]:
            text = f"sitting {number}, {offset / RATE_HZ:.2f} s: {negation}{what}"
            self.counts.first_differences.append(text)
