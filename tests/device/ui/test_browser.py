"""The page in a real browser, with the model that ships: what people do with it, and what nobody else can."""

import http.client
import signal
from pathlib import Path

import pytest

pytest.importorskip("nicegui", reason="nicegui is not installed: pip install 'pulsekey[ui]'")
pytest.importorskip("selenium", reason="selenium is not installed: the page is not tested in a browser")

from device.gallery import Gallery
from device.simulation import Simulation
from device.store.guard import Guard
from tests.device.ui.browsing import Browser, Served, foreign

PIN = "482913"


def log_of(gallery: Path) -> list[tuple[str, str, str]]:
    with Gallery(gallery, create=False) as opened:
        return [(entry.event, entry.outcome, entry.person) for entry in opened.log_entries()]


def enrol(browser: Browser, simulation: Simulation, name: str) -> None:
    simulation.wear(name)
    browser.fill("#field-name", name)
    browser.press("Enrol", ".people")
    browser.wait_for(f"Enrolling {name}")
    browser.wait(f"{name} in the list", lambda: name in browser.text(".cards"))


def ask_to_forget_the_second(browser: Browser) -> None:
    browser.press("Forget", ".person:nth-child(2)")
    browser.wait("the question", lambda: browser.driver.execute_script("return document.querySelector('dialog').open"))


def keep_and_then_forget_the_second(browser: Browser, second: str) -> None:
    ask_to_forget_the_second(browser)
    assert browser.driver.execute_script("return document.activeElement.textContent") == "Keep"
    browser.press("Keep", "dialog")
    assert second in browser.text(".cards")
    ask_to_forget_the_second(browser)
    browser.press("Forget", "dialog")
    browser.wait("one less in the list", lambda: second not in browser.text(".cards"))


def check_log(log: list[tuple[str, str, str]], first: str, second: str) -> None:
    assert [entry for entry in log if entry[0] in {"enrol", "forget"}] == [
        ("enrol", "done", first),
        ("enrol", "done", second),
        ("forget", "done", second),
    ]
    assert ("lock", "opened", second) in log
    assert ("verify", "refused", "") in log
    assert not any(event == "ui" for event, _, _ in log)


def test_two_are_enrolled_one_is_let_in_and_a_stranger_is_not(
    browser: Browser, simulation: Simulation, tmp_path: Path
) -> None:
    gallery = tmp_path / "gallery.sqlite"
    first, second, stranger = simulation.names
    with Served("--port", simulation.path, "--gallery", gallery) as served:
        browser.driver.get(served.url)
        browser.wait_for("Locked", "Nobody is enrolled yet")
        enrol(browser, simulation, first)
        browser.wait_for("Unlocked", f"For {first}")
        enrol(browser, simulation, second)
        simulation.wear("")
        browser.wait_for("Locked", "No finger")

        simulation.wear(second)
        browser.wait_for("Unlocked", f"For {second}")
        assert browser.text("[role=status]").startswith("Unlocked. For alan")
        browser.wait("a heart rate", lambda: "beats a minute" in browser.text(".rate"))
        browser.wait("frames", lambda: int(browser.find(".signal canvas").get_attribute("data-frames") or 0) > 0)

        simulation.plug(False)
        browser.wait_for("No board")
        simulation.wear(stranger)
        simulation.plug(True)
        browser.wait_for("Unknown person")
        assert browser.find(".hero").get_attribute("data-tone") == "warning"

        keep_and_then_forget_the_second(browser, second)
        assert first in browser.text(".cards")

        assert browser.faults() == []
        requests = browser.requests()
        assert any(url.startswith("ws://") for url in requests)
        assert foreign(requests, served.host) == []
        assert served.stop() == 0
    assert served.stderr == ""
    check_log(log_of(gallery), first, second)


def test_the_pin_is_asked_for_and_taken(browser: Browser, simulation: Simulation, enrolled: Path) -> None:
    with Gallery(enrolled) as gallery:
        Guard(gallery.store).set_pin(PIN)
    with Served("--port", simulation.path, "--gallery", enrolled, "--pin") as served:
        browser.driver.get(served.url)
        browser.wait_for("Locked", "No finger")
        assert not browser.find("#field-pin").is_displayed()
        simulation.wear("ada")
        browser.wait_for("PIN needed")
        assert browser.find("#field-pin").get_attribute("type") == "password"
        browser.fill("#field-pin", "111111\n")
        browser.wait("that it is wrong", lambda: "wrong PIN" in browser.text(".lines"))
        browser.fill("#field-pin", f"{PIN}\n")
        browser.wait_for("Unlocked", "For ada")
        assert PIN not in browser.driver.page_source
        assert browser.faults() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_locks_first_tells_the_hooks_and_then_stops(
    browser: Browser, simulation: Simulation, enrolled: Path, tmp_path: Path, number: signal.Signals
) -> None:
    told = tmp_path / "told"
    locked = f"touch {told}"
    with Served("--port", simulation.path, "--gallery", enrolled, "--on-lock", locked) as served:
        browser.driver.get(served.url)
        simulation.wear("ada")
        browser.wait_for("Unlocked", "For ada")
        assert not told.exists()
        assert served.stop(number) == 0
    assert served.stderr == ""
    assert told.exists()
    assert log_of(enrolled)[-1] == ("lock", "closed", "ada")
    browser.wait("that nobody is heard any more", lambda: "stale" in browser.find("body").get_attribute("class"))
    shown = "return getComputedStyle(document.querySelector('.title')).visibility"
    assert browser.driver.execute_script(shown) == "hidden"


