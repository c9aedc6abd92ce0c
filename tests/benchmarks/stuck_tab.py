"""A browser's tab that is let in, shown the page, and then reads nothing; for `overload.py` and its test."""

import base64
import json
import os
import re
import select
import socket
import threading
import time
import urllib.request
import uuid
from urllib.parse import urlsplit


class StuckTab:
    """A browser's tab at the address that `pulsekey ui` prints: let in, shown the page, and then it reads nothing.

    With `alive` it answers the page's pings all the same, once a second, as no browser does.
    """

    def __init__(self, url: str, *, alive: bool = False) -> None:
        self._host = urlsplit(url).netloc
        with urllib.request.urlopen(url) as answer:
            self._cookie = answer.headers["Set-Cookie"].partition(";")[0]
        asked = urllib.request.Request(f"http://{self._host}/", headers={"Cookie": self._cookie})
        with urllib.request.urlopen(asked) as answer:
            found = re.search(r"client_id\W+([0-9a-f-]{36})", answer.read().decode())
        assert found is not None, "the page names no client"
        self._client = found[1]
        host, _, port = self._host.partition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._connect()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._say_alive, daemon=True)
        if alive:
            self._thread.start()

    def _connect(self) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        path = f"/_nicegui_ws/socket.io/?client_id={self._client}&next_message_id=0&EIO=4&transport=websocket"
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nOrigin: http://{self._host}\r\nCookie: {self._cookie}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            "\r\n".encode()
        )
        self._until(b"\r\n\r\n")
        self._say("40")
        self._until(b"40{")
        shaken = {"client_id": self._client, "tab_id": str(uuid.uuid4()), "document_id": str(uuid.uuid4())}
        self._say("420" + json.dumps(["handshake", shaken | {"old_tab_id": None, "next_message_id": 0}]))
        self._until(b"pulsekey_wave")  # the page runs

    def _until(self, wanted: bytes) -> None:
        came = b""
        while wanted not in came:
            data = self._socket.recv(65536)
            assert data, f"the page hung up before {wanted!r}"
            came += data

    def _say(self, text: str) -> None:
        data, mask = text.encode(), os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self._socket.sendall(b"\x81" + length + mask + masked)

    def _say_alive(self) -> None:
        while not self._stop.wait(1.0):
            try:
                self._say("3")
            except OSError:
                return

    def hung_up_after_s(self, most_s: float) -> float | None:
        """Seconds from now until the page let it go; None if it did not in time."""
        poll = select.poll()
        poll.register(self._socket, select.POLLRDHUP)
        began = time.monotonic()
        return time.monotonic() - began if poll.poll(most_s * 1000) else None

    def close(self) -> None:
        """Go away."""
        self._stop.set()
        self._socket.close()
