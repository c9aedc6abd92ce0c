import hashlib
import random
import resource
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.train.data.conftest import Fault, Publisher, cut, status
from train.data import transport
from train.data.errors import DataError, DataReason
from train.data.fetching import fetch_file, fetch_text

CONTENT = random.Random(1).randbytes(200_000)
PATH = "/set/a.dat"


class Fetch:
    """Fetches PATH to a folder; keeps the waits between tries instead of waiting."""

    def __init__(self, publisher: Publisher, folder: Path) -> None:
        self.publisher = publisher
        self.path = folder / "a.dat"
        self.part = folder / "a.dat.part"
        self.waits_s: list[float] = []
        self.progress: list[int] = []
        publisher.files[PATH] = CONTENT

    def __call__(self, max_bytes: int = 1_000_000) -> None:
        fetch_file(
            self.publisher.url + PATH,
            self.path,
            hashlib.sha256(CONTENT).hexdigest(),
            max_bytes=max_bytes,
            sleep=self.waits_s.append,
            progress=self.progress.append,
        )

    def fails(self, max_bytes: int = 1_000_000) -> tuple[DataReason, str]:
        with pytest.raises(DataError) as caught:
            self(max_bytes)
        assert "\n" not in str(caught.value)
        assert not self.path.exists()
        return caught.value.reason, str(caught.value)


@pytest.fixture
def fetch(publisher: Publisher, tmp_path: Path) -> Iterator[Fetch]:
    one = Fetch(publisher, tmp_path)
    yield one
    if one.path.exists():
        assert one.path.read_bytes() == CONTENT
        assert [each.name for each in tmp_path.iterdir()] == ["a.dat"]


def test_a_file_comes_whole(fetch: Fetch) -> None:
    fetch()
    assert fetch.path.exists()
    assert fetch.progress == sorted(fetch.progress)
    assert fetch.progress[-1] == len(CONTENT)


def test_what_was_cut_goes_on_where_it_was(fetch: Fetch) -> None:
    fetch.publisher.faults[PATH] = [cut]
    fetch()
    first, second = fetch.publisher.asked(PATH)
    assert "Range" not in first
    assert second["Range"] == "bytes=100000-"
    assert second["If-Range"] == '"v1"'
    assert fetch.waits_s == [1.0]


def test_a_server_without_ranges_is_asked_for_all_of_it(fetch: Fetch) -> None:
    fetch.publisher.ranges = False
    fetch.publisher.faults[PATH] = [cut]
    fetch()
    assert fetch.path.exists()


