"""`pulsekey record`: on simulated boards and pseudo-terminals, stopped, killed, gone on with, and short of room."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.cli import main
from device.frontend import BoardFrontEnd, FrontEndSpec, Window
from device.recording.finishing import finish, journal_of
from device.recording.journal import Journal, JournalReader, Session
from device.recording.recorder import Recorder
from device.recording.spans import read_spans
from firmware_bridge import BoardReader, LightBoard, LinkStatistics, PtyBoard, SampleBlock, wearer_names
from firmware_bridge.clocked_source import ClockedSource
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.packets import Board
from firmware_bridge.recordings import open_recording, read_cohort
from firmware_bridge.wearers import WearerSource, load_wearer
from firmware_bridge.wire_faults import WireDamage, WireFaults
from tests.benchmarks import kill_record
from tests.firmware_bridge.light_boards import Counting, measured

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "device.cli", "record"]
SIM = f"sim://{wearer_names()[0]}?speed=0&seconds=6"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Empty, unlike the one that holds the tests' home."""
    made = tmp_path / "recordings"
    made.mkdir()
    return made


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*words: str | Path) -> tuple[int, str, str]:
        status = main(["record", *map(str, words)])
        return status, *capsys.readouterr()

    return run


Told = Callable[..., tuple[int, str, str]]


def counts_in(file: Path) -> list[list[tuple[int, ...]]]:
    records = [one.counts for one in read_cohort(file)]
    assert all(one is not None for one in records)
    return [list(map(tuple, one.tolist())) for one in records if one is not None]


def test_a_simulated_board_to_its_end(folder: Path, told: Told) -> None:
    file = folder / "a.npz"
    status, out, err = told(file, "--port", SIM, "--subject", "Zoë", "--session", "day 1")
    source = WearerSource(load_wearer(wearer_names()[0]), 0, 6)
    assert counts_in(file) == [list(map(tuple, source.read(750).tolist()))]
    recording = open_recording(file)
    assert (status, recording.subject, recording.session, recording.record) == (0, "Zoë", "day 1", "a-0")
    assert recording.rate_hz == pytest.approx(125.0, rel=1e-6)
    assert out == f"recorded 6.0 s at 125.00 Hz: 750 samples, 0 missing; {file}\n"
    privacy, *progress = err.splitlines()
    assert "biometric data" in privacy
    assert any("750 samples, nothing lost; IR 13" in line for line in progress)
    assert [path.name for path in folder.iterdir()] == ["a.npz"]


def test_events_for_programs(folder: Path, told: Told) -> None:
    _, out, _ = told(folder / "a.csv", "--port", SIM, "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert {one["event"] for one in events} >= {"link_status", "source_ended", "recorded"}
    assert (events[-1]["samples"], events[-1]["missing"], events[-1]["records"]) == (750, 0, 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_makes_the_file(folder: Path, number: signal.Signals) -> None:
    file = folder / "a.npz"
    with PtyBoard(LightBoard(Counting()), speed=20.0) as board, recorder(file, board.path) as child:
        wait_for(lambda: len(child.stderr_lines()) >= 3)
        child.process.send_signal(number)
        assert child.process.wait(30) == 0, child.stderr_lines()
    (counts,) = counts_in(file)
    first = [measured(k) for k in range(len(counts))]
    assert counts == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


class Child:
    """A recorder in a process of its own, its stderr in a file."""

    def __init__(self, process: "subprocess.Popen[bytes]", stderr: Path) -> None:
        self.process, self._stderr = process, stderr

    def stderr_lines(self) -> list[str]:
        return self._stderr.read_text("utf-8").splitlines()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)


def recorder(file: Path, port: str, *words: str, program: Sequence[str] = COMMAND) -> Child:
    stderr = file.parent.parent / f"stderr-{len(list(file.parent.parent.glob('stderr-*')))}"
    with stderr.open("wb") as err:
        command = [*program, str(file), "--port", port, *words]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=err)
    return Child(process, stderr)


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.02)


