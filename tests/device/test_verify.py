"""`pulsekey verify NAME` on a replayed board: accepted, refused, locked out, and what is told meanwhile."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.bundle import Bundle
from device.cli import main
from device.comparison import pooled
from device.embedders import Embedder
from device.frontend import windows_of
from device.gallery import Gallery
from device.store.guard import Guard

Verify = Callable[..., tuple[int, str, str]]


@pytest.fixture
def board(tmp_path: Path, pulse_of: Callable[..., Any]) -> Callable[[str], str]:
    """The URL of a simulated board that replays 90 s of this person, or of nobody."""

    def url(who: str) -> str:
        signal = np.full(125 * 90, 0.5) if who == "nobody" else pulse_of(who, 90.0, seed=3)
        path = tmp_path / f"{who}.npz"
        np.savez(
            path,
            fs=np.float64(125.0),
            start=np.array([0, len(signal)]),
            ppg=np.rint(signal * 1e4).astype(np.int16),
            ppg_scale=np.array([1e-4]),
            ppg_offset=np.array([0.0]),
            subject=np.array(["p"]),
            session=np.array(["s"]),
        )
        return f"replay://{path}?speed=0"

    return url


@pytest.fixture
def options(bundle_folder: Path, tmp_path: Path) -> list[str]:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    gallery = tmp_path / "gallery.sqlite"
    return ["--bundle", str(bundle_folder), "--runtime", "onnxruntime", "--gallery", str(gallery)]


@pytest.fixture
def verify(
    options: list[str],
    board: Callable[[str], str],
    bundle: Bundle,
    embedder: Embedder,
    pulse_of: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> Verify:
    """Verify that whoever is on the board is Ann, who is enrolled; `pulsekey verify`'s status, stdout and stderr."""
    with Gallery(options[-1]) as gallery:
        for name in ("ann", "ben"):
            windows = windows_of(pulse_of(name, 60.0), 125.0, bundle.front_end)
            reference = pooled([embedder.embed(window.pulse) for window in windows])
            gallery.enrol(name.title(), bundle.manifest.model_id, reference, len(windows))

    def verify(who: str, *words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["verify", "Ann", "--port", board(who), *options, *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return verify


def failures(options: list[str]) -> int:
    with Gallery(options[-1]) as gallery, gallery.store.reading() as view:
        return view.head.lockout.failures


def test_the_owner_is_accepted_and_others_are_refused(verify: Verify, options: list[str]) -> None:
    assert verify("ann")[:2] == (0, "accepted: this is Ann\n")
    for who in ("eve", "ben"):  # Ben is enrolled, and still not Ann
        assert verify(who)[:2] == (1, "refused: this is not Ann\n")
    assert failures(options) == 2
    assert verify("ann")[0] == 0
    assert failures(options) == 0


def test_programs_get_the_outcome_and_no_score(verify: Verify) -> None:
    status, out, _ = verify("eve", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert events[-1] == {"event": "verified", "person": "Ann", "outcome": "refused", "wait_s": 0.0, "tries_left": 4}
    assert not {"window_scored", "identified", "unknown"} & {event["event"] for event in events}


def test_the_fifth_failure_locks_even_the_owner_out(verify: Verify, options: list[str]) -> None:
    with Gallery(options[-1]) as gallery:
        for _ in range(4):
            Guard(gallery.store).begin("Ann")
    assert verify("eve")[:2] == (1, "refused: this is not Ann; next try in 30 s\n")
    status, out, _ = verify("ann", "--json")
    event = json.loads(out)
    assert (status, event["outcome"], event["tries_left"]) == (1, "locked", 5)
    assert 20.0 < event["wait_s"] <= 30.0


def test_a_pin_is_asked_first(verify: Verify, options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    status, _, error = verify("ann", "--pin")
    assert (status, "no PIN is set" in error) == (2, True)
    with Gallery(options[-1]) as gallery:
        Guard(gallery.store).set_pin("135790")
    monkeypatch.setattr(sys, "stdin", io.StringIO("000000\n"))
    assert verify("ann", "--pin")[:2] == (1, "refused: wrong PIN\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("135790\n"))
    assert verify("ann", "--pin")[:2] == (0, "accepted: this is Ann\n")


def test_a_signal_without_a_pulse_is_no_try(verify: Verify, options: list[str]) -> None:
    status, out, error = verify("nobody")
    assert (status, out) == (2, "")
    assert "no good window" in error
    assert failures(options) == 0


def test_a_board_that_is_not_there_is_no_try(verify: Verify, options: list[str]) -> None:
    assert main(["verify", "Ann", "--port", "/dev/surely-not-there", *options]) == 2
    assert failures(options) == 0


def test_somebody_who_is_not_enrolled(verify: Verify, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "Zoe", "--port", "/dev/surely-not-there", *options]) == 2
    assert "'Zoe' is not enrolled" in capsys.readouterr().err
