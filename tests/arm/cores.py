"""The boards this is about, what an emulated one says of itself, and how long so many instructions would take it."""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass


class ArmError(RuntimeError):
    """It cannot be tried here; the text is one line that says what to do."""


class GuestError(ArmError):
    """It was tried, and what was emulated failed."""


@dataclass(frozen=True, slots=True)
class Core:
    """A processor core, and the board it is on."""

    name: str
    """As QEMU calls it."""
    board: str
    clock_hz: float
    part: int
    """Arm's number of it, in /proc/cpuinfo."""
    features: str
    """Likewise; by them libraries choose their kernels."""
    ipc: tuple[float, float, float]
    """Instructions a cycle that are assumed: least, middle, most. docs/arm.md says whence."""

    def seconds(self, instructions: float) -> tuple[float, float, float]:
        """How long so many instructions take: least, middle, most."""
        least, middle, most = self.ipc
        low, mid, high = (instructions / (ipc * self.clock_hz) for ipc in (most, middle, least))
        return low, mid, high

    def cpuinfo(self) -> str:
        """What /proc/cpuinfo says on a board of four such cores."""
        return "".join(
            f"processor\t: {number}\nBogoMIPS\t: 108.00\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\n"
            f"CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: {self.part:#05x}\nCPU revision\t: 3\n\n"
            for number in range(CORES_A_BOARD)
        )


CORES_A_BOARD = 4
_V8 = "fp asimd evtstrm crc32 cpuid"
_V8_2 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"
CORES = (
    Core("cortex-a53", "Zero 2 W", 1.0e9, 0xD03, _V8, (0.3, 0.44, 0.8)),
    Core("cortex-a72", "Pi 4", 1.8e9, 0xD08, _V8, (0.6, 0.88, 1.4)),
    Core("cortex-a76", "Pi 5", 2.4e9, 0xD0B, _V8_2, (1.0, 1.65, 2.4)),
)

_MARK = re.compile(r"(mark|out|end) (\d+) (\d+)")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a program's way, and how many instructions had been executed there."""

    kind: str
    """`mark` (a number of the program's own), `out` (it writes to stdout) or `end`."""
    number: int
    executed: int


def marks_of(lines: Iterable[str]) -> list[Mark]:
    """What counter.c told, in order; QEMU's log may hold other lines too.

    Raises:
        GuestError: Nothing was counted to the end.
    """
    found = [_MARK.fullmatch(line.strip()) for line in lines]
    marks = [Mark(one[1], int(one[2]), int(one[3])) for one in found if one]
    if not marks or marks[-1].kind != "end":
        raise GuestError("the emulated program was not counted to its end: see what it wrote")
    return marks


def spans(marks: Iterable[Mark]) -> list[int]:
    """Instructions between the program's own marks, which must be 0, 1, 2 ...

    Raises:
        GuestError: They are others, so some place was not passed, or passed twice.
    """
    own = [mark for mark in marks if mark.kind == "mark"]
    if [mark.number for mark in own] != list(range(len(own))) or not own:
        raise GuestError(
            f"the emulated program passed its marks as {[mark.number for mark in own]}: not one after another"
        )
    return [after.executed - before.executed for before, after in itertools.pairwise(own)]


def first_output(marks: Iterable[Mark]) -> int:
    """Instructions until the first write to stdout.

    Raises:
        GuestError: There was none.
    """
    executed = next((mark.executed for mark in marks if mark.kind == "out"), None)
    if executed is None:
        raise GuestError("the emulated program wrote nothing to stdout")
    return executed
