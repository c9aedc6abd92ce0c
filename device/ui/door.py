"""The door before the page: everything that comes over HTTP or a websocket passes it or is refused."""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from device.ui.access import Access, Hosts
from device.ui.policy import NONCE_BYTES, headers, marked

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_FIELD = "token"
_ASSETS, _SOCKET = "/_nicegui/", "/_nicegui_ws/"
_REFUSAL = (
    b"This page opens once, with the address that `pulsekey ui` prints, and then in that browser only. "
    b"Start it again for a new address.\n"
)
# Not a redirect: a browser that came from another site's link would not send the new cookie after one.
_WELCOME = (
    b'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Pulsekey</title>'
    b'<meta http-equiv="refresh" content="0;url=/">'
)


class Door:
    """An ASGI application around another."""

    def __init__(self, app: App, access: Access, hosts: Hosts, refused: Callable[[], Awaitable[None]]) -> None:
        """`refused` is called for everybody who is turned away."""
        self._app, self._access, self._hosts, self._refused = app, access, hosts, refused
        # Cookies are shared by all ports of a host: two pages on one machine must not take each other's.
        self.cookie = f"pulsekey-{hosts.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one connection in, exchange its token, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request = _Request(scope)
        if self._is_let_in(request):
            await self._let_in(request, receive, send)
            return
        secret = self._exchanged(request)
        if secret is None:
            await self._refused()
            await _refuse(request, send)
            return
        cookie = f"{self.cookie}={secret}; HttpOnly; SameSite=Strict; Path=/"
        await _answer(request, send, 200, b"text/html; charset=utf-8", _WELCOME, [(b"set-cookie", cookie.encode())])

    def _is_let_in(self, request: "_Request") -> bool:
        return (
            self._is_from_here(request) and self._access.admits(request.cookie(self.cookie)) and self._serves(request)
        )

    @staticmethod
    def _serves(request: "_Request") -> bool:
        """Whether the page needs it; what else its application would answer is nobody's."""
        if request.is_websocket:
            return request.path.startswith(_SOCKET)
        return request.path in {"/", "/favicon.ico"} or request.path.startswith(_ASSETS)

    def _is_from_here(self, request: "_Request") -> bool:
        if not self._hosts.knows(request.host):
            return False
        if request.origin is None:
            # Browsers always send it with a websocket's handshake.
            return not request.is_websocket
        return self._hosts.allows(request.origin, request.host)

    def _exchanged(self, request: "_Request") -> str | None:
        wanted = request.path == "/" and not request.is_websocket and request.scope["method"] == "GET"
        token = request.token if wanted and self._is_from_here(request) else None
        return None if token is None else self._access.exchange(token)

    async def _let_in(self, request: "_Request", receive: Receive, send: Send) -> None:
        if request.is_websocket:
            await self._app(request.scope, receive, send)
            return
        marking = _Marking(send, secrets.token_urlsafe(NONCE_BYTES), request.host, whole=request.path == "/")
        await self._app(request.scope, receive, marking)


class _Request:
    """What of an ASGI scope decides."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.path: str = scope["path"]
        self.is_websocket: bool = scope["type"] == "websocket"
        self.host = self._header(b"host") or ""
        self.origin = self._header(b"origin")

    @property
    def token(self) -> str | None:
        """The first token of the query, if any."""
        fields = parse_qs(self.scope["query_string"].decode("latin-1"))
        return fields[TOKEN_FIELD][0] if TOKEN_FIELD in fields else None

    def cookie(self, name: str) -> str:
        """A cookie's value; empty if there is none."""
        pairs = (part.strip().partition("=") for part in (self._header(b"cookie") or "").split(";"))
        return next((value for key, _, value in pairs if key == name), "")

    def _header(self, name: bytes) -> str | None:
        """A header that comes once; one that comes twice is for nobody to choose from."""
        values = [value for key, value in self.scope["headers"] if key == name]
        return values[0].decode("latin-1") if len(values) == 1 else None


class _Marking:
    """Sends an answer on, with the policy's headers; a whole page is held back until it can be marked."""

    def __init__(self, send: Send, nonce: str, host: str, *, whole: bool) -> None:
        self._send, self._nonce, self._whole = send, nonce, whole
        self._headers = headers(nonce, host)
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if not (self._whole and pair[0].lower() == b"content-length")]
            message["headers"] = [*kept, *self._headers]
            self._start = message
            if not self._whole:
                await self._send(message)
        elif message["type"] == "http.response.body" and self._whole and self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                page = marked(self._body, self._nonce)
                self._start["headers"].append((b"content-length", str(len(page)).encode()))
                await self._send(self._start)
                await self._send({"type": "http.response.body", "body": page})
        else:
            await self._send(message)


async def _refuse(request: _Request, send: Send) -> None:
    if request.is_websocket:
        await send({"type": "websocket.close", "code": 1008})  # before it was accepted: the server answers 403
    else:
        await _answer(request, send, 403, b"text/plain; charset=utf-8", _REFUSAL, [])


async def _answer(
    request: _Request, send: Send, status: int, kind: bytes, body: bytes, more: list[tuple[bytes, bytes]]
) -> None:
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    # A host that was refused is not repeated to whoever sent it.
    fixed = headers(nonce, request.host if status == 200 else "127.0.0.1")
    head = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*head, *more, *fixed]})
    await send({"type": "http.response.body", "body": body})
