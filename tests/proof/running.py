"""Runs the command of a claim, and keeps what it leaves."""

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.proof.claims import DATA, OUT, SCRATCH, Claim
from tests.proof.measurement import ROOT, Measurement, commit_before, digest, git, is_changed, load, machine, now, stamp
from tests.proof.rows import ProofError

FINE, FOUND_SOMETHING = 0, 1
"""Exit statuses of a command that measured; all others say that it could not."""


def measure(claim: Claim, data: Path) -> Measurement:
    """Its result, made now; what the command tells is shown on stderr.

    Raises:
        ProofError: The command could not measure; what was measured before is worth no less for it.
    """
    commit, changed, code = git("rev-parse", "HEAD"), is_changed(claim.code), digest(claim.code)
    with tempfile.TemporaryDirectory(prefix="pulsekey-proof-") as scratch:
        status, text = left_by(claim, data, Path(scratch))
    result = claim.collect(text)
    if digest(claim.code) != code:
        raise ProofError(f"{', '.join(claim.code)} changed while `{claim.command}` ran; measure anew")
    return Measurement(claim.name, now(), commit, changed, code, machine(), load(), claim.command, status, result)


def left_by(claim: Claim, data: Path, scratch: Path) -> tuple[int, str]:
    """The highest exit status of a claim's steps, and the text that the last left: its file's, or what it printed.

    Raises:
        ProofError: A step failed, or left nothing.
    """
    places = {OUT: str(scratch / "out"), DATA: str(data), SCRATCH: str(scratch)}
    if any(DATA in word for step in claim.steps for word in step) and not data.is_dir():
        raise ProofError(f"no recordings at {os.path.relpath(data, ROOT)}: say make proof DATA=FOLDER")
    file = ROOT / _placed(claim.leaves, places)
    before = _written_ns(file)
    highest, told = FINE, ""
    for step in claim.steps:
        status, told = _run([_placed(word, places) for word in step])
        if status not in (FINE, FOUND_SOMETHING):
            raise ProofError(f"`{claim.command}` ended with status {status}")
        highest = max(highest, status)
    if not claim.leaves:
        return highest, told
    if _written_ns(file) in (None, before):
        raise ProofError(f"`{claim.command}` left no result")
    return highest, file.read_text(encoding="utf-8")


def take(claim: Claim, file: Path) -> Measurement:
    """What its command left earlier on this machine: its date is the file's, its code is not known exactly.

    Raises:
        ProofError: The file is none that the command leaves.
    """
    try:
        result = claim.collect(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProofError(f"cannot read {file}: {error}") from None
    except ProofError as error:
        raise ProofError(f"{file}: {error}") from None
    made = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return Measurement(
        claim.name, stamp(made), commit_before(made), None, "", machine(), None, claim.command, None, result
    )


def _written_ns(file: Path) -> int | None:
    return file.stat().st_mtime_ns if file.exists() else None


def _placed(word: str, places: dict[str, str]) -> str:
    for place, path in places.items():
        word = word.replace(place, path)
    return word


def _run(words: list[str]) -> tuple[int, str]:
    """Exit status, and what was printed, which is shown as it comes."""
    beside = Path(sys.executable).parent
    command = [str(beside / words[0]) if words[0] in ("python", "pulsekey") else words[0], *words[1:]]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    lines = []
    try:
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                sys.stderr.write(line)
                lines.append(line)
    except OSError as error:
        raise ProofError(f"cannot run {command[0]}: {error.strerror}") from None
    return process.returncode, "".join(lines)