def journal_samples(partial: Path) -> int:
    return sum(span.samples for span in read_spans(JournalReader(partial))) if size(partial) > 200 else 0


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def test_killed_then_gone_on_with_then_recovered(folder: Path, told: Told) -> None:
    file = folder / "a.npz"
    partial = journal_of(file)
    synced = []
    with PtyBoard(LightBoard(Counting()), speed=20.0) as board:
        for words in (["--subject", "Zoë"], ["--resume"]):
            before = size(partial)
            with recorder(file, board.path, *words) as child:
                wait_for(lambda before=before: size(partial) > before + 20_000)
                synced.append(journal_samples(partial))
                child.process.kill()
    status, out, err = told(file, "--port", SIM)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "--resume" in err
    assert "--recover" in err
    status, out, err = told(file, "--recover")
    assert (status, err, partial.exists()) == (0, "", False)
    assert "in 2 records" in out
    first, second = counts_in(file)
    assert len(first) + len(second) >= synced[1] > synced[0] > 0
    for counts in (first, second):
        # A board that boots again goes on with its pulse.
        start = next(k for k in range(100_000) if measured(k) == counts[0])
        assert counts == [measured(start + i) for i in range(len(counts))]
    assert [one.subject for one in read_cohort(file)] == ["Zoë", "Zoë"]


def test_kills_at_random_moments(folder: Path) -> None:
    tally = kill_record.run(6, folder, kill_record.random.Random(os.getpid()))
    assert sum(times for about, times in tally.items() if about.startswith("killed")) == 6
    assert tally["samples synced"] > 0


SHORT_OF_ROOM = [
    sys.executable,
    "-c",
    "import resource, sys; from device.cli import main; most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]; "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, most)); status = main(['record', *sys.argv[1:]]); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)); sys.exit(status)",
]
"""The bound ends with the command: whoever measures which lines it took writes a file after it."""


def test_a_disk_without_room_keeps_what_there_is(folder: Path, told: Told) -> None:
    file = folder / "a.npz"

    with (
        PtyBoard(LightBoard(Counting()), speed=20.0) as board,
        recorder(file, board.path, program=SHORT_OF_ROOM) as child,
    ):
        assert child.process.wait(30) == 2
        *_, error = child.stderr_lines()
    told_lost = re.fullmatch(
        f"pulsekey: error: cannot write {journal_of(file)}: File too large; (\\d+) samples are lost; {SAFE}", error
    )
    assert told_lost is not None, error
    assert 0 < int(told_lost[1]) < 8192 + 5
    assert 38_000 < size(journal_of(file)) <= 40_000
    status, _, err = told(file, "--recover")
    assert (status, err) == (0, "")
    (counts,) = counts_in(file)
    assert counts == [measured(k) for k in range(len(counts))]
    assert len(counts) > 1_000


SAFE = "make room, then --resume or --recover: what was recorded before is safe there"


def test_a_disk_that_was_always_full_promises_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    def full(fd: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    file = folder / "a.npz"
    monkeypatch.setattr("device.recording.journal.os.write", full)
    status, out, err = told(file, "--port", SIM)
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].endswith("No space left on device; make room")
    assert not list(folder.iterdir())


@pytest.mark.parametrize("late", ["a.dat", "a.hea"])
def test_a_file_that_somebody_put_there_meanwhile_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, told: Told, late: str
) -> None:
    from device.recording import finishing

    write = finishing.write_wfdb

    def slowly(*words: Any) -> None:
        write(*words)
        (folder / late).write_text("mine")

    monkeypatch.setattr(finishing, "write_wfdb", slowly)
    status, _, err = told(folder / "a.hea", "--port", SIM)
    assert status == 2
    assert "safe in" in err.splitlines()[-1]
    assert {path.name for path in folder.iterdir()} == {late, "a.hea.partial"}
    assert (folder / late).read_text() == "mine"


def test_no_room_for_the_file_keeps_the_journal(folder: Path, monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    file = folder / "a.csv"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("device.recording.finishing.write_csv", full)
        status, out, err = told(file, "--port", SIM)
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].endswith(f"is safe in {journal_of(file)}: --recover makes {file} of it")
    assert [path.name for path in folder.iterdir()] == ["a.csv.partial"]
    assert told(file, "--recover")[0] == 0


def test_a_board_that_is_not_there_leaves_nothing(folder: Path, told: Told) -> None:
    status, out, err = told(folder / "a.npz", "--port", "/dev/surely-not-there")
    assert (status, out) == (2, "")
    assert "no such port" in err.splitlines()[-1]
    assert list(folder.iterdir()) == []


