"""A publisher's server on this machine, which can be told to fail."""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from train.data.catalogue import Dataset

LIST = "/set/SHA256SUMS.txt"
Fault = Callable[[BaseHTTPRequestHandler, bytes], None]


class Publisher:
    """Files by path, the requests that came for them, and faults that each answer one request instead."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.ranges = True
        self.released = threading.Event()
        self.url = ""

    def publish(self, files: dict[str, bytes]) -> None:
        """Offer these below /set/, and list them with their checksums."""
        for name, content in files.items():
            self.files[f"/set/{name}"] = content
        lines = [f"{hashlib.sha256(content).hexdigest()} {name}\n" for name, content in files.items()]
        self.files[LIST] = "".join(lines).encode()

    def asked(self, path: str) -> list[dict[str, str]]:
        """The headers of the requests for one path, in order."""
        return [headers for one, headers in self.requests if one == path]

    def dataset(self, *patterns: str, max_file_mb: int = 1) -> Dataset:
        return Dataset(
            title="A set",
            people="two",
            what="PPG",
            rate_hz=125,
            size_mb=1,
            licence="A licence",
            licence_url="https://example.org/licence",
            citation=["Somebody 2020"],
            page="https://example.org/set",
            url=f"{self.url}/set/",
            files=list(patterns or ("*.dat", "*.hea")),
            max_file_mb=max_file_mb,
        )


def cut(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    """Half of the file, then the connection ends."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.send_header("ETag", '"v1"')
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])


def status(code: int, **headers: str) -> Fault:
    """An answer without a file."""

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def _handler(publisher: Publisher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.requests.append((self.path, dict(self.headers)))
            content = publisher.files.get(self.path, b"")
            if publisher.faults[self.path]:
                publisher.faults[self.path].pop(0)(self, content)
            elif self.path not in publisher.files:
                status(404)(self, b"")
            else:
                self._answer(content, publisher.etags.get(self.path, '"v1"'))

        def _answer(self, content: bytes, etag: str) -> None:
            start = 0
            asked = self.headers.get("Range")
            if publisher.ranges and asked and self.headers.get("If-Range") == etag:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
                if start >= len(content):
                    return status(416)(self, b"")
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("ETag", etag)
            self.end_headers()
            self.wfile.write(content[start:])
            return None

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is what these tests are about."""


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    one = Publisher()
    with _Server(("127.0.0.1", 0), _handler(one)) as server:
        one.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield one
        one.released.set()
        server.shutdown()
        thread.join()
