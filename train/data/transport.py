"""Asking a publisher's server: HTTP only, with time limits, retries, and redirects that are looked at."""

import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from http.client import HTTPException, HTTPResponse
from typing import IO, TypeVar, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from train.data.errors import DataError, DataReason

TIMEOUT_S = 30.0
"""Of each wait for the server; PhysioNet can take some seconds to begin."""
BACK_OFF_S = (1.0, 2.0, 4.0, 8.0)
"""Waits between tries: five tries in all."""
MAX_RETRY_AFTER_S = 120.0
"""The longest wait that a server may ask for; more is a wait for the user, not for us."""
CHUNK_BYTES = 1 << 16

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class TransientError(Exception):
    """A fault that another try may not meet."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class RangeRefusedError(TransientError):
    """The server has no such part of the file."""


class _Redirects(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme != "https" and (new.scheme, new.netloc) != (old.scheme, old.netloc):
            fp.close()
            raise DataError(
                DataReason.REDIRECTED, f"{req.full_url} sends to {newurl}, another place without https; not followed"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _opener() -> OpenerDirector:
    # Not build_opener: it would also open file:, ftp: and data:.
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPDefaultErrorHandler(),
        _Redirects(),
        HTTPErrorProcessor(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def open_url(url: str, headers: Mapping[str, str]) -> HTTPResponse:
    """The server's answer, its body unread; to be closed.

    Raises:
        TransientError: another try may help.
        DataError: it will not: NOT_FOUND, DENIED, REFUSED, REDIRECTED, UNREACHABLE for a bad certificate.
    """
    request = Request(url, headers={"User-Agent": "pulsekey", **headers})
    try:
        return cast(HTTPResponse, _opener().open(request, timeout=TIMEOUT_S))
    except HTTPError as error:
        with error:
            raise _of_status(url, error) from None
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise DataError(
                DataReason.UNREACHABLE, f"{url}: {reason.verify_message}; set the clock or the certificates right"
            ) from None
        raise TransientError(f"{url}: {reason or type(reason).__name__}") from None


def _of_status(url: str, error: HTTPError) -> Exception:
    what = f"{url}: HTTP {error.code} {error.reason}"
    if error.code == 416:
        return RangeRefusedError(what)
    if error.code in (408, 425, 429) or error.code >= 500:
        after = (error.headers.get("Retry-After") or "").strip()
        return TransientError(what, min(float(after), MAX_RETRY_AFTER_S) if after.isdecimal() else 0.0)
    if error.code in (404, 410):
        return DataError(DataReason.NOT_FOUND, f"{what}; the publisher may have moved it, see its page")
    if error.code in (401, 403):
        return DataError(DataReason.DENIED, f"{what}; the publisher may want a login or an agreement, see its page")
    return DataError(DataReason.REFUSED, f"{what}; see the publisher's page")


def body(url: str, response: HTTPResponse) -> Iterator[bytes]:
    """The body as it comes.

    Raises:
        TransientError: the connection broke before its end.
    """
    announced, received = response.length, 0
    while True:
        try:
            chunk = response.read1(CHUNK_BYTES)
        except (OSError, HTTPException) as error:
            raise TransientError(f"{url}: {error or type(error).__name__}") from None
        if not chunk:
            break
        received += len(chunk)
        yield chunk
    if announced is not None and received < announced:
        raise TransientError(f"{url}: cut after {received} of {announced} bytes")


def with_retries(action: Callable[[], _T], sleep: Callable[[float], None]) -> _T:
    """What ``action`` returns, tried again after each transient fault.

    Args:
        action: one try.
        sleep: waits so many seconds.

    Raises:
        DataError: UNREACHABLE after the last try.
    """
    for wait_s in BACK_OFF_S:
        try:
            return action()
        except TransientError as fault:
            _log.info("%s; trying again", fault)
            sleep(max(wait_s, fault.wait_s))
    try:
        return action()
    except TransientError as fault:
        message = f"{fault}; what has come is kept: run the same command again to go on"
        raise DataError(DataReason.UNREACHABLE, message) from None
