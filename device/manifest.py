"""The bundle's manifest, typed: what the model is, how it is used, and what was measured about it.

The device parses it strictly; the exporter builds the same dataclasses and writes `Manifest.to_json`.
"""

import dataclasses
import hashlib
import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from device.calibration import Calibration
from device.errors import BundleError, BundleReason
from device.json_fields import Fields, parse_json

FORMAT_VERSION = 2
MANIFEST_NAME = "manifest.json"
SIGNATURE_NAME = "signature.json"
GOLDEN_NAME = "golden.npz"
COHORT_NAME = "cohort.npz"

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Architecture:
    """The network: its family and its cost."""

    name: str
    width: float
    embedding_size: int
    parameters: int
    macs: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Parse the object `architecture`."""
        made = cls(
            name=fields.text("name"),
            width=fields.number("width", low=0.01, high=16.0),
            embedding_size=fields.integer("embedding_size", minimum=2),
            parameters=fields.integer("parameters", minimum=1),
            macs=fields.integer("macs", minimum=1),
        )
        fields.close()
        return made


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two embeddings are compared: `as-norm`, with the `nearest` of the cohort (`device.comparison`), calibrated.

    `cllr` is the ratios' cost in bits on the people of `DecisionSpec.set_on`, `cllr_before` that of the scores taken
    for ratios; see `device.calibration`.
    """

    nearest: int
    calibration: Calibration
    cllr_before: float
    cllr: float
    kind: str = "as-norm"

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Parse the object `comparison`."""
        made = cls(
            nearest=fields.integer("nearest", minimum=2),
            calibration=Calibration(fields.pairs("calibration")),
            cllr_before=fields.number("cllr_before", low=0.0, high=1000.0),
            cllr=fields.number("cllr", low=0.0, high=1000.0),
            kind=fields.text("kind"),
        )
        fields.close()
        if made.kind != "as-norm":
            raise BundleError(
                BundleReason.MALFORMED, f"{fields.where}: kind {made.kind!r} is not one this version knows"
            )
        return made

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `read` reads back."""
        return dataclasses.asdict(self) | {"calibration": [list(row) for row in self.calibration.rows]}


@dataclass(frozen=True, slots=True)
class DecisionSpec:
    """When an attempt accepts, rejects or goes on; see `device.decision.Boundaries`.

    `operating_points` are false match rates, falling, each with the log-likelihood ratio that accepts: the rate is the
    upper end of its 95 % interval over the `people` of `set_on`. The last is the smallest they can support.
    `gallery_slope` keeps the rate for a stranger against all of a gallery.
    """

    min_windows: int
    max_windows: int
    operating_points: tuple[tuple[float, float], ...]
    reject_llr: float
    gallery_slope: float
    set_on: str
    people: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Parse the object `decision`."""
        made = cls(
            min_windows=fields.integer("min_windows", minimum=1),
            max_windows=fields.integer("max_windows", minimum=1),
            operating_points=fields.pairs("operating_points"),
            reject_llr=fields.number("reject_llr", low=-1000.0, high=1000.0),
            gallery_slope=fields.number("gallery_slope", low=0.0, high=100.0),
            set_on=fields.text("set_on"),
            people=fields.integer("people", minimum=2),
        )
        fields.close()
        made._check(fields.where)
        return made

    def _check(self, where: str) -> None:
        if self.min_windows > self.max_windows:
            raise BundleError(BundleReason.MALFORMED, f"{where}: min_windows is above max_windows")
        pairs = list(itertools.pairwise(self.operating_points))
        rising = all(fmr > later_fmr and llr <= later_llr for (fmr, llr), (later_fmr, later_llr) in pairs)
        if not rising or not all(0.0 < fmr <= 1.0 and llr > self.reject_llr for fmr, llr in self.operating_points):
            raise BundleError(
                BundleReason.MALFORMED,
                f"{where}: operating_points must be false match rates, falling, with rising ratios above reject_llr",
            )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `read` reads back."""
        return dataclasses.asdict(self) | {"operating_points": [list(point) for point in self.operating_points]}


@dataclass(frozen=True, slots=True)
class Golden:
    """The bound of the golden vectors: a model below this cosine is refused."""

    min_cosine: float

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Parse the object `golden`."""
        made = cls(min_cosine=fields.number("min_cosine", low=0.5, high=1.0))
        fields.close()
        return made


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What one file of the bundle must be."""

    sha256: str
    bytes: int

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Parse one entry of the object `files`."""
        made = cls(sha256=fields.text("sha256"), bytes=fields.integer("bytes", minimum=0))
        fields.close()
        if not _SHA256.fullmatch(made.sha256):
            raise BundleError(BundleReason.MALFORMED, f"{fields.where}: sha256 must be 64 lower-case hex digits")
        return made


@dataclass(frozen=True, slots=True)
class TrainingData:
    """One data set the model was made with, and on what terms."""

    name: str
    licence: str
    citation: str
    use: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Parse one entry of the list `training_data`."""
        made = cls(**{key: fields.text(key) for key in ("name", "licence", "citation", "use")})
        fields.close()
        return made


