"""What a command left, with its date, its code and its machine, as a small file under tests/proof/results."""

import hashlib
import json
import subprocess
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device.bench.machine import read_condition, read_machine
from tests.proof.rows import ProofError

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("results")
NO_RESULTS = ":(exclude)tests/proof/results"
"""A measurement that is kept changes nothing that another one measured."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One result, and whence it comes."""

    name: str
    """Of its claim."""
    date: str
    """When it was made, UTC."""
    commit: str
    """The checkout's last one then."""
    changed: bool | None
    """Whether the code differed from that commit; None where nobody noted it."""
    code: str
    """Digest of the files it measures; empty where nobody noted it."""
    machine: str
    load_1min: float | None
    """How busy the machine was when it ended."""
    command: str
    status: int | None
    """Its exit status: 0, or 1 where it found something; None where nobody noted it."""
    result: Any

    def write(self, folder: Path) -> None:
        """Into `NAME.json`."""
        text = json.dumps(asdict(self), indent=1) + "\n"
        (folder / f"{self.name}.json").write_text(text, encoding="utf-8")


def read(name: str, folder: Path) -> Measurement | None:
    """The one of that name; None where there is none.

    Raises:
        ProofError: The file is none that was written here.
    """
    file = folder / f"{name}.json"
    if not file.exists():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ProofError(f"{file}: no JSON: {error}; remove it, and measure anew") from None
    wanted = {field.name for field in fields(Measurement)}
    if not isinstance(content, dict) or content.keys() != wanted or content["name"] != name:
        raise ProofError(f"{file}: not a measurement of {name}; remove it, and measure anew")
    return Measurement(**content)


def git(*words: str) -> str:
    """What git answers in this checkout.

    Raises:
        ProofError: It does not.
    """
    command = ["git", "--no-optional-locks", "-C", str(ROOT), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProofError(f"the proof needs a git checkout: {done.stderr.strip() or 'git failed'}")
    return done.stdout.strip("\n")


def digest(paths: tuple[str, ...]) -> str:
    """Of every file below `paths` that git tracks or would, but of no measurement: its name and its bytes."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths, NO_RESULTS)
    made = hashlib.sha256()
    for name in sorted(set(listed.strip("\0").split("\0"))):
        file = ROOT / name
        if file.is_file():
            made.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return made.hexdigest()


def is_changed(paths: tuple[str, ...]) -> bool:
    """Whether anything below `paths` differs from the last commit."""
    return bool(git("status", "--porcelain", "--", *paths, NO_RESULTS))


def commit_before(moment: datetime) -> str:
    """The last commit that was there then."""
    return git("rev-list", "-1", f"--before={moment.isoformat()}", "HEAD")


def now() -> str:
    """The date as it stands in a measurement."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """Likewise, of another moment."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def machine() -> str:
    """This machine in words; what the kernel does not say is left out."""
    found = read_machine()
    sets = found.instruction_sets
    parts = [found.board, found.cpu, f"{found.cores} cores" if found.cores else None, f"Python {found.python}"]
    return ", ".join([part for part in parts if part] + ([" ".join(sets)] if sets else []))


def load() -> float | None:
    """Of the last minute."""
    return read_condition().load_1min
