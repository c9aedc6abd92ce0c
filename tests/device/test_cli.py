"""The real command line in a process of its own: bad input gives one line and exit 2, and loses nothing."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.gallery import Gallery

ROOT = Path(__file__).resolve().parents[2]
BOARD = "replay://{path}?speed=0"

Pulsekey = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def command() -> list[str]:
    return [sys.executable, "-m", "device.cli"]


@pytest.fixture
def pulsekey(command: list[str]) -> Pulsekey:
    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        words = [*command, *map(str, arguments)]
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)

    return run


@pytest.fixture
def options(bundle_folder: Path, tmp_path: Path) -> list[object]:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    return [
        "--bundle",
        bundle_folder,
        "--runtime",
        "onnxruntime",
        "--gallery",
        tmp_path / "g" / "gallery.sqlite",
    ]


@pytest.fixture
def gallery_path(options: list[object]) -> Path:
    return Path(str(options[-1]))


@pytest.fixture
def board(tmp_path: Path, pulse_of: Callable[..., Any]) -> Callable[..., str]:
    """The URL of a simulated board that replays this person, or any signal, as fast as it is read."""

    def url(who: Any, seconds: float = 90.0, seed: int = 0) -> str:
        path = tmp_path / f"{who if isinstance(who, str) else 'signal'}-{seconds:g}-{seed}.npz"
        signal = pulse_of(who, seconds, seed=seed) if isinstance(who, str) else who
        np.savez(
            path,
            fs=np.float64(125.0),
            start=np.array([0, len(signal)]),
            ppg=np.where(np.isnan(signal), -32768, np.rint(np.nan_to_num(signal) * 1e4)).astype(np.int16),
            ppg_scale=np.array([1e-4]),
            ppg_offset=np.array([0.0]),
            subject=np.array(["p"]),
            session=np.array(["s"]),
        )
        return BOARD.format(path=path)

    return url


def fails(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    lines = done.stderr.splitlines()
    errors = [line for line in lines if line.startswith("pulsekey: error: ")]
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len(errors) == 1, done.stderr
    assert lines[-1] == errors[0]
    for word in words:
        assert word in errors[0]


def only_line(done: "subprocess.CompletedProcess[str]") -> None:
    assert len(done.stderr.splitlines()) == 1, done.stderr


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


def test_run_script_is_the_same_command(options: list[object], board: Any, pulsekey: Pulsekey, tmp_path: Path) -> None:
    assert pulsekey("enrol", "Ann", "--port", board("ann"), *options).returncode == 0
    words = [sys.executable, str(ROOT / "device" / "run.py"), "--port", board("ann", 30.0), "--json"]
    done = subprocess.run(
        [*words, *map(str, options)], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"identified"' in done.stdout


def test_run_script_without_dependencies_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-E", str(ROOT / "device" / "run.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    fails(done, "make install", ".venv/bin/python device/run.py")


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


def test_bundle_faults(pulsekey: Pulsekey, bundle_copy: Path, tmp_path: Path, sign: Callable[[Path], None]) -> None:
    port = ["--port", "/dev/surely-not-there"]
    done = pulsekey("run", *port, "--bundle", tmp_path / "none")
    fails(done, "no bundle at")
    only_line(done)
    manifest = json.loads((bundle_copy / "manifest.json").read_text())
    (bundle_copy / "manifest.json").write_text(json.dumps(manifest | {"format_version": 9}))
    fails(pulsekey("run", *port, "--bundle", bundle_copy), "signature does not match")
    sign(bundle_copy)
    fails(pulsekey("run", *port, "--bundle", bundle_copy), "format 9")
    (bundle_copy / "manifest.json").write_text(json.dumps(manifest))
    sign(bundle_copy)
    (bundle_copy / "model.int8.onnx").write_bytes(b"x")
    fails(pulsekey("run", *port, "--bundle", bundle_copy), "model.int8.onnx is damaged")


def test_damaged_gallery_is_left_as_it_is(pulsekey: Pulsekey, tmp_path: Path) -> None:
    path = tmp_path / "broken.sqlite"
    path.write_bytes(b"this is no database" * 100)
    for words in (("list",), ("forget", "Ann")):
        fails(pulsekey(*words, "--gallery", path), "damaged")
    assert path.read_bytes() == b"this is no database" * 100


def test_foreign_database_is_left_as_it_is(pulsekey: Pulsekey, tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    fails(pulsekey("list", "--gallery", path), "another program's")
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM theirs").fetchone() == (0,)


def test_unknown_name_to_forget(pulsekey: Pulsekey, tmp_path: Path) -> None:
    fails(pulsekey("forget", "Nobody", "--gallery", tmp_path / "none.sqlite"), "'Nobody' is not enrolled")
    assert not (tmp_path / "none.sqlite").exists()


def test_an_empty_list_is_an_answer(pulsekey: Pulsekey, tmp_path: Path) -> None:
    done = pulsekey("list", "--gallery", tmp_path / "none.sqlite")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nonsense"], "no command 'nonsense'"),
        (["run", "--nonsense"], "--nonsense"),
        (["run", "--seconds", "nan"], "not a number above 0"),
        (["run", "--decisions", "0"], "not an integer above 0"),
        (["enrol"], "NAME"),
        (["evaluate"], "--cohort"),
        (["evaluate", "--cohort", "x.npz", "--decision-seconds", "2.4,-1"], "'-1'"),
        (["evaluate", "--cohort", "x.npz", "--json", "/no/such/folder/out.json"], "/no/such/folder/out.json"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_bad_arguments(pulsekey: Pulsekey, words: list[str], told: str) -> None:
    done = pulsekey(*words)
    fails(done, told)
    only_line(done)


def write_cohort(path: Path, signal: Any, without: str | None = None) -> Path:
    arrays: dict[str, Any] = {
        "fs": np.float64(125.0),
        "start": np.array([0, len(signal), 2 * len(signal)]),
        "ppg": np.tile(np.where(np.isnan(signal), -32768, np.nan_to_num(signal)).astype(np.int16), 2),
        "ppg_scale": np.ones(2),
        "ppg_offset": np.zeros(2),
        "subject": np.array(["p1", "p2"]),
        "session": np.array(["s", "s"]),
    }
    np.savez(path, **{name: array for name, array in arrays.items() if name != without})
    return path


@pytest.mark.parametrize("without", ["fs", "ppg", "start", "ppg_scale", "ppg_offset", "subject", "session"])
def test_cohort_without_a_required_array(
    pulsekey: Pulsekey, options: list[object], tmp_path: Path, without: str
) -> None:
    path = write_cohort(tmp_path / "c.npz", np.zeros(100), without)
    done = pulsekey("evaluate", "--cohort", path, *options[:4])
    fails(done, "c.npz", f"'{without}'")
    only_line(done)


@pytest.mark.parametrize("value", [np.nan, 500.0])
def test_cohort_of_nan_or_constant_signals(
    pulsekey: Pulsekey, options: list[object], tmp_path: Path, value: float
) -> None:
    out = tmp_path / "out.json"
    out.write_text("what was there")
    path = write_cohort(tmp_path / "c.npz", np.full(125 * 90, value))
    done = pulsekey("evaluate", "--cohort", path, "--json", out, *options[:4])
    fails(done, "c.npz", "0 of 2 people")
    only_line(done)
    assert out.read_text() == "what was there"


def test_cohort_of_one_person(pulsekey: Pulsekey, options: list[object], tmp_path: Path) -> None:
    path = write_cohort(tmp_path / "c.npz", np.zeros(100))
    done = pulsekey("evaluate", "--cohort", path, "--enrol-session", "x", *options[:4])
    fails(done, "at least two people")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_from_outside_is_clean(
    command: list[str], pulsekey: Pulsekey, options: list[object], board: Any, number: int
) -> None:
    assert pulsekey("enrol", "Ann", "--port", board("ann"), *options).returncode == 0
    url = board("ann", 90.0).replace("speed=0", "speed=1")  # real time: it cannot end by itself meanwhile
    words = [*command, "run", "--port", url, "--json", *map(str, options)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["event"] == "listening"
        os.kill(child.pid, number)
        rest, errors = child.communicate(timeout=30)
    assert child.returncode == 0, errors
    assert json.loads(rest.splitlines()[-1])["event"] == "summary"
    assert errors == ""


def test_a_reader_that_leaves_ends_it_quietly(
    command: list[str], pulsekey: Pulsekey, options: list[object], board: Any
) -> None:
    assert pulsekey("enrol", "Ann", "--port", board("ann"), *options).returncode == 0
    words = [*command, "run", "--port", board("ann", 90.0), "--json", *map(str, options)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        errors = child.stderr.read()
    assert child.returncode == 141
    assert errors == ""


def test_help_and_version(pulsekey: Pulsekey) -> None:
    done = pulsekey("--help")
    assert done.returncode == 0
    for name in ("run", "enrol", "list", "forget", "trust", "ports", "demo", "evaluate"):
        assert f"  {name} " in done.stdout
        assert pulsekey(name, "--help").returncode == 0
    assert pulsekey("--version").stdout.startswith("pulsekey ")


def install(folder: Path, package: str, declared: str, code: str) -> None:
    """A package that declares a command, as pip would lay it out."""
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(
        f"[console_scripts]\nx = y:z\n\n[pulsekey.commands]\n{declared}\n\n[other]\nnot = mine\n"
    )
    (folder / f"{package}.py").write_text(code)


COMMAND = """
HELP = "A command of another package."
def add_arguments(parser):
    parser.add_argument("word")
def run(args):
    print("did", args.word)
    return 0
"""


def test_installed_packages_add_commands(pulsekey: Pulsekey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "other_commands", "extra = other_commands", COMMAND)
    install(tmp_path, "heavy_commands", "heavy = heavy_commands", "import surely_not_installed")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    shown = pulsekey("--help").stdout  # which loads neither of them
    assert "extra" in shown
    assert "heavy" in shown
    assert "not = mine" not in shown
    done = pulsekey("extra", "it")
    assert (done.returncode, done.stdout) == (0, "did it\n")
    done = pulsekey("heavy")
    fails(done, "surely_not_installed", "pip install")
    only_line(done)
