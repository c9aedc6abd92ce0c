"""What is claimed: each claim with the command that measures it, the code it is about, and how its result is read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.proof import reading
from tests.proof.collecting import coverage_of, json_of, junit_of, mutants_of, soak_of, wheel_checks_of
from tests.proof.reading_arm import arm

DEVICE = ("device", "firmware_bridge")
PACKAGES = ("device", "export", "firmware_bridge", "train", "pyproject.toml")
OUT, DATA, SCRATCH = "{out}", "{data}", "{scratch}"
"""Where steps have the result's file, the folder of recordings, and a folder for what lies between."""
PACKAGING = ("test_wheel", "test_sbom", "test_requirements", "test_key_rotation")
FUZZING = "tests/firmware_bridge/test_fuzzing.py"
CHECK_WHEEL = 'build/packaging/bin/python -m tests.packaging.check_wheel "$(ls -t dist/*.whl | head -n 1)"'
"""Without make, which ends with 2 where a check ends with 1."""
PYTEST = ("python", "-m", "pytest", "-q", "--timeout", "900", f"--junitxml={OUT}")
COVERAGE = ("python", "-m", "coverage")

WHEEL_TESTS = {
    "two builds of the wheel, of two clones at other times": ("test_wheel::test_two_clones_give_the_same_bytes",),
    "the wheel has all that is tracked, and nothing else": (
        "test_wheel::test_all_that_is_tracked_is_in_it_and_nothing_else",
    ),
    "the device's tests, run against the wheel": ("test_wheel::test_tests_of_the_device_pass_against_it",),
    "bill of materials: valid CycloneDX, every pin in it": ("test_sbom",),
    "what a device installs is pinned by hash": ("test_requirements",),
    "keys: a rotation from release to release": ("test_key_rotation",),
}
WIRE_TESTS = {"fuzz: the tests' share of damaged streams": ("test_fuzzing",)}


@dataclass(frozen=True, slots=True)
class Claim:
    """One command and what its result has to show."""

    name: str
    about: str
    """What the table calls it where there is no result."""
    command: str
    """As a reader runs it."""
    steps: tuple[tuple[str, ...], ...]
    """The same as words, `python` and `pulsekey` being those of this environment."""
    read: reading.Reader
    code: tuple[str, ...] = DEVICE
    """Folders and files that it measures."""
    quick: bool = False
    """Whether every `make proof` measures it anew."""
    collect: Callable[[str], Any] = field(default=json_of)
    leaves: str = OUT
    """The file that its last step leaves; empty where what it prints is the result."""


def _script(name: str, *words: str) -> tuple[tuple[str, ...], ...]:
    return (("python", f"tests/benchmarks/{name}.py", *words, "--json", OUT),)


CLAIMS = (
    Claim(
        "arm",
        "the wheel on emulated 64-bit ARM",
        "make check-arm",
        (
            ("make", "-s", "-f", "tests/arm/arm.mk", "build/arm/counter.so"),
            ("python", "-m", "tests.arm.check", "--build", "build/arm"),
        ),
        arm,
        leaves="build/arm/results.json",
    ),
    Claim(
        "packaging",
        "wheel, bill of materials, pins",
        "python -m pytest tests/packaging",
        ((*PYTEST, *(f"tests/packaging/{name}.py" for name in PACKAGING)),),
        reading.of_tests(WHEEL_TESTS),
        code=(*PACKAGES, "tests/packaging"),
        quick=True,
        collect=junit_of,
    ),
    Claim(
        "wheel",
        "the wheel in clean environments of every Python",
        "make check-wheel",
        (("make", "wheel"), ("sh", "-c", CHECK_WHEEL)),
        reading.wheel,
        code=PACKAGES,
        collect=wheel_checks_of,
        leaves="",
    ),
    Claim(
        "soak",
        "soak of 24 hours",
        "pulsekey soak --hours 24 --speed 50",
        (("pulsekey", "soak", "--hours", "24", "--speed", "50", "--json", OUT),),
        reading.soak,
        collect=soak_of,
    ),
    Claim("overload", "overload", "python tests/benchmarks/overload.py", _script("overload"), reading.overload),
    Claim(
        "fuzz",
        "fuzz: a million damaged streams",
        "python tests/benchmarks/fuzz_wire.py --coverage-guided 300",
        _script("fuzz_wire", "--coverage-guided", "300"),
        reading.fuzz,
        code=("firmware_bridge", "tests/fuzzing"),
    ),
    Claim(
        "fuzz-tests",
        "fuzz: the tests' share",
        f"python -m pytest {FUZZING}",
        ((*PYTEST, FUZZING),),
        reading.of_tests(WIRE_TESTS),
        code=("firmware_bridge", "tests/fuzzing"),
        quick=True,
        collect=junit_of,
    ),
    Claim(
        "mutants",
        "mutation: what the tests of the core notice",
        "make mutants",
        (("python", "-m", "tests.mutation"),),
        reading.mutants,
        code=(*DEVICE, "tests/device", "tests/firmware_bridge"),
        collect=mutants_of,
        leaves="",
    ),
    Claim(
        "coverage",
        "branches that the tests take",
        "make coverage",
        (
            (*COVERAGE, "erase"),
            (*COVERAGE, "run", "-m", "pytest"),
            (*COVERAGE, "combine", "--quiet"),
            (*COVERAGE, "json", "--quiet", "--fail-under=0", "-o", OUT),
        ),
        reading.coverage,
        code=(*PACKAGES, "tests"),
        collect=coverage_of,
    ),
    Claim(
        "latency",
        "latency of the link",
        "python tests/benchmarks/link_latency.py",
        _script("link_latency"),
        reading.latency,
        quick=True,
    ),
    Claim("live", "cost of a live run", "python tests/benchmarks/live.py", _script("live"), reading.live, quick=True),
    Claim(
        "evaluate",
        "error rates on people nobody trained on (BIDMC)",
        "pulsekey evaluate --cohort bidmc.npz --fmr 0.01",
        (
            ("pulsekey", "cohort", f"{DATA}/bidmc", "--out", f"{SCRATCH}/bidmc.npz"),
            ("pulsekey", "evaluate", "--cohort", f"{SCRATCH}/bidmc.npz", "--fmr", "0.01", "--json", OUT),
        ),
        reading.evaluate,
    ),
)