@dataclass(frozen=True, slots=True)
class Manifest:
    """`manifest.json`, format version 2.

    `operators` says for each model how many operators of each type it has; `error_rates` are objects as
    `pulsekey evaluate` writes them.
    """

    model_id: str
    architecture: Architecture
    front_end: Mapping[str, Any]
    front_end_digest: str
    comparison: Comparison
    decision: DecisionSpec
    golden: Golden
    files: Mapping[str, FileEntry]
    training_data: tuple[TrainingData, ...]
    operators: Mapping[str, Mapping[str, int]]
    error_rates: tuple[Mapping[str, Any], ...]
    format_version: int = FORMAT_VERSION

    @classmethod
    def from_dict(cls, value: object, origin: str = MANIFEST_NAME) -> Self:
        """Parse strictly; `origin` begins every fault's line.

        Raises:
            BundleError: FORMAT_VERSION or MALFORMED, naming the field.
        """
        fields = Fields(value, origin)
        version = fields.integer("format_version", minimum=0)
        if version != FORMAT_VERSION:
            raise BundleError(
                BundleReason.FORMAT_VERSION,
                f"{origin}: bundle format {version}, but this pulsekey reads format {FORMAT_VERSION}: "
                f"{'update pulsekey' if version > FORMAT_VERSION else 'export the bundle again'}",
            )
        training_data = fields.objects("training_data")
        made = cls(
            model_id=fields.text("model_id"),
            architecture=Architecture.read(fields.fields("architecture")),
            front_end=fields.mapping("front_end"),
            front_end_digest=fields.text("front_end_digest"),
            comparison=Comparison.read(fields.fields("comparison")),
            decision=DecisionSpec.read(fields.fields("decision")),
            golden=Golden.read(fields.fields("golden")),
            files=_read_files(fields.mapping("files"), f"{origin}: files"),
            training_data=tuple(
                TrainingData.read(Fields(item, f"{origin}: training_data[{i}]")) for i, item in enumerate(training_data)
            ),
            operators=_read_operators(fields.fields("operators")),
            error_rates=tuple(fields.objects("error_rates")),
        )
        fields.close()
        return made

    @classmethod
    def from_json(cls, text: str, origin: str = MANIFEST_NAME) -> Self:
        """Parse the text of a `manifest.json`."""
        return cls.from_dict(parse_json(text, origin), origin)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `from_dict` reads back to an equal manifest."""
        return {
            "format_version": self.format_version,
            "model_id": self.model_id,
            "architecture": dataclasses.asdict(self.architecture),
            "front_end": dict(self.front_end),
            "front_end_digest": self.front_end_digest,
            "comparison": self.comparison.to_dict(),
            "decision": self.decision.to_dict(),
            "golden": dataclasses.asdict(self.golden),
            "files": {name: dataclasses.asdict(entry) for name, entry in self.files.items()},
            "training_data": [dataclasses.asdict(item) for item in self.training_data],
            "operators": {name: dict(counts) for name, counts in self.operators.items()},
            "error_rates": [dict(item) for item in self.error_rates],
        }

    def to_json(self) -> str:
        """The text to write as `manifest.json`: stable, readable, strict."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _read_files(value: Mapping[str, Any], where: str) -> dict[str, FileEntry]:
    for name in value:
        # A plain name only: a manifest must not make the device read outside its bundle.
        if not _FILE_NAME.fullmatch(name):
            raise BundleError(BundleReason.MALFORMED, f"{where}: {name!r} is not a plain file name")
    for name in (GOLDEN_NAME, COHORT_NAME):
        if name not in value:
            raise BundleError(BundleReason.MALFORMED, f"{where}: {name} is missing")
    return {name: FileEntry.read(Fields(entry, f"{where}: {name}")) for name, entry in value.items()}


def _read_operators(models: Fields) -> dict[str, dict[str, int]]:
    operators = {}
    for name in models.names():
        counts = models.fields(name)
        operators[name] = {kind: counts.integer(kind, minimum=1) for kind in counts.names()}
    return operators


def entry_of(content: bytes) -> FileEntry:
    """The entry of a file with this content."""
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def file_entries(folder: Path) -> dict[str, FileEntry]:
    """The manifest's `files`: every file in a folder but the manifest and its signature (for the exporter)."""
    return {
        path.name: entry_of(path.read_bytes())
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name not in (MANIFEST_NAME, SIGNATURE_NAME)
    }
