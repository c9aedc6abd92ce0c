"""What the views of a lock cost: the page in a browser and the terminal's, over the same lock without a view.

python -m tests.benchmarks.ui_cost [--seconds 60] [--rounds 3] [--json OUT] [--pictures FOLDER]

Each round runs `pulsekey unlock --plain`, `pulsekey unlock` on a terminal of 100 by 30 characters, and `pulsekey ui`
with an open page, one after the other, on one simulated board at real time that ada wears; each is a process of its
own, and the operating system's account of it between two looks is what it costs. The browser is another process. Told
are medians over the rounds, and for the page how long after its address was asked for it had painted, from an empty
cache, and how many frames of the waveform were drawn in a second.
"""

import argparse
import base64
import json
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from device.bundle import load_bundle
from device.embedders import load_embedder
from device.gallery import Gallery
from device.simulation import Simulation, enrol_simulated
from tests.device.ui.browsing import Browser, Served

START_S = 8.0
"""Until loading and the first page are over."""
TICKS = os.sysconf("SC_CLK_TCK")
_PAINTED = (
    "const [paint] = performance.getEntriesByName('first-contentful-paint');"
    "return paint ? paint.startTime / 1000 : null"
)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each run (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of which medians are taken (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--pictures", type=Path, help="only draw the page there, light, dark and as on a phone")
    args = parser.parse_args()
    if args.pictures:
        pictures(args.pictures)
        return 0
    rounds = [one_round(args.seconds) for _ in range(args.rounds)]
    report = {key: round(statistics.median(one[key] for one in rounds), 4) for key in rounds[0]}
    report["page_over_plain"] = round(statistics.median(one["page"] - one["plain"] for one in rounds), 4)
    report["terminal_over_plain"] = round(statistics.median(one["terminal"] - one["plain"] for one in rounds), 4)
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


def one_round(seconds: float) -> dict[str, float]:
    """Shares of one core of the three views, and the page's own figures."""
    with tempfile.TemporaryDirectory() as folder:
        gallery = Path(folder) / "gallery.sqlite"
        enrolled(gallery)
        with Simulation(Path(folder)) as simulation:
            simulation.wear("ada")
            where = ("--port", simulation.path, "--gallery", str(gallery))
            plain = share_of(lambda: started_plain(where), seconds)
            terminal = share_of(lambda: started_on_terminal(where), seconds)
            page = page_figures(where, seconds, Path(folder) / "profile")
    return {"plain": plain, "terminal": terminal} | page


def enrolled(gallery: Path) -> None:
    """A gallery of ada."""
    bundle = load_bundle(None)
    with Gallery(gallery) as opened:
        enrol_simulated("ada", opened, bundle, load_embedder(bundle))


def started_plain(where: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """The lock without a view."""
    words = [sys.executable, "-m", "device.cli", "unlock", "--plain", *where]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def started_on_terminal(where: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """The same with the terminal's view, whose terminal is read and forgotten."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (30, 100))
    words = [sys.executable, "-m", "device.cli", "unlock", *where]
    process = subprocess.Popen(words, stdin=slave, stdout=slave)
    os.close(slave)
    threading.Thread(target=forget, args=(master,), daemon=True).start()
    return process


def forget(master: int) -> None:
    """Read until the other end is closed."""
    try:
        while os.read(master, 65536):
            pass
    except OSError:
        os.close(master)


def share_of(start: Callable[[], subprocess.Popen[bytes]], seconds: float) -> float:
    """The share of one core that a process takes once it is running."""
    process = start()
    try:
        return share_between(process.pid, seconds)
    finally:
        process.terminate()
        process.wait(30)


def share_between(pid: int, seconds: float) -> float:
    """CPU seconds over seconds, after the start."""
    time.sleep(START_S)
    used, at = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(pid) - used) / (time.monotonic() - at)


def cpu_s(pid: int) -> float:
    """User and system time of a process so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def page_figures(where: tuple[str, ...], seconds: float, profile: Path) -> dict[str, float]:
    """The page's share of a core while it is looked at, its first paint, and its frames a second."""
    with Served(*where) as served:
        browser = Browser(profile)
        try:
            browser.prefer(motion=True)
            asked = time.monotonic()
            browser.driver.get(served.url)
            browser.wait("a lock", lambda: browser.text(".title"))
            shown_s = time.monotonic() - asked
            share = share_between(served.process.pid, seconds)
            frames = [frames_now(browser) for _ in range(5)]
            paint: Any = browser.driver.execute_script(_PAINTED)
        finally:
            browser.close()
    return {
        "page": share,
        "first_paint_s": float(paint),
        "lock_shown_s": shown_s,
        "waveform_frames_a_second": statistics.median(frames),
    }


def frames_now(browser: Browser) -> int:
    """Frames drawn in the last whole second, as the page counts them."""
    time.sleep(1.0)
    return int(browser.find(".signal canvas").get_attribute("data-frames") or 0)


def pictures(folder: Path) -> None:
    """The demonstration's page in the states that are worth a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile, Served("--demo") as served:
        browser = Browser(Path(profile), size=(1180, 1000))
        try:
            browser.prefer(motion=True)
            browser.driver.get(served.url)
            browser.press("ada")
            browser.wait_for("Unlocked")
            time.sleep(9.0)  # eight seconds of pulse fill the picture
            picture(browser, folder / "page-light.png")
            browser.press("grace")
            browser.wait_for("Unknown person")
            browser.prefer("dark", motion=True)
            picture(browser, folder / "page-dark.png")
            browser.fill("#field-name", "grace")
            browser.press("Enrol", ".people")
            browser.wait("half of it", lambda: float(browser.find("progress").get_attribute("value") or 0) > 50)
            browser.prefer("light", motion=True)
            picture(browser, folder / "page-phone.png", width=390)
        finally:
            browser.close()


def picture(browser: Browser, path: Path, width: int = 1180) -> None:
    """The page's first screen."""
    phone = {"width": width, "height": 844 if width < 500 else 740, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    browser.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    browser.driver.execute_script("scrollTo(0, 0); document.activeElement.blur()")
    time.sleep(1.5)
    shot = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    path.write_bytes(base64.b64decode(shot["data"]))
    print(path, path.stat().st_size)
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


if __name__ == "__main__":
    sys.exit(main())
