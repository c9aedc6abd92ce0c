"""Whether a stretch of the signal was there before, bit for bit: a converter's noise never comes twice."""

from collections import deque
from random import Random
from typing import ClassVar

from device.presentation.findings import Finding, PresentationReason, State
from firmware_bridge import Message, SampleBlock

STRETCH = 125
"""Samples that are compared: a second at 125 Hz."""
MOST_STRETCHES = 4096
"""So many are remembered, over an hour at 125 Hz, as one number each: about 0.5 MB."""
LEAST_DISTINCT = 16
"""Counts that a stretch must have of different ones: constants and full scale repeat in any signal."""
MODULUS = (1 << 61) - 1
"""A Mersenne prime. Two stretches that differ hash alike with a probability of 125 in it (Karp and Rabin 1987)."""


class Repeats:
    """A rolling hash of infrared counts against those of each whole stretch of the run so far.

    A loop of L samples is seen once it has come round and one stretch, remembered from its first time, is complete
    again: after L + 2 x STRETCH samples at most. Counts, not light: a lamp that plays a loop is measured with noise,
    and is not seen.
    """

    name: ClassVar[str] = "exact repeats"

    def __init__(self, random: Random) -> None:
        """`random` draws the hash's base, which nobody who sends samples may know."""
        self._base = random.randrange(1 << 32, MODULUS)
        self._leaves = pow(self._base, STRETCH, MODULUS)
        self._known: set[int] = set()
        self._order: deque[int] = deque()
        self._epoch: int | None = None
        self._next_index = 0
        self._begin()
        self.reset()

    @property
    def finding(self) -> Finding:
        """See `Check`."""
        if self._repeated:
            return Finding(State.ATTACK, f"{STRETCH} samples that were there before", PresentationReason.REPEATED)
        return Finding(State.PASSED, f"none in {len(self._order)} stretches of {STRETCH} samples")

    def take(self, message: Message) -> None:
        """Take the next message."""
        if not isinstance(message, SampleBlock):
            return
        if (message.epoch, message.index) != (self._epoch, self._next_index):
            self._begin()
        self._epoch, self._next_index = message.epoch, message.index + len(message.ir_counts)
        for counts in message.ir_counts.tolist():
            self._roll(counts)

    def reset(self) -> None:
        """Begin a new attempt; what was there before is still remembered."""
        self._repeated = False

    def _begin(self) -> None:
        self._stretch: deque[int] = deque(maxlen=STRETCH)
        self._hash = 0
        self._since = 0

    def _roll(self, counts: int) -> None:
        leaving = self._stretch[0] if len(self._stretch) == STRETCH else 0
        self._stretch.append(counts)
        self._hash = (self._hash * self._base + counts - leaving * self._leaves) % MODULUS
        self._since += 1
        if len(self._stretch) < STRETCH:
            return
        self._repeated |= self._hash in self._known
        if self._since >= STRETCH:
            self._since = 0
            self._remember()

    def _remember(self) -> None:
        if self._hash in self._known or len(set(self._stretch)) < LEAST_DISTINCT:
            return
        self._known.add(self._hash)
        self._order.append(self._hash)
        if len(self._order) > MOST_STRETCHES:
            self._known.remove(self._order.popleft())
