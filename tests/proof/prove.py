"""`make proof`: everything that is claimed in one table, each row with its bound and the command that makes it.

python -m tests.proof.prove [--all | --table-only | --only NAME ...] [--take NAME=FILE ...] [--data DIR]

Measures what is quick, takes the rest from tests/proof/results, prints the table and writes docs/proof.md. Exit status
1 where a row falls short or was not measured.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.proof.claims import CLAIMS, Claim
from tests.proof.measurement import RESULTS, ROOT, Measurement, digest, git, machine, now, read
from tests.proof.rows import ProofError, Verdict
from tests.proof.running import measure, take
from tests.proof.table import Proved, page, terminal

PAGE = ROOT / "docs" / "proof.md"
NAMES = [claim.name for claim in CLAIMS]


def main(words: list[str] | None = None) -> int:
    """Measure, print, write; returns 0, 1 where something does not hold or is not known, or 2."""
    args = arguments().parse_args(words)
    try:
        for name, file in args.take:
            take(_claim(name), file).write(RESULTS)
        failed = measure_anew(chosen(args.all, args.table_only, args.only, args.take), args.data.resolve())
        found = [proved(claim, RESULTS, failed.get(claim.name, "")) for claim in CLAIMS]
        PAGE.write_text(page(found, now(), git("rev-parse", "HEAD"), machine()), encoding="utf-8")
    except ProofError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(terminal(found))
    fine = (Verdict.HOLDS, Verdict.UNBOUND)
    return int(any(row.verdict not in fine for one in found for row in one.rows))


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="measure everything anew: the better part of a day")
    which.add_argument("--table-only", action="store_true", help="measure nothing")
    which.add_argument("--only", action="append", default=[], choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument(
        "--take", action="append", default=[], type=_taken, metavar="NAME=FILE", help="what a command left earlier"
    )
    data = os.environ.get("PULSEKEY_DATA", ROOT.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(data), help="recordings, with bidmc/ (default: %(default)s)")
    return parser


def chosen(everything: bool, nothing: bool, only: list[str], taken: list[tuple[str, Path]]) -> list[Claim]:
    """What is to be measured: all, none, those named, or the quick ones; never what was just taken."""
    apart = {name for name, _ in taken}
    names = NAMES if everything else [] if nothing else only or [claim.name for claim in CLAIMS if claim.quick]
    return [claim for claim in CLAIMS if claim.name in names and claim.name not in apart]


def measure_anew(claims: Iterable[Claim], data: Path) -> dict[str, str]:
    """Measure, and keep each result as soon as it is there; returns why those are missing that are."""
    failed = {}
    for claim in claims:
        print(f"proof: {claim.name}: {claim.command}", file=sys.stderr, flush=True)
        try:
            measure(claim, data).write(RESULTS)
        except ProofError as error:
            failed[claim.name] = str(error)
            print(f"proof: {error}", file=sys.stderr, flush=True)
    return failed


def proved(claim: Claim, folder: Path, failed: str = "") -> Proved:
    """A claim with the measurement that lies in the folder."""
    measurement: Measurement | None = read(claim.name, folder)
    return Proved(claim, measurement, digest(claim.code), failed)


def _claim(name: str) -> Claim:
    return next(claim for claim in CLAIMS if claim.name == name)


def _taken(text: str) -> tuple[str, Path]:
    name, _, file = text.partition("=")
    if name not in NAMES or not file:
        raise argparse.ArgumentTypeError(f"NAME=FILE, with one of {', '.join(NAMES)}, not {text!r}")
    return name, Path(file)


if __name__ == "__main__":
    sys.exit(main())
