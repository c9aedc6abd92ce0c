"""People through the command line: enrolled, recognised, listed, forgotten; a refusal stores and loses nothing."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.gallery import Gallery
from tests.device.cli.running import Pulsekey, fails, only_line


def test_enrol_list_recognise_forget(pulsekey: Pulsekey, options: list[object], board: Any) -> None:
    gallery = options[-2:]
    for name in ("ann", "ben"):
        done = pulsekey("enrol", name.title(), "--port", board(name), *options)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"enrolled {name.title()} from 10 good windows; ")
        assert f"`pulsekey enrol {name.title()} --add`" in done.stdout
        assert "24 of about 24 good seconds" in done.stderr  # progress stays off stdout
    done = pulsekey("list", "--json", *gallery)
    assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == ["Ann", "Ben"]
    done = pulsekey("run", "--port", board("ben", 45.0, seed=5), "--json", *options)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["person"] for e in events if e["event"] == "identified"] == ["Ben"] * 3
    assert events[0]["event"] == "listening"
    assert (events[-1]["event"], events[-1]["identified"], events[-1]["lost_samples"]) == ("summary", 3, 0)
    totals = [e for e in events if e["event"] == "link_counted"]
    assert (totals[-1]["samples"], totals[-1]["lost"], totals[-1]["measured_rate_hz"]) == (5625, 0, 125.0)
    done = pulsekey("run", "--port", board("eve", 45.0), "--decisions", 1, *options)
    assert "nobody I know" in done.stdout
    assert "this is" not in done.stdout
    assert pulsekey("forget", "Ann", *gallery).returncode == 0
    assert "Ann" not in pulsekey("list", *gallery).stdout


def test_nobody_enrolled_is_said_before_the_port_is_opened(pulsekey: Pulsekey, options: list[object]) -> None:
    done = pulsekey("run", "--port", "/dev/surely-not-there", *options)
    fails(done, "nobody is enrolled", "pulsekey enrol")
    only_line(done)


def test_no_such_port_stores_nothing(pulsekey: Pulsekey, options: list[object], gallery_path: Path) -> None:
    done = pulsekey("enrol", "Ann", "--port", "/dev/surely-not-there", *options)
    fails(done, "/dev/surely-not-there")
    only_line(done)
    with Gallery(gallery_path) as gallery:
        assert gallery.people() == []


def test_a_second_session_is_added(pulsekey: Pulsekey, options: list[object], board: Any, gallery_path: Path) -> None:
    fails(pulsekey("enrol", "Ann", "--add", "--port", "/dev/surely-not-there", *options), "'Ann' is not enrolled")
    assert pulsekey("enrol", "Ann", "--port", board("ann"), *options).returncode == 0
    with Gallery(gallery_path) as gallery:
        (before,) = gallery.references("fake-1").embeddings
    done = pulsekey("enrol", "Ann", "--add", "--port", board("ann", seed=5), *options)
    assert (done.returncode, done.stdout) == (0, "enrolled Ann from 10 good windows\n")
    with Gallery(gallery_path) as gallery:
        (person,) = gallery.people()
        (after,) = gallery.references("fake-1").embeddings
    assert (person.name, person.good_windows) == ("Ann", 20)
    assert float(before @ after) > 0.99


def test_one_pulse_is_not_enrolled_under_two_names(pulsekey: Pulsekey, options: list[object], board: Any) -> None:
    for name in ("ann", "ben"):
        assert pulsekey("enrol", name, "--port", board(name), *options).returncode == 0
    fails(pulsekey("enrol", "Anna", "--port", board("ann"), *options), "this pulse belongs to 'ann' already")
    fails(pulsekey("enrol", "ben", "--add", "--port", board("ann"), *options), "this pulse belongs to 'ann' already")


def test_name_already_enrolled(pulsekey: Pulsekey, options: list[object], board: Any, gallery_path: Path) -> None:
    assert pulsekey("enrol", "Ann", "--port", board("ann"), *options).returncode == 0
    before = gallery_path.read_bytes()
    done = pulsekey("enrol", "Ann", "--port", "/dev/surely-not-there", *options)
    fails(done, "'Ann' is already enrolled")  # before anybody sits through a minute
    assert gallery_path.read_bytes() == before


@pytest.mark.parametrize("name", ["", "x" * 65, "a\tb"])
def test_invalid_name(pulsekey: Pulsekey, options: list[object], name: str) -> None:
    fails(pulsekey("enrol", name, "--port", "/dev/surely-not-there", *options), "name")


@pytest.mark.parametrize("kind", ["constant", "no pulse"])
def test_no_good_window(pulsekey: Pulsekey, options: list[object], board: Any, gallery_path: Path, kind: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.3, 125 * 90)
    url = board(np.full(125 * 90, 0.5) if kind == "constant" else noise)
    fails(pulsekey("enrol", "Ann", "--port", url, *options), "0 good windows of 37 when the signal ended", ":")
    with Gallery(gallery_path) as gallery:
        assert gallery.people() == []
        vector = np.zeros(24, dtype=np.float32)
        vector[0] = 1.0
        gallery.enrol("Somebody", "fake-1", vector, 25)
    done = pulsekey("run", "--port", url, "--seconds", 60, *options)
    fails(done, "no good window")
    assert "this is" not in done.stdout


def test_damaged_gallery_is_left_as_it_is(pulsekey: Pulsekey, tmp_path: Path) -> None:
    path = tmp_path / "broken.sqlite"
    path.write_bytes(b"this is no database" * 100)
    for words in (("list",), ("forget", "Ann")):
        fails(pulsekey(*words, "--gallery", path), "damaged")
    assert path.read_bytes() == b"this is no database" * 100


def test_foreign_database_is_left_as_it_is(pulsekey: Pulsekey, tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE theirs (x)")
    fails(pulsekey("list", "--gallery", path), "another program's")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute("SELECT count(*) FROM theirs").fetchone() == (0,)


def test_unknown_name_to_forget(pulsekey: Pulsekey, tmp_path: Path) -> None:
    fails(pulsekey("forget", "Nobody", "--gallery", tmp_path / "none.sqlite"), "'Nobody' is not enrolled")
    assert not (tmp_path / "none.sqlite").exists()


def test_an_empty_list_is_an_answer(pulsekey: Pulsekey, tmp_path: Path) -> None:
    done = pulsekey("list", "--gallery", tmp_path / "none.sqlite")
    assert (done.returncode, done.stdout) == (0, "")
