"""A board's key on this host: made, kept for its owner alone, written into the sketch, and used."""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from device.cli import main
from device.commands.firmware import SKETCH, write_sketch
from firmware_bridge.board import LightBoard
from firmware_bridge.board_key import key_text, new_key, read_key
from firmware_bridge.errors import BoardKeyError, BoardKeyReason
from firmware_bridge.messages import SampleBlock
from firmware_bridge.pty_board import PtyBoard
from firmware_bridge.reader import BoardReader
from tests.firmware_bridge.light_boards import Counting

ROOT = Path(__file__).resolve().parents[2]
KEY = bytes(range(240, 256))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "a.key"
    path.write_bytes(key_text(KEY))
    path.chmod(0o600)
    return path


def test_a_key_is_32_digits_in_a_file(key_file: Path) -> None:
    assert key_file.read_text() == "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff\n"
    assert read_key(key_file) == KEY
    key_file.write_text(" F0F1F2F3F4F5F6F7 F8F9FAFBFCFDFEFF\r\n")
    assert read_key(key_file) == KEY
    assert len({new_key() for _ in range(20)}) == 20
    assert {len(new_key()) for _ in range(20)} == {16}


@pytest.mark.parametrize("content", [b"", b"00" * 15, b"00" * 17, b"xy" * 16, bytes(16), b"\xff" * 32, b"00" * 4000])
def test_what_is_no_key_is_one_line(key_file: Path, content: bytes) -> None:
    key_file.write_bytes(content)
    with pytest.raises(BoardKeyError, match="32 hexadecimal digits") as caught:
        read_key(key_file)
    assert caught.value.reason is BoardKeyReason.MALFORMED


def test_a_key_that_is_not_there_or_not_ours_alone_is_not_used(key_file: Path, tmp_path: Path) -> None:
    for mode in (0o640, 0o604, 0o660):
        key_file.chmod(mode)
        with pytest.raises(BoardKeyError, match="chmod 600") as caught:
            read_key(key_file)
        assert caught.value.reason is BoardKeyReason.EXPOSED
    with pytest.raises(BoardKeyError, match="pulsekey firmware --write DIR --key") as caught:
        read_key(tmp_path / "none")
    assert caught.value.reason is BoardKeyReason.NOT_FOUND
    with pytest.raises(BoardKeyError) as caught:
        read_key(tmp_path)
    assert caught.value.reason is BoardKeyReason.UNREADABLE


def test_the_sketch_gets_this_hosts_key_and_the_next_one_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert main(["firmware", "--write", str(tmp_path / "one"), "--key"]) == 0
    kept = tmp_path / "data" / "pulsekey" / "board.key"
    assert f"--board-key {kept}" in capsys.readouterr().out
    assert kept.stat().st_mode & 0o777 == 0o600
    key = read_key(kept)
    header = tmp_path / "one" / "ppg_bridge" / "key.h"
    assert header.stat().st_mode & 0o777 == 0o600
    assert f"BOARD_KEY[] = {{{', '.join(f'0x{byte:02X}' for byte in key)}}};" in header.read_text()
    assert main(["firmware", "--write", str(tmp_path / "two"), "--key"]) == 0
    assert (tmp_path / "two" / "ppg_bridge" / "key.h").read_text() == header.read_text()
    assert (SKETCH / "key.h").read_text() != header.read_text()


def test_a_key_file_can_be_named(tmp_path: Path, key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["firmware", "--write", str(tmp_path), "--key", "--key-file", str(key_file)]
    assert main(words) == 0
    assert "0xF0, 0xF1," in (tmp_path / "ppg_bridge" / "key.h").read_text()
    key_file.chmod(0o644)
    words[2] = str(tmp_path / "other")
    assert main(words) == 2
    assert not (tmp_path / "other").exists()
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("words", [["--key"], ["--key-file", "x"], ["--write", "x", "--key-file", "x"]])
def test_options_that_need_each_other_are_asked_for(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["firmware", *words]) == 2
    assert "--key goes with --write DIR" in capsys.readouterr().err


def test_the_sketch_that_ships_has_no_key(tmp_path: Path) -> None:
    assert "BOARD_KEY = nullptr" in (SKETCH / "key.h").read_text()
    assert (write_sketch(tmp_path) / "key.h").read_bytes() == (SKETCH / "key.h").read_bytes()


def watch(port: str, key_file: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(["ports", "--watch", "--json", "--port", port, "--board-key", str(key_file)])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_command_reads_only_what_is_sealed(key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with PtyBoard(LightBoard(Counting(500), key=KEY), speed=10) as board:
        status, out, err = watch(board.path, key_file, capsys)
    assert (status, err) == (0, "")
    last = [json.loads(line) for line in out.splitlines()][-1]
    assert (last["samples"] > 400, last["forged"], last["corrupt"]) == (True, 0, 0)
    with PtyBoard(LightBoard(Counting(500)), speed=50) as board:
        status, _, err = watch(board.path, key_file, capsys)
    assert status == 2
    assert err.count("\n") == 1
    assert "not sealed with this key" in err


def test_only_samples_are_sealed(key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ports", "--identify", "--port", "x", "--board-key", str(key_file)]) == 2
    assert "--board-key goes with --watch" in capsys.readouterr().err


def test_a_simulated_board_is_served_with_a_key(key_file: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "firmware_bridge.pty_board",
        "sim://ada",
        "--speed",
        "5",
        "--key-file",
        str(key_file),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        with process.stdout, BoardReader(process.stdout.readline().strip(), key=KEY) as reader:
            blocks = list(islice((message for message in reader if isinstance(message, SampleBlock)), 20))
    finally:
        process.terminate()
        assert process.wait(10) == 0
    assert [block.index for block in blocks] == list(range(blocks[0].index, blocks[0].index + 100, 5))
    key_file.chmod(0o644)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
