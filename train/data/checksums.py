"""A publisher's SHA256SUMS.txt: which files there are, and what they must be. No name in it leaves the folder."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from train.data.errors import DataError, DataReason

MAX_FILES = 20_000
"""The largest set of the catalogue has 1,500; a list beyond this is not one of ours."""
MAX_NAME_BYTES = 200
"""What a file system takes (255), less the endings that a partial file has."""
OWN_SUFFIXES = (".part", ".tag")
"""Endings of partial files, which no published file may have."""

_LINE = re.compile(r"([0-9A-Fa-f]{64}) [ *]?(\S.*)")


def parse_checksums(text: str, patterns: Sequence[str]) -> dict[str, str]:
    """The listed files that match one of the patterns: name to SHA-256 in lower-case hex.

    Args:
        text: lines of a digest, a space, and a name; as ``sha256sum`` writes them, or with one space.
        patterns: as of ``fnmatch``.

    Raises:
        DataError: BAD_LIST, where a line is not of this form, a name is unsafe or has two checksums, or none matches.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _bad(f"line {number} is not a SHA-256 and a name")
        digest, name = match[1].lower(), match[2].removeprefix("./")
        if not any(fnmatchcase(name, pattern) for pattern in patterns):
            continue
        check_name(name)
        if found.setdefault(name, digest) != digest:
            raise _bad(f"{name!r} has two checksums")
    if not found:
        raise _bad(f"no file is {' or '.join(patterns)}")
    if len(found) > MAX_FILES:
        raise _bad(f"{len(found)} files, more than {MAX_FILES}")
    return found


def check_name(name: str) -> None:
    """Refuse a name that is not plainly that of a file below the folder it is joined to.

    Raises:
        DataError: BAD_LIST.
    """
    parts = name.split("/")
    plain = name.isprintable() and not set(name) & set('\\:*?"<>|')
    # No part is empty, ".", "..", hidden, or ends as some file systems cut off.
    inside = all(part and part == part.strip(" .") for part in parts)
    short = all(len(part.encode("utf-8", "surrogatepass")) <= MAX_NAME_BYTES for part in parts)
    if not (plain and inside and short) or name.lower().endswith(OWN_SUFFIXES):
        raise _bad(f"{name[:80]!r} is no safe file name")


def _bad(what: str) -> DataError:
    return DataError(
        DataReason.BAD_LIST, f"the publisher's SHA256SUMS.txt cannot be used: {what}; nothing was downloaded"
    )
