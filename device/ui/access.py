"""Who may look at the page: whoever opened the printed address first, and from then on that browser."""

import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

WRONG_TOKENS = 5
"""So many wrong tokens, and none is looked at for `PAUSE_S`: 256 bits are not guessed, a flood is not served."""
PAUSE_S = 60.0

HTTP_PORT = "80"
"""A browser leaves it out."""
_HOST = re.compile(r"(?P<name>\[[^\]]*\]|[^:]+)(?::(?P<port>\d+))?")


class Access:
    """A one-time token, exchanged for a session's secret; both are of this process and forgotten with it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.token = secrets.token_urlsafe(32)
        """For the address that is printed; void once it was used."""
        self._token: bytes | None = _digest(self.token)
        self._session: bytes | None = None
        self._wrong = 0
        self._paused_until_s = float("-inf")

    def exchange(self, token: str) -> str | None:
        """The session's secret for the right token, once; None for any other, and during a pause after wrong ones."""
        now_s = self._clock()
        if now_s < self._paused_until_s:
            return None
        if self._token is None or not hmac.compare_digest(self._token, _digest(token)):
            self._wrong += 1
            if self._wrong >= WRONG_TOKENS:
                self._wrong, self._paused_until_s = 0, now_s + PAUSE_S
            return None
        secret = secrets.token_urlsafe(32)
        self._token, self._session = None, _digest(secret)
        return secret

    def admits(self, secret: str) -> bool:
        """Whether this is the session's secret."""
        return self._session is not None and hmac.compare_digest(self._session, _digest(secret))


def _digest(text: str) -> bytes:
    # Of one length, and bytes whatever characters a stranger sends, so that they can be compared in constant time.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Hosts:
    """By which names the page may be asked for.

    A page of a stranger's can make its own name point to this machine (DNS rebinding); it cannot use an address, nor
    this machine's name.
    """

    host: str
    """As it listens."""
    port: int

    def knows(self, host_header: str) -> bool:
        """Whether a `Host` header (`name:port`, or `name` alone for port 80) is one of them."""
        named = _HOST.fullmatch(host_header)
        if named is None or (named["port"] or HTTP_PORT) != str(self.port):
            return False
        name = named["name"]
        own = socket.gethostname().lower()
        return name.lower() in {"localhost", self.host.lower(), own, f"{own}.local"} or _is_address(name)

    def allows(self, origin: str, host_header: str) -> bool:
        """Whether an `Origin` header is the page's own."""
        return origin.lower() == f"http://{host_header.lower()}"

    @property
    def url(self) -> str:
        """What is typed into a browser of this machine."""
        name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(
            self.host, f"[{self.host}]" if ":" in self.host else self.host
        )
        return f"http://{name}:{self.port}/"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what is served there."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
