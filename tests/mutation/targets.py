"""Which modules are mutated, and the few tests that are held against each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DEVICE, BRIDGE = "tests/device", "tests/firmware_bridge"


@dataclass(frozen=True, slots=True)
class Target:
    """Files of the repository, and its tests, quickest first: the first that fails ends a trial."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


def _folder(folder: str) -> tuple[str, ...]:
    return tuple(sorted(str(file.relative_to(REPOSITORY)) for file in (REPOSITORY / folder).glob("*.py")))


WIRE_TESTS = (f"{BRIDGE}/test_framing.py",)
# Their work is done by other programs, which are never mutated.
OTHER_PROGRAMS = tuple(
    f"--deselect={DEVICE}/store/test_faults.py::{name}"
    for name in ("test_kills_at_random_moments", "test_two_programs_at_once_lose_nothing")
)
NOT_COMPILED = "-k=not cpp and not c_too and not five_thousand and not both_accept"
GOLDEN = f"{BRIDGE}/firmware/test_parity.py"

TARGETS: Mapping[str, Target] = {
    "decision": Target(("device/decision.py",), (f"{DEVICE}/test_decision.py",)),
    "comparison": Target(("device/comparison.py",), (f"{DEVICE}/test_comparison.py",)),
    "calibration": Target(("device/calibration.py",), (f"{DEVICE}/test_calibration.py",)),
    "store": Target(_folder("device/store"), (f"{DEVICE}/store", *OTHER_PROGRAMS)),
    "framing": Target(("firmware_bridge/framing.py",), WIRE_TESTS),
    "codec": Target(("firmware_bridge/codec.py",), WIRE_TESTS),
    "protocol": Target(("firmware_bridge/protocol.py",), (*WIRE_TESTS, GOLDEN, NOT_COMPILED)),
    "frontend": Target(_folder("device/frontend"), (f"{DEVICE}/frontend",)),
}
