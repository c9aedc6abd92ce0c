"""The recordings that can be downloaded, as their publishers describe them."""

from dataclasses import dataclass
from pathlib import Path

from train.data.errors import DataError, DataReason
from train.toml_files import build, read_toml

CATALOGUE = Path(__file__).with_name("catalogue.toml")
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Dataset:
    """One published set of recordings."""

    title: str
    people: str
    what: str
    rate_hz: float
    size_mb: int
    """Of all its files, rounded."""
    licence: str
    licence_url: str
    citation: list[str]
    page: str
    """Where its publisher describes it."""
    url: str
    """The folder of its files and of their SHA256SUMS.txt; ends in a slash."""
    files: list[str]
    """Patterns (fnmatch) of the names in the publisher's list that are downloaded."""
    max_file_mb: int
    """No file is larger; a download that is, is given up."""

    @property
    def max_file_bytes(self) -> int:
        """The same bound in bytes."""
        return self.max_file_mb * MB


def read_catalogue() -> dict[str, Dataset]:
    """All the sets, by name."""
    return {name: build(Dataset, values, f"{CATALOGUE}: [{name}]") for name, values in read_toml(CATALOGUE).items()}


def find(name: str) -> Dataset:
    """One set.

    Raises:
        DataError: UNKNOWN_NAME.
    """
    catalogue = read_catalogue()
    if name not in catalogue:
        raise DataError(DataReason.UNKNOWN_NAME, f"no recordings named {name!r}; there are {', '.join(catalogue)}")
    return catalogue[name]
