"""A machine that has too much to do, a disk that is slow, a browser that stops reading: nothing is lost unseen."""

import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from device.cli import main
from device.recording import journal
from device.session.inbox import MAX_WAITING
from firmware_bridge import LightBoard
from firmware_bridge.wearers import RATE_HZ, WearerSource, load_wearer
from tests.benchmarks.overload import ImpatientPort, enrolled, hogs, port_of
from tests.benchmarks.stuck_tab import StuckTab

PORT_S = 17.0
"""A pseudo-terminal holds so much of a board's frames: 19.7 kB."""
INBOX_S = MAX_WAITING * 5 / RATE_HZ


def impatient(seconds: float, speed: float) -> ImpatientPort:
    return ImpatientPort(LightBoard(WearerSource(load_wearer("ada"), seconds=seconds)), speed)


class SlowDisk:
    """Its first sync once the board has begun is over only when the board is `until_s` further."""

    def __init__(self, port: ImpatientPort, until_s: float) -> None:
        self._port, self._until_s = port, until_s
        self._sync: Callable[[int], None] = os.fsync
        self.synced = 0

    def fsync(self, handle: int) -> None:
        if self._port.lived_s > 0.0:
            self.synced += 1
            while self.synced == 1 and self._port.lived_s < self._until_s:
                self._port.wait()
        self._sync(handle)


@pytest.fixture
def recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[ImpatientPort], dict[str, Any]]:
    """`pulsekey record` on a port until its board ends; the last status and what is in the file, by `event`."""

    def record(port: ImpatientPort) -> dict[str, Any]:
        assert main(["record", str(tmp_path / "a.npz"), "--port", port.path, "--json"]) == 0
        events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return {event["event"]: event for event in events}

    return record


@pytest.mark.parametrize("busy", [False, True])
def test_two_hogs_cost_no_sample(recorded: Callable[[ImpatientPort], dict[str, Any]], busy: bool) -> None:
    with hogs() if busy else nullcontext(), impatient(20.0, 10.0) as port:
        told = recorded(port)
    assert port.discarded_bytes == 0
    assert (told["recorded"]["samples"], told["recorded"]["missing"]) == (20 * RATE_HZ, 0)


def test_a_slow_disk_costs_no_sample_as_long_as_the_inbox_has_room(
    recorded: Callable[[ImpatientPort], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with impatient(60.0, 25.0) as port:
        disk = SlowDisk(port, 2.0 * PORT_S)
        monkeypatch.setattr(journal.os, "fsync", disk.fsync)
        told = recorded(port)
    assert disk.synced > 1
    assert port.discarded_bytes == 0
    assert (told["recorded"]["samples"], told["recorded"]["missing"]) == (60 * RATE_HZ, 0)


def test_what_a_disk_costs_that_is_slower_still_is_counted(
    recorded: Callable[[ImpatientPort], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    length_s = round(INBOX_S + PORT_S + 60.0)
    with impatient(length_s, 50.0) as port:
        monkeypatch.setattr(journal.os, "fsync", SlowDisk(port, length_s - 20.0).fsync)
        told = recorded(port)
    kept, link = told["recorded"], told["link_status"]
    assert port.discarded_bytes > 0
    assert kept["samples"] >= (INBOX_S + 15.0) * RATE_HZ
    assert kept["missing"] > 0
    assert link["lost"] == kept["missing"]
    assert kept["samples"] + kept["missing"] == length_s * RATE_HZ


@pytest.mark.timeout(180)
def test_a_tab_that_reads_nothing_is_let_go_and_costs_no_sample(tmp_path: Path) -> None:
    pytest.importorskip("nicegui", reason="nicegui is not installed: the page is not tested")
    pytest.importorskip("selenium", reason="selenium is not installed, whose module starts the page")
    from tests.device.ui.browsing import Served

    gallery = enrolled(tmp_path)
    with port_of() as port, Served("--port", port.path, "--gallery", gallery, "--challenge", "off") as served:
        tab = StuckTab(served.url)
        assert tab.hung_up_after_s(90.0) is not None
        tab.close()
        assert port.discarded_bytes == 0
        assert served.stop() == 0
    assert served.stderr == ""
