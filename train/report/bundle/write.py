"""From bundles and recordings to the report's three files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.errors import CommandError, CommandReason
from device.whole_file import check_writable, write_whole
from train.report.as_markdown import to_markdown
from train.report.bundle.assembling import assemble
from train.report.bundle.gathering import Gathered, Progress, gather, load_models
from train.report.bundle.looks import kept_looks, read_looks
from train.report.page import to_html

PAGE, TABLES, FIGURES = "models.html", "models.md", "models.json"
_RUNS_PAGE = "report.html"


@dataclass(frozen=True, slots=True)
class Written:
    """What was made, and what it could not show."""

    files: tuple[Path, ...]
    gathered: Gathered


def write_bundle_report(
    bundles: Sequence[Path], recordings: Path, out: Path, looks: Path | None, progress: Progress = lambda _: None
) -> Written:
    """Measure, then write the page, its tables in Markdown, and all figures as JSON.

    Args:
        bundles: folders, or names of models that ship; at least one.
        recordings: the folder of the sets.
        out: folder of the report; made if missing.
        looks: the file of looks at test sets, None for the one that is kept beside the results, where there is one.
        progress: told what is being done.

    Raises:
        PulsekeyError: of whatever phase; nothing is written then.
    """
    paths = _writable(out)
    kept = looks or kept_looks()
    gathered = gather(load_models(bundles), recordings, read_looks(kept) if kept else None, progress)
    report = assemble(gathered)
    contents = (
        to_html(report),
        to_markdown(report).replace(f"`{_RUNS_PAGE}`", f"`{PAGE}`"),
        json.dumps(gathered.to_json(), indent=1, allow_nan=False) + "\n",
    )
    for path, content in zip(paths, contents, strict=True):
        write_whole(path, content)
    return Written(paths, gathered)


def _writable(out: Path) -> tuple[Path, ...]:
    """The files to write, refused before minutes of work are put into them."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(
            CommandReason.UNWRITABLE, f"cannot write the report to {out}: {error.strerror}; give another --out"
        ) from error
    paths = tuple(out / name for name in (PAGE, TABLES, FIGURES))
    for path in paths:
        check_writable(path)
    return paths
