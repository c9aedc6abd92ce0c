"""Everything that comes to the page passes the door, or is refused and told of; on ASGI messages, without a server."""

import asyncio
import re
from typing import Any

import pytest

from device.ui.access import Access, Hosts
from device.ui.door import Door

HOST = "127.0.0.1:8765"
PAGE = b"<html><head><style>a{}</style></head><body><script>1</script><script src='/x'></script></body></html>"
Sent = list[dict[str, Any]]


class House:
    """A door with an application behind it that notes who got in."""

    def __init__(self) -> None:
        self.access = Access()
        self.inside: list[dict[str, Any]] = []
        self.refused = 0
        self.door = Door(self._app, self.access, Hosts("127.0.0.1", 8765), self._turned_away)

    async def _turned_away(self) -> None:
        self.refused += 1

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.inside.append(dict(scope))
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        headers = [(b"content-type", b"text/html"), (b"content-length", str(len(PAGE)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE[:40], "more_body": True})
        await send({"type": "http.response.body", "body": PAGE[40:]})

    def ask(self, path: str = "/", *, kind: str = "http", query: str = "", **headers: str) -> Sent:
        """What one request is answered."""
        sent: Sent = []

        async def send(message: Any) -> None:
            sent.append(dict(message))

        async def receive() -> Any:
            return {"type": "http.request"}

        pairs = {"host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
        scope: dict[str, Any] = {
            "type": kind,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in pairs.items() if value],
        }
        if kind == "http":
            scope["method"] = "GET"
        asyncio.run(self.door(scope, receive, send))
        return sent

    def cookie(self) -> str:
        """Come in with the token, and keep the cookie."""
        return header(self.ask(query=f"token={self.access.token}"), "set-cookie").split(";")[0]


def header(sent: Sent, name: str) -> str:
    values = [value.decode() for key, value in sent[0]["headers"] if key == name.encode()]
    assert len(values) == 1, (name, values)
    return values[0]


@pytest.fixture
def house() -> House:
    return House()


def is_refused(house: House, sent: Sent, kind: str = "http") -> bool:
    if kind == "websocket":
        return sent == [{"type": "websocket.close", "code": 1008}] and not house.inside
    return sent[0]["status"] == 403 and not house.inside


@pytest.mark.parametrize(
    "path", ["/", "/favicon.ico", "/_nicegui/3/static/nicegui.js", "/_nicegui_ws/socket.io/", "/x"]
)
def test_without_a_cookie_nothing_is_answered(house: House, path: str) -> None:
    assert is_refused(house, house.ask(path))
    assert house.refused == 1


def test_without_a_cookie_there_is_no_websocket(house: House) -> None:
    sent = house.ask("/_nicegui_ws/socket.io/", kind="websocket", origin=f"http://{HOST}")
    assert is_refused(house, sent, "websocket")
    assert house.refused == 1


def test_the_token_gives_a_cookie_that_scripts_and_other_sites_cannot_use(house: House) -> None:
    sent = house.ask(query=f"token={house.access.token}")
    assert sent[0]["status"] == 200
    value, *attributes = header(sent, "set-cookie").split("; ")
    assert re.fullmatch(r"pulsekey-8765=[\w-]{43}", value)
    assert set(attributes) == {"HttpOnly", "SameSite=Strict", "Path=/"}
    assert house.access.token not in header(sent, "set-cookie")
    assert not house.inside
    assert header(sent, "referrer-policy") == "no-referrer"


def test_the_token_works_once(house: House) -> None:
    house.cookie()
    assert is_refused(house, house.ask(query=f"token={house.access.token}"))
    assert house.refused == 1


@pytest.mark.parametrize(
    "refused",
    [
        {"path": "/_nicegui/x"},
        {"host": "evil.example:8765"},
        {"origin": "http://evil.example"},
        {"kind": "websocket", "origin": f"http://{HOST}"},
    ],
)
def test_the_token_is_taken_at_the_page_only_and_kept_for_it(house: House, refused: dict[str, str]) -> None:
    house.ask(query=f"token={house.access.token}", **refused)
    assert house.refused == 1
    assert house.cookie()


def test_with_the_cookie_the_page_comes_marked(house: House) -> None:
    sent = house.ask(cookie=f"other=1; {house.cookie()}")
    assert house.refused == 0
    policy, body = header(sent, "content-security-policy"), sent[1]["body"].decode()
    nonce = re.search(r"script-src 'self' 'nonce-([\w-]+)'", policy)
    assert nonce is not None
    assert body.count(f'nonce="{nonce[1]}"') == 3
    assert '<html lang="en">' in body
    assert int(header(sent, "content-length")) == len(sent[1]["body"])
    assert f"connect-src 'self' ws://{HOST}" in policy
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy


def test_no_two_pages_have_the_same_mark(house: House) -> None:
    cookie = house.cookie()
    assert len({header(house.ask(cookie=cookie), "content-security-policy") for _ in range(5)}) == 5


def test_with_the_cookie_assets_are_passed_on_as_they_are(house: House) -> None:
    sent = house.ask("/_nicegui/x.js", cookie=house.cookie())
    assert b"".join(message.get("body", b"") for message in sent[1:]) == PAGE
    assert header(sent, "x-content-type-options") == "nosniff"


@pytest.mark.parametrize(
    "path", ["/docs", "/openapi.json", "/_nicegui_ws/socket.io/", "/static/x", "//", "/favicon.icox"]
)
def test_with_the_cookie_nothing_else_is_there(house: House, path: str) -> None:
    assert is_refused(house, house.ask(path, cookie=house.cookie()))


@pytest.mark.parametrize(
    ("origin", "host", "inside"),
    [
        (f"http://{HOST}", HOST, True),
        ("http://localhost:8765", "localhost:8765", True),
        ("http://evil.example", HOST, False),
        ("http://evil.example:8765", "evil.example:8765", False),
        ("http://localhost:8765", HOST, False),
        ("null", HOST, False),
        ("", HOST, False),
        (f"http://{HOST}", "", False),
    ],
)
def test_a_websocket_comes_from_the_page_itself(house: House, origin: str, host: str, inside: bool) -> None:
    cookie = house.cookie()
    sent = house.ask("/_nicegui_ws/socket.io/", kind="websocket", origin=origin, host=host, cookie=cookie)
    assert (sent == [{"type": "websocket.accept"}]) is inside
    assert house.refused == (not inside)


def test_a_cookie_of_another_port_or_another_time_is_nothing(house: House) -> None:
    cookie = house.cookie()
    for other in (cookie.replace("8765", "8766"), cookie[:-1], "pulsekey-8765=", "pulsekey-8765", ";;;", "=" + cookie):
        assert is_refused(house, house.ask(cookie=other)), other


def test_a_foreign_host_is_refused_with_the_cookie_and_not_repeated(house: House) -> None:
    sent = house.ask(cookie=house.cookie(), host="evil.example:8765")
    assert is_refused(house, sent)
    assert "evil" not in str(sent)