def test_whoever_has_no_cookie_is_refused_and_logged(browser: Browser, simulation: Simulation, enrolled: Path) -> None:
    with Served("--port", simulation.path, "--gallery", enrolled) as served:
        browser.driver.get(served.url)
        browser.wait_for("Locked")
        kept = browser.driver.get_cookie(f"pulsekey-{served.host.rpartition(':')[2]}")
        assert kept is not None
        assert (kept["httpOnly"], kept["sameSite"], "expiry" in kept) == (True, "Strict", False)
        cookie = f"{kept['name']}={kept['value']}"
        origin = f"http://{served.host}"

        assert status(served, "/") == 403
        assert status(served, served.url.partition(served.host)[2]) == 403, "the token is void"
        assert status(served, "/_nicegui/x.js") == 403
        assert status(served, "/", Cookie=cookie) == 200
        assert status(served, "/", Cookie=cookie, Host="evil.example") == 403
        assert socket_status(served, Origin=origin) == 403
        assert socket_status(served, Origin="http://evil.example", Cookie=cookie) == 403
        assert socket_status(served, Cookie=cookie) == 403
        assert socket_status(served, Origin=origin, Cookie=cookie) == 101
        assert served.stop() == 0
    assert [entry for entry in log_of(enrolled) if entry[0] == "ui"] == [("ui", "refused", "")]


def status(served: Served, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection(served.host, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def socket_status(served: Served, **headers: str) -> int:
    """What the websocket's handshake is answered."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    return status(served, "/_nicegui_ws/socket.io/?EIO=4&transport=websocket", **(upgrade | headers))


def test_all_can_be_reached_and_named_without_eyes_or_mouse(
    browser: Browser, simulation: Simulation, enrolled: Path
) -> None:
    with Served("--port", simulation.path, "--gallery", enrolled) as served:
        browser.driver.get(served.url)
        browser.wait_for("Locked")
        order = browser.driver.execute_script(
            "return [...document.querySelectorAll('button, input, [tabindex]')]"
            ".filter(e => e.offsetParent && e.tabIndex >= 0)"
            ".map(e => e.ariaLabel || (e.labels && e.labels.length ? e.labels[0].textContent : e.textContent))"
        )
        assert order == [
            "Theme: auto",
            "Add a session of ada",
            "Forget ada",
            "Enrol somebody",
            "Enrol",
            "What happened",
        ]
        assert str(browser.find("html").get_attribute("lang")).startswith("en")
        assert browser.find("[role=status]").get_attribute("aria-live") == "polite"
        headings = browser.driver.execute_script("return [...document.querySelectorAll('h1,h2')].map(h => h.tagName)")
        assert headings[0] == "H1"
        unnamed = (
            "return [...document.querySelectorAll('canvas, section')]"
            ".filter(e => !e.ariaLabel && !e.getAttribute('aria-labelledby')).length"
        )
        assert browser.driver.execute_script(unnamed) == 0
        assert narrow(browser) <= 390
        for scheme in ("light", "dark"):
            browser.prefer(scheme)
            assert worst_contrast(browser) >= 4.5, scheme


def narrow(browser: Browser) -> int:
    """How wide the page is in a phone's window; wider than that, it would have to be pushed to and fro."""
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        return int(browser.driver.execute_script("return document.documentElement.scrollWidth"))
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


_CONTRAST = """
const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const linear = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = (rgb) => 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);
const behind = (e) => {
  for (; e; e = e.parentElement) {
    const colour = parse(getComputedStyle(e).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
let worst = 21;
for (const e of document.querySelectorAll('.nicegui-content *')) {
  const own = [...e.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !e.offsetParent || e.disabled || e.closest('.unseen')) continue;
  const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))];
  worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
}
return worst;
"""


def worst_contrast(browser: Browser) -> float:
    """The least contrast of any words on the page with what is behind them (WCAG 2.2, 1.4.3)."""
    background = "return getComputedStyle(document.querySelector('.state')).transitionDuration"
    assert browser.driver.execute_script(background)
    return float(browser.driver.execute_script(_CONTRAST))
