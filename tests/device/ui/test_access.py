"""The one-time token, the session's secret, and the names the page may be asked for by."""

import socket

import pytest

from device.ui.access import PAUSE_S, WRONG_TOKENS, Access, Hosts, is_loopback


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_token_is_exchanged_once() -> None:
    access = Access(Clock())
    secret = access.exchange(access.token)
    assert secret is not None
    assert access.admits(secret)
    assert access.exchange(access.token) is None
    assert access.admits(secret)


def test_nothing_else_is_admitted() -> None:
    access = Access(Clock())
    assert not access.admits("")
    assert access.exchange("") is None
    assert access.exchange("x" * 10_000) is None
    assert access.exchange("\udcff") is None
    secret = access.exchange(access.token)
    assert secret is not None
    for wrong in ("", access.token, secret[:-1], secret + "a", secret.swapcase()):
        assert not access.admits(wrong), wrong


def test_two_processes_have_neither_token_nor_secret_in_common() -> None:
    one, other = Access(Clock()), Access(Clock())
    assert one.exchange(other.token) is None
    secret = one.exchange(one.token)
    assert secret is not None
    assert not other.admits(secret)


def test_after_wrong_tokens_even_the_right_one_waits() -> None:
    clock = Clock()
    access = Access(clock)
    for _ in range(WRONG_TOKENS):
        assert access.exchange("wrong") is None
    assert access.exchange(access.token) is None
    clock.now_s = PAUSE_S - 0.1
    assert access.exchange(access.token) is None
    clock.now_s = PAUSE_S
    assert access.exchange(access.token) is not None


def test_one_wrong_token_less_does_not_wait() -> None:
    access = Access(Clock())
    for _ in range(WRONG_TOKENS - 1):
        assert access.exchange("wrong") is None
    assert access.exchange(access.token) is not None


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ("127.0.0.1:8765", True),
        ("localhost:8765", True),
        ("LocalHost:8765", True),
        ("[::1]:8765", True),
        ("192.168.1.20:8765", True),
        (f"{socket.gethostname()}:8765", True),
        ("evil.example:8765", False),
        ("127.0.0.1.evil.example:8765", False),
        ("localhost:80", False),
        ("localhost", False),
        ("127.0.0.1", False),
        ("", False),
        (":8765", False),
    ],
)
def test_only_addresses_and_own_names_are_known(header: str, known: bool) -> None:
    assert Hosts("127.0.0.1", 8765).knows(header) is known


@pytest.mark.parametrize(
    ("header", "known"),
    [
        *(("localhost", True), ("127.0.0.1", True), ("[::1]", True), ("localhost:80", True), ("[::1]:80", True)),
        *(("localhost:8765", False), ("evil.example", False), ("", False), ("localhost:", False)),
    ],
)
def test_a_browser_leaves_port_80_out(header: str, known: bool) -> None:
    assert Hosts("127.0.0.1", 80).knows(header) is known


def test_the_name_it_listens_by_is_known() -> None:
    assert Hosts("pulse.lan", 8765).knows("pulse.lan:8765")


def test_an_origin_is_the_host_and_nothing_near_it() -> None:
    hosts = Hosts("127.0.0.1", 8765)
    assert hosts.allows("http://127.0.0.1:8765", "127.0.0.1:8765")
    for origin in (
        "http://127.0.0.1",
        "https://127.0.0.1:8765",
        "http://localhost:8765",
        "null",
        "",
        "http://evil:8765",
    ):
        assert not hosts.allows(origin, "127.0.0.1:8765"), origin


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8765/"),
        ("0.0.0.0", "http://127.0.0.1:8765/"),
        ("::1", "http://[::1]:8765/"),
        ("::", "http://[::1]:8765/"),
        ("pulse.lan", "http://pulse.lan:8765/"),
    ],
)
def test_the_address_can_be_typed(host: str, url: str) -> None:
    assert Hosts(host, 8765).url == url


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("pi", False)],
)
def test_what_others_cannot_reach(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
