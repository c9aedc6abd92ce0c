"""One file from a publisher: resumed, bounded, and whole or not there."""

import logging
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path

from train.data.errors import DataError, DataReason
from train.data.partial import Partial, writing
from train.data.transport import RangeRefusedError, TransientError, body, open_url, with_retries

_log = logging.getLogger(__name__)


def fetch_text(url: str, max_bytes: int, sleep: Callable[[float], None]) -> str:
    """A small UTF-8 text.

    Raises:
        DataError: it cannot be had, is larger than ``max_bytes``, or is no text.
    """

    def once() -> bytes:
        received = bytearray()
        with open_url(url, {}) as response:
            for chunk in body(url, response):
                received += chunk
                _check_size(url, len(received), max_bytes)
        return bytes(received)

    try:
        return with_retries(once, sleep).decode("utf-8")
    except UnicodeDecodeError:
        raise DataError(DataReason.BAD_LIST, f"{url} is no text; nothing was downloaded") from None


def fetch_file(
    url: str,
    path: Path,
    sha256: str,
    *,
    max_bytes: int,
    sleep: Callable[[float], None],
    progress: Callable[[int], None],
) -> None:
    """Download ``path``; a partial file from before is gone on with.

    Args:
        url: of the file.
        path: where it goes; its folder is there.
        sha256: what its bytes must give, lower-case hex.
        max_bytes: a larger file is refused.
        sleep: waits so many seconds between tries.
        progress: told how many bytes of the file are there.

    Raises:
        DataError: whatever prevents it. A wrong checksum does so the second time: the first may be a bad resumption.
    """
    partial = Partial(path)
    for _ in range(2):
        if not partial.is_whole(sha256):
            with_retries(lambda: _receive(url, partial, max_bytes, progress), sleep)
        if partial.is_whole(sha256):
            partial.finish()
            return
        partial.discard()
        _log.info("%s: wrong checksum", url)
    raise DataError(
        DataReason.CHECKSUM,
        f"{url} came twice with another checksum than its publisher lists; it was deleted: try later, or tell them",
    )


def _receive(url: str, partial: Partial, max_bytes: int, progress: Callable[[int], None]) -> None:
    try:
        response = open_url(url, partial.resume_headers())
    except RangeRefusedError:
        partial.discard()
        raise
    with response:
        have = _begin(url, partial, response)
        _check_size(url, have + (response.length or 0), max_bytes)
        # What the network raises is no OSError any more when it leaves body(): this is about the disk alone.
        with writing(partial.path), partial.open_to_append() as file:
            for chunk in body(url, response):
                have += len(chunk)
                if have > max_bytes:
                    partial.discard()
                _check_size(url, have, max_bytes)
                file.write(chunk)
                file.flush()  # what has come must outlive a kill
                progress(have)


def _begin(url: str, partial: Partial, response: HTTPResponse) -> int:
    """How many bytes are there already of what this answer brings the rest of."""
    if response.status != 206:
        with writing(partial.path):
            partial.start(response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""))
        return 0
    have = partial.size_bytes
    if not (response.headers.get("Content-Range") or "").startswith(f"bytes {have}-"):
        partial.discard()
        raise TransientError(f"{url}: another part came than was asked for")
    return have


def _check_size(url: str, size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        raise DataError(
            DataReason.TOO_LARGE, f"{url} is larger than the {max_bytes} bytes it may have; not what was published"
        )
