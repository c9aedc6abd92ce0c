"""From run folders to the report's two files."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from train.errors import TrainError, TrainReason
from train.report.as_markdown import to_markdown
from train.report.experiments import group
from train.report.page import to_html
from train.report.predictions import read_predictions
from train.report.runs import find_runs
from train.report.sections import make_report

PAGE, TABLES = "report.html", "report.md"


@dataclass(frozen=True, slots=True)
class Written:
    """What was made of what."""

    page: Path
    tables: Path
    runs: int
    skipped: int
    """Folders without a result."""


def write_report(paths: Sequence[Path], out: Path) -> Written:
    """Report these runs; both files are written when all is worked out, or neither.

    Args:
        paths: run folders, or folders of run folders.
        out: folder of the report; made if missing.

    Raises:
        TrainError: NO_DATA, a path holds no run; BAD_CONFIG, a result or its predictions cannot be used, or the report
            cannot be written.
    """
    runs, skipped = find_runs(paths)
    experiments = group(runs)
    for run in runs:
        read_predictions(run)  # a file that does not fit its result is refused, whether a figure needs it or not
    report = make_report(experiments, skipped)
    contents = {out / PAGE: to_html(report), out / TABLES: to_markdown(report)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        _replace({path: text.encode("utf-8", "backslashreplace") for path, text in contents.items()})
    except OSError as error:
        raise TrainError(
            TrainReason.BAD_CONFIG, f"cannot write the report to {out}: {error.strerror}; give another --out"
        ) from error
    return Written(out / PAGE, out / TABLES, len(runs), len(skipped))


def _replace(contents: dict[Path, bytes]) -> None:
    parts = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in contents}
    try:
        for path, content in contents.items():
            parts[path].write_bytes(content)
        for path, part in parts.items():
            os.replace(part, path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