def test_ways_that_are_refused_before_the_port_is_touched(folder: Path, told: Told) -> None:
    (folder / "there.npz").write_bytes(b"mine")
    for words, match in (
        (("a.xyz",), "should end in"),
        (("there.npz",), "never overwritten"),
        (("a.npz", "--resume"), "record without --resume"),
        (("a.npz", "--recover"), "record without --resume"),
        (("a.npz", "--resume", "--recover"), "not allowed with"),
        (("a.npz", "--seconds", "0"), "number above 0"),
        (("none/a.npz",), "no such folder"),
        (("a.npz", "--subject", "a\nb"), "control or unprintable"),
    ):
        status, out, err = told(folder / words[0], *words[1:], "--port", "/dev/surely-not-there")
        assert (status, out, len(err.splitlines())) == (2, "", 1), err
        assert match in err
    assert (folder / "there.npz").read_bytes() == b"mine"
    assert len(list(folder.iterdir())) == 1


def test_a_running_recorder_keeps_its_journal(folder: Path, told: Told) -> None:
    file = folder / "a.npz"
    with Journal(journal_of(file), new=True) as journal:
        journal.begin(Session("a", "b"))
        for word in ("--resume", "--recover"):
            status, _, err = told(file, word, "--port", SIM)
            assert status == 2
            assert "another recorder writes it now" in err.splitlines()[-1]
    assert not file.exists()


def test_a_text_sketch_without_red(folder: Path) -> None:
    file, (fd, slave) = folder / "a.csv", os.openpty()
    tty.setraw(slave)
    try:
        with recorder(file, os.ttyname(slave), "--seconds", "5") as child:
            k = 0
            while child.process.poll() is None:
                os.write(fd, f"IR={100_000 + k % 997}, BPM=60.0, Avg BPM=60\r\n".encode())
                k += 1
                time.sleep(0.02)
            assert child.process.returncode == 0, child.stderr_lines()
    finally:
        os.close(fd)
        os.close(slave)
    header, *rows = [line.split(",") for line in file.read_text().splitlines()]
    assert header == ["time_s", "ir", "red", "index", "epoch"]
    assert {row[2] for row in rows} == {""}
    ir = [int(row[1]) for row in rows]
    assert len(ir) > 50
    assert ir == [100_000 + (ir[0] - 100_000 + i) % 997 for i in range(len(ir))]


def live_board(jitter_s: float) -> Board:
    """A clock that is 2 % off, read up to `jitter_s` late, and frames lost on the wire."""
    source = WearerSource(load_wearer(wearer_names()[0]), 3, 18)
    light = LightBoard(ClockedSource(source, 0.02), nominal_rate_hz=125.0, jitter_s=jitter_s)
    return WireFaults(light, WireDamage(loss=0.0005), seed=4)


def windows_of_blocks(spec: FrontEndSpec, blocks: list[SampleBlock]) -> list[Window]:
    front_end = BoardFrontEnd(spec)
    return [window for block in blocks for window in front_end.feed(block)]


@pytest.mark.parametrize(("jitter_s", "most_difference"), [(0.0, 0.001), (0.004, 0.05)])
def test_a_replay_gives_the_windows_that_live_gave(
    folder: Path, spec: FrontEndSpec, jitter_s: float, most_difference: float
) -> None:
    file = folder / "a.npz"
    with Journal(journal_of(file), new=True) as journal:
        journal.begin(Session("a", "b"))
        messages = list(Recorder(journal).taking(DirectReader(live_board(jitter_s))))
    live = [message for message in messages if isinstance(message, SampleBlock)]
    contents, _ = finish(file)
    with BoardReader(f"replay://{file}?speed=0") as reader:
        again = list(reader)
    replayed = [message for message in again if isinstance(message, SampleBlock)]
    # A recording begins with the first sample that came.
    assert samples_by_index(replayed) == samples_by_index(live, first=live[0].index)
    lost = [message.lost for message in again if isinstance(message, LinkStatistics)][-1]
    assert lost == contents.missing >= 10
    ours, theirs = windows_of_blocks(spec, live), windows_of_blocks(spec, replayed)
    assert [(window.epoch, window.start) for window in theirs] == [(window.epoch, window.start) for window in ours]
    assert len(ours) >= 4
    for one, other in zip(ours, theirs, strict=True):
        assert one.quality.reason == other.quality.reason
        assert abs(one.interpolated - other.interpolated) <= 1
        # Only the rate differs: live it is what late readings said so far, here what they say together.
        assert float(np.abs(one.pulse - other.pulse).max()) < most_difference


def samples_by_index(blocks: list[SampleBlock], first: int = 0) -> dict[int, tuple[int, int]]:
    return {
        block.index - first + i: pair
        for block in blocks
        for i, pair in enumerate(zip(block.ir_counts.tolist(), block.red_counts.tolist(), strict=True))
    }
