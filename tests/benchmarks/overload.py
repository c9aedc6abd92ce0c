"""What an overloaded machine costs: samples lost, and how far what waits can grow.

python tests/benchmarks/overload.py [--seconds 60] [--sync-s 1.5] [--json OUT]

Each case runs a command as a process of its own on a simulated board that waits for nobody: what does not fit into the
port's buffer is gone, as on a UART. The cases are a quiet machine, two processes that take all the processor they get,
a disk on which every sync takes `--sync-s` (a shim before fsync and fdatasync, compiled with cc), and a browser's tab
that is let in and then reads nothing: one that is silent, and one that goes on saying it is alive.
"""

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).parents[2]))

from firmware_bridge.packets import Board
from tests.benchmarks.stuck_tab import StuckTab

ROOT = Path(__file__).resolve().parents[2]
LOOK_S = 0.05
RATE_HZ = 125.0
BEHIND_S = 1.0
"""A reader may be so far behind its board: what is on the way, and in the sensor's FIFO."""
HUNG_UP_S = 120.0
"""More than a tab's connection can last that answers no ping."""
SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static int slow(const char *name, int fd) {
    const char *us = getenv("SLOW_SYNC_US");
    if (us) usleep((useconds_t)atol(us));
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return slow("fsync", fd); }
int fdatasync(int fd) { return slow("fdatasync", fd); }
"""


class ImpatientPort:
    """A board on a pseudo-terminal, for its first reader: it never waits for it, and counts what that costs.

    `lived_s` is how far the board is; the port stays until close(), the board until its end or the reader's leaving.
    """

    def __init__(self, board: Board, speed: float = 1.0) -> None:
        self._board, self._speed = board, speed
        self._stop = threading.Event()
        self._fd, slave = os.openpty()
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._fd, False)
        self.lived_s = 0.0
        self.sent_bytes = self.discarded_bytes = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._has_reader():
            if self._stop.wait(LOOK_S):
                return
        tty.setraw(self._fd)
        termios.tcflush(self._fd, termios.TCIOFLUSH)
        self._stop.wait(0.25)
        booted = time.monotonic()
        for packet in self._board.boot():
            self._stop.wait(max(0.0, booted + packet.due_s / self._speed - time.monotonic()))
            if self._stop.is_set() or not self._has_reader():
                return
            self._hear()
            self.sent_bytes += len(packet.data)
            self.discarded_bytes += len(packet.data) - self._write(packet.data)
            self.lived_s = packet.due_s

    def _has_reader(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, 0)
        return not any(events & select.POLLHUP for _, events in poll.poll(0))

    def _hear(self) -> None:
        try:
            self._board.receive(os.read(self._fd, 4096))
        except OSError:
            return  # nothing, or nobody there

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0

    def wait(self) -> None:
        """Let it live on for a moment."""
        self._stop.wait(LOOK_S)

    def close(self) -> None:
        """Unplug it."""
        self._stop.set()
        self._thread.join()
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def hogs(count: int = 2) -> Iterator[None]:
    """So many processes that take all they get."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def shim(folder: Path) -> Path | None:
    """The shared object before fsync; None where there is no compiler."""
    source, made = folder / "slow.c", folder / "slow.so"
    source.write_text(SHIM)
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(made), str(source), "-ldl"], check=True)
    except FileNotFoundError:
        return None
    return made


def enrolled(folder: Path) -> Path:
    """A gallery with ada in it."""
    from device.bundle import load_bundle
    from device.embedders import load_embedder
    from device.gallery import Gallery
    from device.simulation import enrol_simulated

    bundle, path = load_bundle(None), folder / "gallery.sqlite"
    with Gallery(path) as gallery:
        enrol_simulated("ada", gallery, bundle, load_embedder(bundle))
    return path


def port_of(seconds: float | None = None) -> ImpatientPort:
    """A board at real time that ada wears, for so long."""
    from firmware_bridge import LightBoard
    from firmware_bridge.wearers import WearerSource, load_wearer

    return ImpatientPort(LightBoard(WearerSource(load_wearer("ada"), seed=2, seconds=seconds)))


def commanded(words: list[str], seconds: float, environment: dict[str, str]) -> dict[str, Any]:
    """What one command on an impatient board came to; `words` get the port, and give JSON lines."""
    with port_of() as port:
        process = subprocess.run(
            [sys.executable, "-m", "device.cli", *words, "--port", port.path, "--json", "--seconds", str(seconds)],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        events = [json.loads(line) for line in process.stdout.splitlines()]
        totals = [event for event in events if event["event"] in ("link_counted", "link_status")][-1]
        opened = [event["time_s"] for event in events if event["event"] == "lock_changed" and not event["locked"]]
        return {
            "samples": totals["samples"],
            "lost": totals["lost"],
            "corrupt": totals["corrupt"],
            "port_discarded_bytes": port.discarded_bytes,
            # What a port still held when it was closed is lost too, and no index tells of it.
            "behind_s": round(port.lived_s - totals["samples"] / RATE_HZ, 2),
            "opened_after_s": round(opened[0], 1) if opened else None,
        }


def resident_bytes(pid: int) -> int:
    """Of a process, now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def stuck(gallery: Path, *, alive: bool) -> dict[str, Any]:
    """What a tab that reads nothing costs the page's process, and how long it is kept."""
    from tests.device.ui.browsing import Served

    with port_of() as port, Served("--port", port.path, "--gallery", gallery, "--challenge", "off") as served:
        tab = StuckTab(served.url, alive=alive)
        before, began = resident_bytes(served.process.pid), time.monotonic()
        kept_s, peak = None, before
        while kept_s is None and time.monotonic() - began < HUNG_UP_S:
            if tab.hung_up_after_s(0.2) is not None:
                kept_s = round(time.monotonic() - began, 1)
            peak = max(peak, resident_bytes(served.process.pid))
        tab.close()
        return {
            "let_go_after_s": kept_s,
            "rss_grown_mb": round((peak - before) / 1e6, 2),
            "port_discarded_bytes": port.discarded_bytes,
            "exit_status": served.stop(),
        }


def main() -> int:
    """Measure, print, and say 1 if a sample was lost, or a tab kept for ever."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each case (default: %(default)s)")
    parser.add_argument("--sync-s", type=float, default=1.5, help="a sync of the slow disk (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = cases(folder, enrolled(folder), args.seconds, args.sync_s)
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    lost = any(
        case.get("lost") or case["port_discarded_bytes"] or case.get("behind_s", 0.0) > BEHIND_S
        for case in report.values()
    )
    kept = any("let_go_after_s" in case and case["let_go_after_s"] is None for case in report.values())
    return int(lost or kept)


def cases(folder: Path, gallery: Path, seconds: float, sync_s: float) -> dict[str, dict[str, Any]]:
    """Every case by its name; that of the slow disk is missing where nothing compiles its shim."""
    unlock = ["unlock", "--gallery", str(gallery)]
    report = {"quiet": commanded(unlock, seconds, {})}
    with hogs():
        report["two hogs"] = commanded(unlock, seconds, {})
    preloaded = shim(folder)
    if preloaded is not None:
        slow = {"LD_PRELOAD": str(preloaded), "SLOW_SYNC_US": str(round(sync_s * 1e6))}
        report["slow disk: unlock"] = commanded(unlock, seconds, slow)
        report["slow disk: record"] = commanded(["record", str(folder / "a.npz")], seconds, slow)
    report["stuck tab, silent"] = stuck(gallery, alive=False)
    report["stuck tab, says it is alive"] = stuck(gallery, alive=True)
    return report


if __name__ == "__main__":
    sys.exit(main())