def test_a_file_that_changed_between_its_parts_comes_anew(fetch: Fetch) -> None:
    def old_version(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        cut(handler, bytes(len(content)))

    fetch.publisher.faults[PATH] = [old_version]
    fetch.publisher.etags[PATH] = '"v2"'
    fetch()
    assert len(fetch.publisher.asked(PATH)) == 2


def test_a_version_that_cannot_be_compared_is_not_gone_on_with(fetch: Fetch) -> None:
    def weak(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("ETag", 'W/"v1"')
        handler.end_headers()
        handler.wfile.write(content[:1000])

    fetch.publisher.faults[PATH] = [weak]
    fetch()
    assert "Range" not in fetch.publisher.asked(PATH)[1]


def test_a_date_stands_in_for_an_etag(fetch: Fetch) -> None:
    date = "Wed, 20 Jun 2018 00:00:00 GMT"

    def dated(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("Last-Modified", date)
        handler.end_headers()
        handler.wfile.write(content[:1000])

    fetch.publisher.faults[PATH] = [dated]
    fetch.publisher.etags[PATH] = date
    fetch()
    assert fetch.publisher.asked(PATH)[1]["If-Range"] == date


def test_a_resumption_that_gives_other_bytes_is_done_anew_once(fetch: Fetch) -> None:
    # The same ETag for other bytes: only the checksum can tell.
    fetch.publisher.faults[PATH] = [lambda handler, content: cut(handler, bytes(len(content)))]
    fetch()
    assert ["Range" in headers for headers in fetch.publisher.asked(PATH)] == [False, True, False]


def test_a_wrong_checksum_leaves_nothing(fetch: Fetch, tmp_path: Path) -> None:
    fetch.publisher.files[PATH] = CONTENT[::-1]
    reason, message = fetch.fails()
    assert reason is DataReason.CHECKSUM
    assert PATH in message
    assert len(fetch.publisher.asked(PATH)) == 2
    assert list(tmp_path.iterdir()) == []


def test_another_part_than_was_asked_for_is_not_appended(fetch: Fetch) -> None:
    def other(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 0-9/{len(content)}")
        handler.send_header("Content-Length", "10")
        handler.end_headers()
        handler.wfile.write(content[:10])

    fetch.publisher.faults[PATH] = [cut, other]
    fetch()
    assert len(fetch.publisher.asked(PATH)) == 3
    assert fetch.waits_s == [1.0, 2.0]  # refused as it came, not found out by the checksum


def test_too_long_a_part_is_dropped(fetch: Fetch) -> None:
    fetch.part.write_bytes(CONTENT + b"more")
    fetch.part.with_name("a.dat.part.tag").write_text('"v1"')
    fetch()
    assert ["Range" in headers for headers in fetch.publisher.asked(PATH)] == [True, False]


def test_a_part_that_is_whole_is_not_asked_for(fetch: Fetch) -> None:
    fetch.part.write_bytes(CONTENT)
    fetch()
    assert fetch.publisher.requests == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (404, DataReason.NOT_FOUND),
        (410, DataReason.NOT_FOUND),
        (401, DataReason.DENIED),
        (403, DataReason.DENIED),
        (400, DataReason.REFUSED),
    ],
)
def test_a_refusal_is_not_asked_twice(fetch: Fetch, code: int, reason: DataReason) -> None:
    fetch.publisher.faults[PATH] = [status(code)]
    assert fetch.fails()[0] is reason
    assert fetch.waits_s == []


def test_a_busy_server_is_given_time(fetch: Fetch) -> None:
    fetch.publisher.faults[PATH] = [status(503), status(429, Retry_After="30"), status(503, Retry_After="99999")]
    fetch()
    assert fetch.waits_s == [1.0, 30.0, transport.MAX_RETRY_AFTER_S]


def test_a_server_that_stays_away_ends_it_and_what_came_is_kept(fetch: Fetch) -> None:
    fetch.publisher.faults[PATH] = [cut] + [status(502)] * 4
    reason, message = fetch.fails()
    assert reason is DataReason.UNREACHABLE
    assert "run the same command again" in message
    assert fetch.waits_s == list(transport.BACK_OFF_S)
    assert fetch.part.read_bytes() == CONTENT[: len(CONTENT) // 2]
    fetch()
    assert fetch.publisher.asked(PATH)[-1]["Range"] == "bytes=100000-"


def test_a_server_that_falls_silent_is_asked_again(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TIMEOUT_S", 0.05)

    def silent(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        cut(handler, content)
        handler.wfile.flush()
        fetch.publisher.released.wait()

    fetch.publisher.faults[PATH] = [silent]
    fetch()
    assert fetch.publisher.asked(PATH)[1]["Range"] == "bytes=100000-"


def test_no_server_at_all(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.publisher, "url", "http://127.0.0.1:1")
    assert fetch.fails()[0] is DataReason.UNREACHABLE


def test_a_redirect_on_the_same_server_is_followed(fetch: Fetch) -> None:
    fetch.publisher.files["/moved"] = CONTENT
    fetch.publisher.faults[PATH] = [status(302, Location="/moved")]
    fetch()
    assert fetch.path.exists()


@pytest.mark.parametrize("place", ["http://127.0.0.1:1/a.dat", "http://localhost/a.dat", "ftp://127.0.0.1/a.dat"])
def test_a_redirect_elsewhere_needs_https(fetch: Fetch, place: str) -> None:
    fetch.publisher.faults[PATH] = [status(302, Location=place)]
    reason, message = fetch.fails()
    assert reason is DataReason.REDIRECTED
    assert place in message


def test_a_redirect_elsewhere_by_https_is_followed(fetch: Fetch) -> None:
    # Nothing answers there: that it was tried is enough.
    fetch.publisher.faults[PATH] = [status(302, Location="https://127.0.0.1:1/a.dat")] * 5
    assert fetch.fails()[0] is DataReason.UNREACHABLE


def _endless(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(content)


@pytest.mark.parametrize("faults", [[], [_endless] * 2], ids=["announced", "not announced"])
def test_a_file_has_its_bound(fetch: Fetch, tmp_path: Path, faults: list[Fault]) -> None:
    fetch.publisher.faults[PATH] = list(faults)
    assert fetch.fails(max_bytes=150_000)[0] is DataReason.TOO_LARGE
    assert bool(fetch.progress) is bool(faults)
    assert len(fetch.publisher.asked(PATH)) == 1
    assert list(tmp_path.glob("*.part")) == []


def test_a_full_disk_keeps_what_has_come(fetch: Fetch) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (90_000, hard))
    try:
        reason, _ = fetch.fails()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert reason is DataReason.DISK_FULL
    assert 0 < fetch.part.stat().st_size <= 90_000
    fetch()
    assert "Range" in fetch.publisher.asked(PATH)[-1]


def test_a_text_has_its_bound_and_is_text(publisher: Publisher) -> None:
    publisher.files["/t"] = b"\xff" * 10
    with pytest.raises(DataError, match="no text"):
        fetch_text(publisher.url + "/t", 10, lambda _: None)
    with pytest.raises(DataError, match="larger"):
        fetch_text(publisher.url + "/t", 9, lambda _: None)
