"""Which DATA frames a host with a key believes: sealed with this session's nonce, and newer than all before."""

import math
import secrets
from collections.abc import Callable

from firmware_bridge.protocol import EPOCH_MODULUS, INDEX_MODULUS, DataFlags, DataFrame, InfoFrame
from firmware_bridge.sealing import Seal
from firmware_bridge.tallies import Tally

SEAL_S = 3.0
"""A board seals its next frame once it has the nonce, 40 ms later, and may have to be sent it twice: see AGAIN_S.

A longer row of frames, none of them right, is another board, another key, or a forger alone."""
AGAIN_S = 0.5
"""After a dozen frames without a right one the nonce did not arrive, or is forgotten: the next INFO asks anew.

No two nonces are nearer than that: whoever waits for one that he has recorded waits 68 years, and can send INFOs, which
are not sealed, as fast as he likes."""


class SealCheck:
    """One connection's check, without I/O; it counts into ``tally`` what it refuses.

    A nonce is due after the first INFO, after each that a boot sends, and where right frames no longer come. Frames
    that come before the first right one of a nonce are refused and not counted, since an honest board sends such.
    Each right frame must be of a later sample than the one before, so that none is played back. What a board of the
    same key sealed with the same nonce is this board's to us: a key is for one board.

    Args:
        key: 16 bytes.
        tally: counts into.
        draw: 32 bits that nobody can foresee, not 0.

    Raises:
        ValueError: the key has another length.
    """

    def __init__(self, key: bytes, tally: Tally, draw: Callable[[], int] = lambda: 1 + secrets.randbelow(2**32 - 1)):
        self._key, self._tally, self._draw = key, tally, draw
        self._seal = Seal(key, draw())  # which no board knows
        self._due = False
        self._asked_s = -math.inf
        # When the first and the newest frame came of those refused since a right one.
        self._refused_s: tuple[float, float] | None = None
        self.proven = False
        self._base_epoch = self._epochs = self._next_index = 0

    def info(self, frame: InfoFrame, now_s: float) -> None:
        """Note that the board said what it is: a nonce may be due."""
        wanted = self._asked_s == -math.inf or self._doubt_s >= AGAIN_S or DataFlags.RESTARTED in frame.flags
        if wanted and now_s - self._asked_s >= AGAIN_S:
            self._due, self._asked_s = True, now_s

    def take_nonce(self) -> int | None:
        """What the board is to be sent now, if anything; what is sealed with the one before is no longer believed."""
        if not self._due:
            return None
        self._seal = Seal(self._key, self._draw())
        self._due = self.proven = False
        return self._seal.nonce

    def accepts(self, frame: DataFrame, now_s: float) -> bool:
        """Whether the frame is the board's, and new."""
        if self._seal.fits(frame) and self._goes_on(frame):
            self.proven, self._refused_s = True, None
            return True
        self._tally.forged += self.proven
        self._refused_s = (self._refused_s[0] if self._refused_s else now_s, now_s)
        return False

    @property
    def overdue(self) -> bool:
        """Whether frames have come for 3 s, and no right one; a board whose sensor is lost sends none."""
        return self._doubt_s >= SEAL_S

    @property
    def _doubt_s(self) -> float:
        return self._refused_s[1] - self._refused_s[0] if self._refused_s else 0.0

    def _goes_on(self, frame: DataFrame) -> bool:
        if not self.proven:
            self._base_epoch, self._epochs, self._next_index = frame.epoch, 0, frame.index
        # Half a turn of the epochs from the nonce's first is as far as later and earlier can be told apart; beyond, no
        # frame is right, and the next INFO gets a new nonce.
        epochs = (frame.epoch - self._base_epoch) % EPOCH_MODULUS
        step = (frame.index - self._next_index) % INDEX_MODULUS
        later = step < INDEX_MODULUS // 2 if epochs == self._epochs else self._epochs < epochs < EPOCH_MODULUS // 2
        if later:
            self._epochs, self._next_index = epochs, (frame.index + len(frame.ir_counts)) % INDEX_MODULUS
        return later
