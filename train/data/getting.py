"""A whole set of recordings in a folder, with a record of where it is from and under which licence."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from device.whole_file import write_whole
from train.data.catalogue import Dataset
from train.data.checksums import parse_checksums
from train.data.errors import DataError, DataReason
from train.data.fetching import fetch_file, fetch_text
from train.data.locking import locked
from train.data.partial import sha256_of, writing

SUMS = "SHA256SUMS.txt"
SOURCE = "SOURCE.json"
MAX_LIST_BYTES = 4_000_000
"""The publisher's largest list here has some 1,600 lines of 90 bytes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is."""

    file: str
    number: int
    """Of this file, from 1."""
    files: int
    size_bytes: int
    """Of this file, so far."""


@dataclass(frozen=True, slots=True)
class Got:
    """What is in the folder now."""

    folder: Path
    files: int
    size_bytes: int
    downloaded: int
    """Files that were not there before, or not as published."""


def get_dataset(
    name: str,
    dataset: Dataset,
    out: Path,
    *,
    accepted_at: datetime,
    now: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Got:
    """Download what is missing of a set into ``out/name``, verify all of it, and write SOURCE.json there.

    Args:
        name: in the catalogue.
        dataset: what is downloaded.
        out: the folder of the sets' folders.
        accepted_at: when the user accepted the licence.
        now: the time, asked when all is there.
        sleep: waits so many seconds between tries.
        progress: told of each file, and of each part of it that comes.

    Raises:
        DataError: whatever prevents it; files that are there stay, and the same call goes on.
        CommandError: UNWRITABLE, for SOURCE.json.
    """
    folder = out / name
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, "downloads to"):
        listed = fetch_text(dataset.url + SUMS, MAX_LIST_BYTES, sleep)
        sums = parse_checksums(listed, dataset.files)
        downloaded = 0
        for number, (file, sha256) in enumerate(sums.items(), 1):

            def tell(size_bytes: int, file: str = file, number: int = number) -> None:
                progress(Progress(file, number, len(sums), size_bytes))

            tell(0)
            downloaded += _get_file(dataset, folder, file, sha256, sleep, tell)
        with writing(folder):
            sizes = {file: (folder / file).stat().st_size for file in sums}
        source = _source(name, dataset, accepted_at, now(), hashlib.sha256(listed.encode()).hexdigest())
        source["files"] = {file: {"sha256": sums[file], "size_bytes": sizes[file]} for file in sums}
        write_whole(folder / SOURCE, json.dumps(source, indent=2, ensure_ascii=False) + "\n")
    return Got(folder, len(sums), sum(sizes.values()), downloaded)


def _get_file(
    dataset: Dataset,
    folder: Path,
    file: str,
    sha256: str,
    sleep: Callable[[float], None],
    tell: Callable[[int], None],
) -> bool:
    """Make sure that one file is there; whether it had to be downloaded."""
    path = folder / file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DataError(DataReason.UNWRITABLE, f"{path} is a link out of {folder}; remove it")
    if path.is_file() and sha256_of(path) == sha256:
        return False
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    fetch_file(dataset.url + quote(file), path, sha256, max_bytes=dataset.max_file_bytes, sleep=sleep, progress=tell)
    return True


def _source(name: str, dataset: Dataset, accepted: datetime, whole: datetime, list_sha256: str) -> dict[str, object]:
    return {
        "name": name,
        "title": dataset.title,
        "page": dataset.page,
        "url": dataset.url,
        "licence": dataset.licence,
        "licence_url": dataset.licence_url,
        "licence_accepted_at": accepted.isoformat(timespec="seconds"),
        "citation": dataset.citation,
        "verified_at": whole.isoformat(timespec="seconds"),
        "list_sha256": list_sha256,
    }
