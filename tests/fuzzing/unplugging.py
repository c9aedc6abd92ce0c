"""A board that is unplugged and plugged in again and again, at any moment, and the reader that must get it back."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from firmware_bridge.board import LightBoard
from firmware_bridge.messages import LinkRestored, SampleBlock
from firmware_bridge.packets import Packet
from firmware_bridge.plugged_board import PluggedBoard
from firmware_bridge.port_list import ListedBoard, UsbIdentity
from firmware_bridge.reader import BoardReader
from firmware_bridge.wearers import WearerSource, load_wearer

HUNG_S = 20.0
"""No sample for so long after the board is back: four times the reader's longest retry."""
HALF_S = 0.02
"""Between the halves of what a board sends: half of all moments lie within a frame."""
MOST_STREAMING_S = 0.3
"""The board is unplugged within this of its first sample, often before its first INFO has been followed by another."""


class HalvedBoard:
    """A light board whose packets leave in two halves, so that it can be unplugged in mid-frame."""

    def __init__(self, wearer: str) -> None:
        self._board = LightBoard(WearerSource(load_wearer(wearer)))

    def boot(self) -> Iterator[Packet]:
        """See ``packets.Board``."""
        for packet in self._board.boot():
            middle = len(packet.data) // 2
            yield Packet(packet.due_s, packet.data[:middle])
            yield Packet(packet.due_s + HALF_S, packet.data[middle:])

    def receive(self, data: bytes) -> None:
        """See ``packets.Board``."""
        self._board.receive(data)


class Plug:
    """One board in a ``folder`` of its own, under a name that stays or, if it ``renames``, a new one each time."""

    def __init__(self, folder: Path, wearer: str, *, renames: bool) -> None:
        self._identity = UsbIdentity(0x2341, 0x0043, folder.name)
        self._renames = renames
        self._times = 0
        self._board = PluggedBoard(HalvedBoard(wearer), folder / "tty")
        self.unplug = self._board.unplug
        self.url = str(self._board.path)

    def replug(self) -> None:
        """Plug the board in again."""
        self._times += 1
        self._board.replug(f"tty{self._times}" if self._renames else None)

    def boards(self) -> list[ListedBoard]:
        """What the operating system lists: this board, where it is now."""
        path = self._board.path
        return [ListedBoard(str(path), str(path), "Uno", True, self._identity)] if path.is_symlink() else []


@dataclass
class Outcome:
    """Of one plug: seconds from plugging in to the first sample, and absences that led to them."""

    first_sample_s: list[float] = field(default_factory=list)
    absent_s: list[float] = field(default_factory=list)
    hung: bool = False


def run_cycles(plug: Plug, absences_s: list[float], rng: Random) -> Outcome:
    """Unplug once for each absence, wait for the reader to have the board back each time, and close both."""
    outcome = Outcome()
    back = threading.Event()
    plugged_at = [0.0]
    reader = BoardReader(plug.url, boards=plug.boards)

    def unplug_and_replug() -> None:
        for absent_s in absences_s:
            if not back.wait(HUNG_S):
                outcome.hung = True
                break
            back.clear()
            time.sleep(rng.uniform(0.0, MOST_STREAMING_S))
            plug.unplug()
            time.sleep(absent_s)
            plugged_at[0] = time.monotonic()
            plug.replug()
        outcome.hung |= not back.wait(HUNG_S)
        reader.close()

    controller = threading.Thread(target=unplug_and_replug, name=f"plug {plug.url}")
    controller.start()
    new = True
    with reader:
        for message in reader:
            if isinstance(message, LinkRestored):
                new = True
            elif isinstance(message, SampleBlock) and new:
                if plugged_at[0]:
                    outcome.first_sample_s.append(time.monotonic() - plugged_at[0])
                new = False
                back.set()
    controller.join(HUNG_S)
    plug.unplug()
    outcome.absent_s = absences_s[: len(outcome.first_sample_s)]
    return outcome


def open_descriptors() -> int:
    """How many this process has."""
    return len(os.listdir("/proc/self/fd"))


def settled_threads(most: int) -> list[str]:
    """The names of the threads there are, once there are no more than ``most`` or a second has passed."""
    deadline = time.monotonic() + 1.0
    while threading.active_count() > most and time.monotonic() < deadline:
        time.sleep(0.01)
    return [thread.name for thread in threading.enumerate()]
