"""`make check-arm`: the built wheel as on a Raspberry Pi, under QEMU as Cortex-A53, A72 and A76.

python -m tests.arm.check [--build build/arm] [--only WORD ...]

WORDs choose among the Pythons, the cores and the checks (room, answers, window, start, frontend, replay, demo); all
without. What was found of the same wheel before stays in the table, so that it can be done in parts.
"""

import argparse
import os
import sys
from pathlib import Path

from tests.arm.checks import CHECKS, Reference, room
from tests.arm.cores import CORES, ArmError, Core, GuestError
from tests.arm.debian import RELEASES
from tests.arm.installing import build_wheel, install, sha256_of
from tests.arm.pi import Pi
from tests.arm.results import Results, Row

ROOM = "room"


def main() -> int:
    """Check, print the table and write it; returns 0, 1 where a bound is missed, or 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build/arm"), metavar="FOLDER", help="default: %(default)s")
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="a Python, a core or a check")
    args = parser.parse_args()
    # Bytecode that is not written is made again at each start, and would be counted.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        results = check(args.build.resolve(), args.only)
    except ArmError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(results.table())
    print(f"{len(results.rows)} rows, {len(results.short)} short of their bound; in {results.file}")
    return 1 if results.short else 0


def check(build: Path, only: list[str]) -> Results:
    """Build what is missing and do what is asked.

    Raises:
        ArmError: It cannot be done here; what was found before that is in the file.
    """
    pythons, cores, names = chosen(only)
    wheel = build_wheel(build / "wheels")
    results = Results.open(build / "results.json", sha256_of(wheel))
    reference = Reference(build / f"reference-{results.wheel[:12]}")
    _tell("this machine's answers")
    reference.make()
    for release in RELEASES:
        if release.python not in pythons:
            continue
        pi = Pi(build, release)
        _prepare(pi, wheel, results.wheel)
        if ROOM in names:
            results.add(*room(pi))
        for core in cores:
            for name in names:
                if name != ROOM:
                    try_one(name, pi, core, reference, results)
    return results


def try_one(name: str, pi: Pi, core: Core, reference: Reference, results: Results) -> None:
    """Do one check; one that fails is a row that is short, and does not keep others from being done."""
    where = f"{pi.release.python} {core.name}"
    _tell(f"{where} ({core.board}): {name}")
    try:
        results.add(*CHECKS[name](pi, core, reference))
        ended, why = 1, ""
    except GuestError as error:
        ended, why = 0, str(error)
    results.add(Row(f"{name}: ended as it should", where, ended, "", ">=", 1, why))


def chosen(only: list[str]) -> tuple[list[str], list[Core], list[str]]:
    """Pythons, cores and checks that the words choose; of each kind all, if none is named.

    Raises:
        ArmError: A word is none of them.
    """
    pythons, names = [release.python for release in RELEASES], [ROOM, *CHECKS]
    known = {*pythons, *names, *(core.name for core in CORES)}
    for word in only:
        if word not in known:
            raise ArmError(f"--only {word}: it is one of {', '.join(sorted(known))}")
    return (
        [python for python in pythons if python in only] or pythons,
        [core for core in CORES if core.name in only] or list(CORES),
        [name for name in names if name in only] or names,
    )


def _prepare(pi: Pi, wheel: Path, digest: str) -> None:
    """Its root, the emulator and both installations, unless they are of this wheel."""
    _tell(f"Python {pi.release.python}: the root, from Debian {pi.release.codename}")
    pi.make_root()
    pi.make_counting_emulator()
    done = pi.site / "of-wheel"
    if done.exists() and done.read_text() == digest:
        return
    _tell(f"Python {pi.release.python}: the wheel and what it needs")
    for site, extra in ((pi.onnx_site, "onnx"), (pi.site, "")):
        install(wheel, extra, pi.release.python, site, wheel.parent)
    pi.compile(CORES[0])
    done.write_text(digest)


def _tell(what: str) -> None:
    print(f"check-arm: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
