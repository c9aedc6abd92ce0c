"""`pulsekey verify NAME` on a replayed board: accepted, refused, locked out, and what is told meanwhile."""

import io
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
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
from device.template_update import RULE
from firmware_bridge import BoardReader, LightBoard, Recording
from firmware_bridge.noisy_source import NoisySource
from firmware_bridge.ports import board_port
from firmware_bridge.protocol import CommandCode
from firmware_bridge.sources import RecordingSource

Verify = Callable[..., tuple[int, str, str]]


def breathing(pulse: Any) -> Any:
    """The pulse with beats that breathing makes longer and shorter, by 10 ms or so."""
    t = np.arange(len(pulse)) / 125.0
    return np.interp(t + 0.01 * np.sin(2 * np.pi * 0.25 * t), t, pulse)


@pytest.fixture
def board(tmp_path: Path, pulse_of: Callable[..., Any]) -> Callable[[str], str]:
    """The URL of a simulated board that replays 90 s of this person, of nobody, or of "ann's machine"."""

    def url(who: str) -> str:
        if who == "nobody":
            signal = np.full(125 * 90, 0.5)
        elif who == "ann's machine":
            signal = pulse_of("ann", 90.0, seed=3)
        else:
            signal = breathing(pulse_of(who, 90.0, seed=3))
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
        status = main(["verify", "Ann", "--port", board(who), "--challenge", "off", *options, *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return verify


@pytest.fixture
def identify(
    verify: Verify, options: list[str], board: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> Verify:
    """`pulsekey identify` of whoever is on the board, with the gallery that `verify` made."""

    def identify(who: str, *words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["identify", "--port", board(who), "--challenge", "off", *options, *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return identify


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
    status, out, _ = verify("eve")
    assert status == 1
    assert re.fullmatch(r"refused: this is not Ann; next try in (2\d|30) s\n", out)
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


def moves(options: list[str]) -> int:
    """How often a template has moved; what was enrolled with has not, and no template left its cap."""
    with Gallery(options[-1]) as gallery:
        (model_id,) = {person.model_id for person in gallery.people()}
        references = gallery.references(model_id)
        for name, embedding in zip(references.names, references.embeddings, strict=True):
            assert float(gallery.as_enrolled(name, model_id) @ embedding) >= RULE.min_cosine - 1e-6
        count = sum(entry.event == "move" for entry in gallery.log_entries())
        enrolled = np.stack([gallery.as_enrolled(name, model_id) for name in references.names])
        assert (count > 0) == (not np.array_equal(enrolled, references.embeddings))
        return count


def test_only_a_confident_accept_confirmed_with_the_pin_moves_a_template(
    verify: Verify, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Gallery(options[-1]) as gallery:
        Guard(gallery.store).set_pin("135790")

    def with_pin(who: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO("135790\n"))
        return verify(who, "--pin")[0]

    assert verify("ann")[0] == 0
    assert moves(options) == 0
    assert with_pin("eve") == 1
    assert moves(options) == 0
    with monkeypatch.context() as patched:
        patched.setattr("device.gallery.RULE", replace(RULE, margin_llr=1e6))
        assert with_pin("ann") == 0
    assert moves(options) == 0
    assert with_pin("ann") == 0
    assert moves(options) == 1


def test_a_signal_without_a_pulse_is_no_try(verify: Verify, options: list[str]) -> None:
    status, out, error = verify("nobody")
    assert (status, out) == (2, "")
    assert "no good window" in error
    assert failures(options) == 0


def test_a_pulse_of_equal_beats_is_a_refused_attack(verify: Verify, options: list[str]) -> None:
    status, out, error = verify("ann's machine")
    assert (status, out) == (1, "refused: this is not Ann\n")
    assert "refused as an attack: the beats are more regular than a living heart's" in error
    assert failures(options) == 1


def test_what_was_examined_is_told(verify: Verify) -> None:
    _, out, _ = verify("ann", "--json")
    (checked,) = [event for event in map(json.loads, out.splitlines()) if event["event"] == "presentation_checked"]
    assert checked["passed"].startswith("exact repeats: none in ")
    assert "beat variability: SDNN " in checked["passed"]
    assert "LED challenge" not in checked["passed"]


def test_a_replay_cannot_be_challenged(verify: Verify, options: list[str]) -> None:
    status, out, error = verify("ann", "--challenge", "on")
    assert (status, out) == (2, "")
    assert error.splitlines()[-1].startswith("pulsekey: error: replay://")
    assert "--challenge off" in error
    assert failures(options) == 0


@pytest.mark.parametrize("emitted", [False, True])
def test_a_board_is_challenged_and_gets_its_leds_back(
    verify: Verify, pulse_of: Callable[..., Any], options: list[str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], emitted: bool,
) -> None:  # fmt: skip
    ann = Recording(breathing(pulse_of("ann", 60.0, seed=3)), 125.0, "ann", "s", "r")
    board = LightBoard(NoisySource(RecordingSource(ann), 8.0), emitted=emitted)
    monkeypatch.setattr(board_port, "LightBoard", lambda source: board)
    sent: list[tuple[CommandCode, int]] = []
    send = BoardReader.command

    def command(reader: BoardReader, code: CommandCode, argument: int = 0) -> int:
        sent.append((code, argument))
        return send(reader, code, argument)

    monkeypatch.setattr(BoardReader, "command", command)
    status = main(["verify", "Ann", "--port", "sim://ada?speed=0", *options])
    out, error = capsys.readouterr()
    if emitted:
        assert (status, out) == (1, "refused: this is not Ann\n")
        assert "refused as an attack: the light did not follow the sensor's own" in error
    else:
        assert (status, out) == (0, "accepted: this is Ann\n")
        assert "LED challenge: " in error
    assert len(sent) > 3
    assert sent[-1] == (CommandCode.LED_CURRENT, 0)


def test_a_board_that_is_not_there_is_no_try(verify: Verify, options: list[str]) -> None:
    assert main(["verify", "Ann", "--port", "/dev/surely-not-there", *options]) == 2
    assert failures(options) == 0


def test_somebody_who_is_not_enrolled(verify: Verify, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "Zoe", "--port", "/dev/surely-not-there", *options]) == 2
    assert "'Zoe' is not enrolled" in capsys.readouterr().err


def test_identify_names_whoever_it_is_and_nobody_else(identify: Verify, options: list[str]) -> None:
    assert identify("eve")[:2] == (1, "nobody I know\n")
    assert failures(options) == 1
    assert identify("ben")[:2] == (0, "this is Ben\n")
    assert failures(options) == 0
    status, out, _ = identify("ann", "--json")
    assert status == 0
    assert json.loads(out.splitlines()[-1]) == {
        "event": "identified_once", "person": "Ann", "outcome": "accepted", "wait_s": 0.0, "tries_left": 5,
    }  # fmt: skip
    with Gallery(options[-1]) as gallery:
        logged = [(entry.event, entry.outcome, entry.person) for entry in gallery.log_entries()]
    assert logged[-1] == ("verify", "accepted", "Ann")


def test_identify_and_verify_are_locked_out_together(verify: Verify, identify: Verify, options: list[str]) -> None:
    with Gallery(options[-1]) as gallery:
        for _ in range(4):
            Guard(gallery.store).begin("Ann")
    assert identify("eve")[0] == 1
    assert "locked after failed tries" in verify("ann")[1]
    assert "locked after failed tries" in identify("ann")[1]
