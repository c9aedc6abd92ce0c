"""A page that runs as its own process, and a headless Chromium to look at it with; for tests and measurements."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

ROOT = Path(__file__).resolve().parents[3]
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WAIT_S = 40.0
STEP_S = 0.05


class Served:
    """`pulsekey ui` with these options, on a free port; leaving it stops it as Ctrl-C does."""

    def __init__(self, *options: object) -> None:
        words = [sys.executable, "-m", "device.cli", "ui", "--http-port", "0", *map(str, options)]
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        if found is None:
            raise AssertionError(f"no address: {line!r} {self.process.communicate()[1]}")
        self.url = found[0]
        self.host = urlsplit(self.url).netloc
        self.stderr = ""

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal; the exit status, with `stderr` set."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.stderr = self.process.communicate(timeout=30)[1]
        return self.process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()


class Browser:
    """One headless Chromium with an empty profile."""

    def __init__(self, profile: Path, *, size: tuple[int, int] = (1000, 800)) -> None:
        options = Options()
        options.binary_location = str(CHROMIUM)
        for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        self.prefer()

    def leave(self) -> None:
        """Leave the page, and forget what its console said and what it asked for."""
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self.driver.get_log(log)

    def close(self) -> None:
        """End it."""
        self.driver.quit()

    def prefer(self, scheme: str = "light", *, motion: bool = False) -> None:
        """Prefer `light` or `dark`, and by default little motion, which leaves the processor to others."""
        preferred = {
            "prefers-color-scheme": scheme,
            "prefers-reduced-motion": "no-preference" if motion else "reduce",
        }
        features = [{"name": name, "value": value} for name, value in preferred.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def find(self, css: str) -> WebElement:
        """The first element."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def text(self, css: str) -> str:
        """The first element's words; empty where there is none."""
        words = "return (document.querySelector(arguments[0]) || {textContent: ''}).textContent"
        return str(self.driver.execute_script(words, css))

    def fill(self, css: str, keys: str) -> None:
        """Type into a field, once it is there to be typed into and what stood in it is gone.

        The page is told of a change word by word, so that its title may be news before its fields are.
        """
        ready = (
            "const field = document.querySelector(arguments[0]);"
            "return field !== null && field.checkVisibility() && !field.disabled && field.value === ''"
        )
        self.wait(f"an empty field {css}", lambda: self.driver.execute_script(ready, css))
        self.find(css).send_keys(keys)

    def press(self, text: str, within: str = "body") -> None:
        """Press the first button with these words, as a mouse would."""
        find = (
            "return [...document.querySelector(arguments[1]).querySelectorAll('button')]"
            ".find(button => button.textContent === arguments[0])"
        )
        self.wait(f"a button {text!r}", lambda: self.find(within) and self.driver.execute_script(find, text, within))
        button = self.driver.execute_script(find, text, within)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()

    def wait(self, what: str, met: Callable[[], object], wait_s: float = WAIT_S) -> None:
        """Until it is so."""
        until = time.monotonic() + wait_s
        while not met():
            if time.monotonic() > until:
                raise AssertionError(f"not in {wait_s:g} s: {what}; the page says {self.text('.state')!r}")
            time.sleep(STEP_S)

    def wait_for(self, title: str, sentence: str = "") -> None:
        """Until the page's first words are these."""
        self.wait(
            f"{title!r} {sentence!r}", lambda: self.text(".title") == title and sentence in self.text(".sentence")
        )

    def faults(self) -> list[str]:
        """What the console complained of since the last look."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def requests(self) -> list[str]:
        """The addresses of everything that was asked for since the last look, websockets included."""
        found = []
        for entry in self.driver.get_log("performance"):
            message: dict[str, Any] = json.loads(entry["message"])["message"]
            params = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(params["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                found.append(params["url"])
        return found


def foreign(requests: Sequence[str], host: str) -> list[str]:
    """Those that went elsewhere."""
    return [url for url in requests if urlsplit(url).scheme != "data" and urlsplit(url).netloc != host]
