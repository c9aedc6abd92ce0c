"""`pulsekey log`, `pin`, `rekey` and `list` on a real store, as a person or a program meets them."""

import base64
import io
import json
import stat
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.cli import main
from device.gallery import Gallery
from device.store.guard import Guard, Outcome


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What comes on stdin."""

    def typed(*lines: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return typed


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main([str(word) for word in words])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_the_log_is_shown_and_checked(enrolled: Path, capsys: pytest.CaptureFixture[str], attack: Any) -> None:
    with Gallery(enrolled) as gallery:
        gallery.forget("Ben")
    status, out, _ = run(capsys, "log", "--gallery", enrolled)
    lines = out.splitlines()
    assert status == 0
    assert [line.split("  ")[0] for line in lines] == ["1", "2", "3", "4", "5"]
    assert lines[0].endswith("store: made")
    assert lines[4].endswith("forget: done  Ben")
    status, out, _ = run(capsys, "log", "--json", "--gallery", enrolled)
    entry = json.loads(out.splitlines()[1])
    assert (entry["number"], entry["event"], entry["outcome"], entry["person"]) == (2, "enrol", "done", "Ann")
    assert run(capsys, "log", "--verify", "--gallery", enrolled)[:2] == (0, "the log is whole: 5 entries, 1 to 5\n")
    status, out, _ = run(capsys, "log", "--verify", "--json", "--gallery", enrolled)
    assert json.loads(out) == {"whole": True, "entries": 5, "first": 1, "last": 5}
    attack(enrolled, "DELETE FROM log WHERE number = 5")
    for option in ((), ("--verify",)):
        status, out, error = run(capsys, "log", *option, "--gallery", enrolled)
        assert (status, out) == (2, "")
        assert "log entry 5 was removed" in error
        assert len(error.splitlines()) == 1


def test_the_log_of_no_store_is_empty(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "log", "--verify", "--gallery", path)[0] == 0
    assert list(path.parent.glob("gallery*")) == []


def test_a_pin_is_set_and_replaced(enrolled: Path, capsys: pytest.CaptureFixture[str], typed: Any) -> None:
    typed("135790", "135791")
    status, _, error = run(capsys, "pin", "--gallery", enrolled)
    assert (status, "differ" in error) == (2, True)
    typed("135790", "135790")
    assert run(capsys, "pin", "--gallery", enrolled)[:2] == (0, "the PIN is set\n")
    typed("000000", "246810", "246810")
    status, _, error = run(capsys, "pin", "--gallery", enrolled)
    assert status == 2
    assert "the old PIN stays (wrong PIN)" in error
    assert len(error.splitlines()) == 1
    typed("135790", "246810", "246810")
    assert run(capsys, "pin", "--gallery", enrolled)[0] == 0
    with Gallery(enrolled) as gallery:
        assert Guard(gallery.store).enter_pin("246810") is None
        wrong = Guard(gallery.store).enter_pin("135790")
    assert wrong is not None
    assert wrong.outcome is Outcome.WRONG_PIN


def test_encrypting_anew(enrolled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "rekey", "--gallery", enrolled)[:2] == (0, "encrypted anew: 3 people\n")
    assert run(capsys, "list", "--gallery", enrolled)[1].count("\n") == 3


def test_nothing_to_encrypt(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, error = run(capsys, "rekey", "--gallery", path)
    assert (status, "there is no gallery" in error) == (2, True)
    assert list(path.parent.glob("gallery*")) == []


def test_a_copy_put_back_is_refused_and_can_be_accepted(enrolled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = enrolled.read_bytes()
    assert run(capsys, "forget", "Ann", "--gallery", enrolled)[0] == 0
    enrolled.write_bytes(old)
    status, out, error = run(capsys, "list", "--gallery", enrolled)
    assert (status, out) == (2, "")
    assert "--accept-restored" in error
    assert len(error.splitlines()) == 1
    assert run(capsys, "rekey", "--accept-restored", "--gallery", enrolled)[0] == 0
    assert "Ann" in run(capsys, "list", "--gallery", enrolled)[1]


def test_a_person_is_taken_to_another_device(
    enrolled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: Any, reference: Any
) -> None:
    file, other = tmp_path / "ann.person", tmp_path / "other.sqlite"
    typed("a long passphrase", "a long passphrase")
    assert run(capsys, "transfer", "Ann", "--to", file, "--gallery", enrolled)[0] == 0
    content = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"Ann" not in content
    assert base64.b64encode(reference(0).tobytes())[:20] not in content
    typed("a long passphrasf")
    status, _, error = run(capsys, "transfer", "--from", file, "--gallery", other)
    assert (status, "does not open" in error) == (2, True)
    assert not other.exists()
    typed("a long passphrase")
    assert run(capsys, "transfer", "--from", file, "--gallery", other)[:2] == (0, "enrolled Ann\n")
    with Gallery(other) as gallery, Gallery(enrolled) as source:
        np.testing.assert_array_equal(gallery.references("m1").embeddings, reference(0)[None, :])
        assert source.log_entries()[-1].event == "transfer"
    typed("a long passphrase")
    assert "already enrolled" in run(capsys, "transfer", "--from", file, "--gallery", other)[2]
    typed("a long passphrase", "a long passphrase")
    assert "File exists" in run(capsys, "transfer", "Ann", "--to", file, "--gallery", enrolled)[2]
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"pulsekey_person": 1}', b"\xff", b"x" * 70_000, b'{"sealed": 5}']
)
def test_what_is_no_persons_file(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: Any, content: bytes
) -> None:
    file = tmp_path / "ann.person"
    file.write_bytes(content)
    typed("a long passphrase")
    status, _, error = run(capsys, "transfer", "--from", file, "--gallery", path)
    assert (status, "is not a person's file" in error) == (2, True)
    assert not path.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("Ann",), "--to"),
        (("--to", "x"), "give NAME with --to"),
        (("Ann", "--from", "x"), "give NAME with --to"),
        (("--from", "/no/such/file"), "cannot read /no/such/file"),
        (("Zoe", "--to", "x"), "'Zoe' is not enrolled"),
        (("Ann", "--to", "/proc/nothing/x"), "at least 12"),
    ],
)
def test_transfers_that_cannot_be(
    enrolled: Path, capsys: pytest.CaptureFixture[str], typed: Any, words: tuple[str, ...], told: str
) -> None:
    typed("short", "short")
    status, _, error = run(capsys, "transfer", *words, "--gallery", enrolled)
    assert (status, told in error, len(error.splitlines())) == (2, True, 1)
