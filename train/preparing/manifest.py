"""``prepared.json``: what a prepared folder was made with, of what, and under which licences."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from device.errors import CommandError, CommandReason
from device.frontend import FrontEndSpec
from device.whole_file import write_whole
from train.data.catalogue import read_catalogue
from train.errors import TrainError, TrainReason
from train.preparing.plan import WINDOWS
from train.preparing.table import STEPS
from train.preparing.writing import Outcome

MANIFEST = "prepared.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one source came to."""

    whole: bool = False
    """Whether every record was read or is in ``unreadable``; false while it is prepared, and after a cut."""
    people: int = 0
    records: int = 0
    """That were read."""
    files: int = 0
    seconds: float = 0.0
    """Of signal."""
    windows: int = 0
    good: int = 0
    size_bytes: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """Windows that may not be embedded, by reason."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Records that could not be read, and why."""

    def with_outcome(self, outcome: Outcome) -> "SourceCounts":
        """These and one group's."""
        return replace(
            self,
            records=self.records + outcome.records,
            files=self.files + (outcome.records > 0),
            seconds=self.seconds + outcome.seconds,
            windows=self.windows + outcome.windows,
            good=self.good + outcome.good,
            size_bytes=self.size_bytes + outcome.size_bytes,
            refused=dict(Counter(self.refused) + outcome.refused),
            unreadable=self.unreadable | outcome.unreadable,
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole of it; ``sources`` by label, the source's name and its file's or folder's: ``mimic3:p00``."""

    spec: FrontEndSpec
    sources: Mapping[str, SourceCounts]

    def with_sources(self, counts: Mapping[str, SourceCounts]) -> "Manifest":
        """The same with some sources' counts in the place of what they were."""
        return replace(self, sources={**self.sources, **counts})


def begun(out: Path, spec: FrontEndSpec, labels: Iterable[str]) -> Manifest:
    """The manifest of a folder that is, or goes on being, prepared.

    Raises:
        CommandError: the folder holds something else, or windows of another front end.
        TrainError: its manifest cannot be read.
    """
    if (out / MANIFEST).exists():
        manifest = read_manifest(out)
        if manifest.spec != spec:
            raise CommandError(CommandReason.BAD_ARGUMENT, f"{out} was prepared with {_other(manifest.spec, spec)}")
    elif (out / WINDOWS).exists():
        raise CommandError(
            CommandReason.BAD_ARGUMENT, f"{out} has a folder {WINDOWS}, and no {MANIFEST}; give another --out"
        )
    else:
        manifest = Manifest(spec, {})
    return manifest.with_sources(dict.fromkeys(labels, SourceCounts()))


def _other(before: FrontEndSpec, now: FrontEndSpec) -> str:
    if (before.hop_samples, before.window_samples) != (now.hop_samples, now.window_samples):
        return (
            f"windows of {before.window_samples} samples at a hop of {before.hop_samples}, and would now have "
            f"{now.window_samples} at {now.hop_samples}; give the same --hop and --warp, or another --out"
        )
    return "another front end; give another --out"


def write_manifest(out: Path, manifest: Manifest) -> None:
    """Write it whole.

    Raises:
        CommandError: UNWRITABLE.
    """
    known = read_catalogue()
    sources = {
        label: asdict(counts) | {"seconds": round(counts.seconds, 3)} | _licence(known.get(label.partition(":")[0]))
        for label, counts in sorted(manifest.sources.items())
    }
    data = {
        "format": FORMAT,
        "made_by": f"pulsekey {_version()}",
        "front_end": manifest.spec.to_dict(),
        "front_end_digest": manifest.spec.digest(),
        "hop_samples": manifest.spec.hop_samples,
        "pulse_steps": STEPS,
        "sources": sources,
    }
    write_whole(out / MANIFEST, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def read_manifest(out: Path) -> Manifest:
    """Read what ``write_manifest`` wrote.

    Raises:
        TrainError: NO_DATA: there is none, or it is of another version or damaged.
    """
    path = out / MANIFEST
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _no_data(path, f"cannot be read ({error.strerror}); give a folder of pulsekey data prepare") from error
    except ValueError as error:
        raise _no_data(path, "is no JSON; prepare it anew") from error
    try:
        return _manifest(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _no_data(path, f"is not of this version of pulsekey ({error}); prepare it anew") from error


def _manifest(data: Any) -> Manifest:
    if (data["format"], data["pulse_steps"]) != (FORMAT, STEPS):
        raise ValueError(f"format {data['format']}, not {FORMAT}")
    spec = FrontEndSpec.from_dict(data["front_end"])
    if spec.digest() != data["front_end_digest"]:
        raise ValueError("the front end does not match its digest")
    names = SourceCounts.__dataclass_fields__
    sources = {
        label: SourceCounts(**{key: value for key, value in values.items() if key in names})
        for label, values in data["sources"].items()
    }
    return Manifest(spec, sources)


def _licence(dataset: Any) -> dict[str, Any]:
    if dataset is None:
        return {"licence": None}
    return {key: getattr(dataset, key) for key in ("title", "licence", "licence_url", "citation", "page")}


def _version() -> str:
    try:
        return version("pulsekey")
    except PackageNotFoundError:
        return "(a checkout that is not installed)"


def _no_data(path: Path, what: str) -> TrainError:
    return TrainError(TrainReason.NO_DATA, f"{path} {what}")
