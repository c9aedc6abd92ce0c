"""A thousandth of what ``tests/benchmarks/fuzz_wire.py`` does, and that its checks would see what they look for."""

import builtins
import json
import os
import subprocess
import sys
import tracemalloc
from random import Random
from typing import Any

import pytest
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge import framing
from firmware_bridge.commands import Commands
from firmware_bridge.framing import FrameDecoder
from firmware_bridge.link import Link
from firmware_bridge.protocol import MAX_ENCODED
from firmware_bridge.tallies import Tally
from tests.benchmarks import fuzz_wire
from tests.fuzzing import guided
from tests.fuzzing.checks import MOST_KEPT, Report, check, kept, run_chunks
from tests.fuzzing.material import CORPUS, load_material
from tests.fuzzing.mutations import MUTATIONS
from tests.fuzzing.reference import crc, is_sealed, uncobs
from tests.fuzzing.streams import TAIL, Stream, cut, joined, make_stream

MATERIAL = load_material(seconds=10.0)
SEEDS = sorted(CORPUS.glob("*.bin"))
HOSTILE = {"no zero and no line": b"\1", "zeros": b"\0", "lines": b"\n", "digits": b"7"}


@st.composite
def damaged_streams(draw: st.DrawFn) -> Stream:
    """A run of one board's frames with up to six kinds of damage, which shrinks to fewer frames and less damage."""
    pieces = draw(st.sampled_from(MATERIAL.boards))
    start, length = draw(st.integers(0, 100)), draw(st.integers(1, 10))
    donor = joined(draw(st.sampled_from(MATERIAL.boards))[start : start + 8])
    stream = bytearray(joined(pieces[start : start + length]))
    for mutation in draw(st.lists(st.sampled_from(MUTATIONS), max_size=6)):
        mutation(Random(draw(st.integers(0, 2**16))), stream, donor)
        stream = stream or bytearray(b"\0")
    tail = pieces[start + length : start + length + TAIL]
    data = bytes(stream) + joined(tail)
    return Stream(cut(Random(draw(st.integers(0, 2**16))), data), data, tail, is_text=False)


@given(damaged_streams())
@settings(max_examples=300, derandomize=True, deadline=None)
def test_no_damage_breaks_the_wire(stream: Stream) -> None:
    report = Report()
    check(MATERIAL, stream, report)
    assert (report.accepted, report.believed) == (0, 0)


def test_a_thousand_streams_of_the_benchmark() -> None:
    report = Report()
    for number in range(1000):
        check(MATERIAL, make_stream(MATERIAL, number), report)
    assert (report.accepted, report.believed, report.streams) == (0, 0, 1000)
    assert report.most_missing <= 1
    # Enough of all of it was there.
    assert report.damaged > 1500
    assert report.whole > 4000
    assert report.text_streams > 50


def test_a_stream_comes_again_by_its_number() -> None:
    assert make_stream(MATERIAL, 7) == make_stream(MATERIAL, 7)
    assert make_stream(MATERIAL, 7) != make_stream(MATERIAL, 7, seed=1)
    assert all(b"".join(stream.chunks) == stream.data for stream in (make_stream(MATERIAL, n) for n in range(50)))


def wrong(monkeypatch: pytest.MonkeyPatch, defect: str) -> None:
    if defect == "no CRC":
        monkeypatch.setattr(framing, "crc_hqx", lambda *_: 0)
    elif defect == "no end":
        monkeypatch.setattr(framing, "END", b"\1")
    else:
        feed = FrameDecoder.feed
        monkeypatch.setattr(FrameDecoder, "feed", lambda self, data: feed(self, data)[:1])


@pytest.mark.parametrize("defect", ["no CRC", "no end", "one frame a call"])
def test_the_checks_see_a_decoder_that_is_wrong(monkeypatch: pytest.MonkeyPatch, defect: str) -> None:
    wrong(monkeypatch, defect)
    seen = 0
    for number in range(100):
        try:
            check(MATERIAL, make_stream(MATERIAL, number), Report())
        except AssertionError:
            seen += 1
    assert seen >= 5


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: str(seed.stem))
def test_every_seed_in_every_chunking(seed: Any) -> None:
    data = seed.read_bytes()
    assert 0 < len(data) < 1000
    whole = [type(message) for message in run_chunks([data])[1]]
    frames = FrameDecoder().feed(data)
    for size in (1, 2, 13, 64):
        chunks = [data[i : i + size] for i in range(0, len(data), size)]
        decoder = FrameDecoder()
        assert [frame for chunk in chunks for frame in decoder.feed(chunk)] == frames
        if not seed.stem.startswith("text_"):
            # A chunk of text makes one block, so only frames give the same messages.
            assert [type(message) for message in run_chunks(chunks)[1]] == whole


@pytest.mark.parametrize("byte", HOSTILE.values(), ids=HOSTILE.keys())
def test_memory_is_bounded_whatever_comes(byte: bytes) -> None:
    chunk = byte * 4096
    decoder, link = FrameDecoder(), Link(Tally(), Commands(1.0))
    for warm_up in range(8):
        decoder.feed(chunk)
        link.feed(chunk, warm_up)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(250):
            decoder.feed(chunk)
            link.feed(chunk, 40_000 * number)
            assert kept(decoder) <= MAX_ENCODED + 1
            assert kept(link) <= MOST_KEPT
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A megabyte went through: a chunk's pieces are held while it is fed, and nothing of it afterwards.
    assert after - before < 50_000
    assert peak - before < 150 * len(chunk)


def test_the_reference_is_the_wires() -> None:
    rng = Random(1)
    assert crc(b"123456789") == 0x29B1
    for _ in range(300):
        body = bytes(rng.choice((0, 0, 1, 255, rng.randrange(256))) for _byte in range(rng.randint(1, 70)))
        assert uncobs(cobs.encode(body)) == body
        sealed = cobs.encode(body + crc(body).to_bytes(2, "big"))
        assert is_sealed(sealed)
        assert not is_sealed(sealed[:-1] + bytes([sealed[-1] ^ 1 or 2]))
    assert uncobs(b"\5ab") is None


def test_the_command_prints_its_figures(tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["fuzz_wire.py", "--streams", "40", "--json", str(tmp_path / "figures.json")])
    assert fuzz_wire.main() == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert json.loads(capsys.readouterr().out) == figures
    assert (figures["streams"], figures["broken"]) == (40, [])
    wrong(monkeypatch, "one frame a call")
    assert fuzz_wire.main() == 1


@pytest.mark.parametrize("target", guided.TARGETS)
def test_the_coverage_guided_fuzzer_runs(target: str, tmp_path: Any) -> None:
    pytest.importorskip("atheris", reason="atheris has wheels for Linux on x86-64 and Python below 3.14 alone")
    command = [sys.executable, "-m", "tests.fuzzing.guided", target, "1", str(tmp_path)]
    done = subprocess.run(command, cwd=CORPUS.parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done" in done.stderr
    assert os.listdir(tmp_path), "no seed was interesting: is the bridge instrumented?"


def test_without_atheris_there_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "atheris":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(sys, "argv", ["guided", "decoder", "1"])
    assert guided.main() == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "pip install atheris" in error
    monkeypatch.setattr(sys, "argv", ["guided", "nothing", "1"])
    assert guided.main() == 2
