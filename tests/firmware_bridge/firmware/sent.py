"""What a board sent in simulated time."""

from dataclasses import dataclass

from firmware_bridge.protocol import EventCode, Frame
from tests.firmware_bridge.by_type import ByType

IR_LEVEL, RED_LEVEL = 36 * 3600, 36 * 3000


@dataclass
class Sent(ByType):
    """What a board sent: by type, and in order."""

    frames: list[Frame]
    raw: bytes
    lights: list[tuple[bool, float]]

    def event_codes(self, *, fingers: bool = False) -> list[EventCode]:
        codes = [event.code for event in self.events]
        return [code for code in codes if fingers or code not in (EventCode.FINGER_ON, EventCode.FINGER_OFF)]

    def samples(self, epoch: int = 0) -> dict[int, tuple[int, int]]:
        """Index to (IR, RED) counts."""
        return {
            frame.index + i: pair
            for frame in self.data
            if frame.epoch == epoch
            for i, pair in enumerate(zip(frame.ir_counts, frame.red_counts, strict=True))
        }

    def assert_exact(self, epoch: int = 0) -> None:
        """Each sample under an index is the one that the model measured then."""
        for k, counts in self.samples(epoch).items():
            assert counts == (IR_LEVEL + 4 * (k % 500), RED_LEVEL + 4 * (k // 500 % 500)), k

    def missing(self, epoch: int = 0) -> list[int]:
        indices = sorted(self.samples(epoch))
        return sorted(set(range(indices[-1] + 1)) - set(indices))
