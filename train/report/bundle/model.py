"""A bundle that is reported on, ready to compare and decide as the device does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from device.bundle import Bundle, load_bundle
from device.comparison import Comparator, comparator_of
from device.decision import Boundaries, boundaries_at
from device.embedders import Embedder, Precision, load_embedder
from device.frontend import FrontEndSpec

PRECISION: Precision = "int8"
CARD = "MODEL_CARD.md"
_WANTED = ("Intended use", "Limits", "Limitations", "Out of scope")


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A bundle with its INT8 network, its comparison, and its boundaries at the default false match rate."""

    bundle: Bundle
    embedder: Embedder
    comparator: Comparator
    boundaries: Boundaries

    @classmethod
    def of(cls, path: Path) -> Self:
        """Load and prove it.

        Raises:
            BundleError: it cannot be used.
            TrustError: the trusted keys cannot be read.
        """
        bundle = load_bundle(path)
        embedder = load_embedder(bundle, "auto", PRECISION)
        return cls(bundle, embedder, comparator_of(bundle), boundaries_at(bundle.manifest.decision))

    @property
    def name(self) -> str:
        """The model id, which no two networks share."""
        return self.bundle.manifest.model_id

    @property
    def spec(self) -> FrontEndSpec:
        """Its front end."""
        return self.bundle.front_end

    def card(self) -> dict[str, str]:
        """What its card says of use and limits, by heading; a card without them says nothing.

        Raises:
            BundleError: the card is missing or not what the manifest says.
        """
        return sections_of(self.bundle.read(CARD).decode("utf-8", "replace"), _WANTED)


def sections_of(markdown: str, wanted: tuple[str, ...]) -> dict[str, str]:
    """The texts under those of these second-level headings that a Markdown file has, each in one line."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in markdown.splitlines():
        if line.startswith("#"):
            heading = line.removeprefix("## ").strip()
        elif heading in wanted:
            found.setdefault(heading, []).append(line)
    return {heading: " ".join(" ".join(lines).split()) for heading, lines in found.items()}
