"""Every text format, recognised from its first lines and counted line by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.messages import SampleBlock, SketchInfo
from firmware_bridge.sketches import KEPT_LINES, MAX_LINE, Sketch
from firmware_bridge.tallies import Tally
from firmware_bridge.text_formats import header_format, recognise

FORMATS = {
    "sparkfun example 1": (" R[{red}] IR[{ir}] G[7]", True),
    "sparkfun heart rate": ("IR={ir}, BPM=61.25, Avg BPM=60", False),
    "sparkfun heart rate, no finger": ("IR={ir}, BPM=61.25, Avg BPM=60 No finger?", False),
    "sparkfun SpO2": ("red={red}, ir={ir}, HR=-999, HRvalid=0, SPO2=98, SPO2Valid=1", True),
    "short": ("R={red} IR={ir}", True),
    "labelled": ("IR:{ir},RED:{red}", True),
    "labelled the other way round": ("Red:{red}\tIR:{ir}\tAvg BPM:70", True),
    "labelled, one": ("IR:{ir}", False),
    "comma": ("{red},{ir}", True),
    "tab": ("{red}\t{ir}", True),
    "one column": ("{ir}", False),
    "decimals": ("{red}.00,{ir}.00", True),
}


def text(form: str, samples: list[tuple[int, int]], end: str = "\r\n") -> bytes:
    return "".join(form.format(ir=ir, red=red) + end for ir, red in samples).encode()


def samples_of(messages: list[SampleBlock | SketchInfo]) -> list[tuple[int, int]]:
    return [
        (ir, red)
        for block in messages
        if isinstance(block, SampleBlock)
        for ir, red in zip(block.ir_counts.tolist(), block.red_counts.tolist(), strict=True)
    ]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_format_is_read_from_its_second_line_on(name: str, end: str) -> None:
    form, has_red = FORMATS[name]
    sent = [(100_000 + i, 50_000 + i if has_red else 0) for i in range(8)]
    tally = Tally()
    sketch = Sketch(tally)
    messages = sketch.feed(text(form, sent, end)[3:], 5)
    assert samples_of(messages) == sent[1:]
    assert sketch.recognised
    assert (tally.samples, tally.lost, tally.corrupt) == (7, 0, 0)
    block = messages[0]
    assert isinstance(block, SampleBlock)
    assert (block.index, block.clock_index, block.t_us, block.epoch) == (0, 6, 5, 0)


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("ir,red", "{ir},{red}"),
        ("Red\tIR\tGreen", "{red}\t{ir}\t9"),
        ("time;irValue;red_value", "12;{ir};{red}"),
    ],
)
def test_a_plotters_header_names_the_columns(header: str, form: str) -> None:
    sent = [(100_000 + i, 50_000 + i) for i in range(6)]
    sketch = Sketch(Tally())
    first = f"{header}\n{form.format(ir=1, red=1)}\n".encode()
    assert samples_of(sketch.feed(first + text(form, sent), 0)) == [(1, 1), *sent]


def test_a_header_again_is_a_restart() -> None:
    tally = Tally()
    sketch = Sketch(tally)
    lines = text("{ir},{red}", [(i, i + 1) for i in range(4)])
    messages = sketch.feed(b"ir,red\n" + lines + b"red,ir\n" + lines, 0)
    blocks = [message for message in messages if isinstance(message, SampleBlock)]
    assert [(block.epoch, block.index, len(block.ir_counts)) for block in blocks] == [(0, 0, 4), (1, 0, 4)]
    assert blocks[1].ir_counts.tolist() == [1, 2, 3, 4]
    assert (tally.restarts, tally.corrupt) == (1, 0)


def test_a_bad_line_takes_its_place_and_is_counted() -> None:
    tally = Tally()
    sketch = Sketch(tally)
    lines = text("R={red} IR={ir}", [(i, i) for i in range(10)]).splitlines(keepends=True)
    lines[6] = b"R=6 IR=\xff\n"
    lines[8] = b"R=8 IR=99999999999\n"
    blocks = [m for m in sketch.feed(b"".join(lines), 0) if isinstance(m, SampleBlock)]
    assert [(block.index, block.ir_counts.tolist()) for block in blocks] == [
        (0, [1, 2, 3, 4, 5]),
        (6, [7]),
        (8, [9]),
    ]
    assert (tally.samples, tally.lost, tally.corrupt) == (7, 2, 2)


@pytest.mark.parametrize("damaged", ["IR1234567,RED:7", "IR 1", "IR,RED"])
def test_a_damaged_label_is_no_header(damaged: str) -> None:
    tally = Tally()
    sketch = Sketch(tally)
    form = "IR:{ir},RED:{red}"
    lines = [
        *(form.format(ir=i, red=2 * i) for i in range(5)),
        damaged,
        *(form.format(ir=i, red=2 * i) for i in (5, 6)),
    ]
    messages = sketch.feed("\n".join([*lines, ""]).encode(), 0)
    assert samples_of(messages) == [(i, 2 * i) for i in range(1, 7)]
    assert (tally.epoch, tally.restarts, tally.corrupt, tally.lost) == (0, 0, 1, 1)


def test_what_nothing_fits_any_more_is_recognised_anew() -> None:
    """Three lines of a banner can look like samples; then come those that are."""
    tally = Tally()
    sketch = Sketch(tally)
    messages = sketch.feed(b"0\n1\n2\n3\n" + text("IR:{ir},RED:{red}", [(i, 2 * i) for i in range(20)]), 0)
    assert samples_of(messages)[:3] == [(1, 0), (2, 0), (3, 0)]
    assert samples_of(messages)[3:] == [(i, 2 * i) for i in range(KEPT_LINES, 20)]
    assert (tally.epoch, tally.restarts, tally.corrupt) == (1, 0, KEPT_LINES)


def test_a_banner_is_skipped() -> None:
    banner = b"Initializing...\nPlace your index finger on the sensor.\nAttempt 1\n1\n"
    sent = [(i, i) for i in range(5)]
    assert samples_of(Sketch(Tally()).feed(banner + text("{red}\t{ir}", sent), 0)) == sent


@given(st.lists(st.tuples(st.integers(0, 2**18 - 1), st.integers(0, 2**18 - 1)), min_size=4), st.integers(1, 60))
def test_any_chunking_gives_the_same_samples(sent: list[tuple[int, int]], chunk: int) -> None:
    stream = text("IR:{ir},RED:{red}", sent)
    sketch = Sketch(Tally())
    messages = [m for i in range(0, len(stream), chunk) for m in sketch.feed(stream[i : i + chunk], i)]
    assert samples_of(messages) == sent[1:]
    indices = [m.index for m in messages if isinstance(m, SampleBlock)]
    assert indices == sorted(set(indices))


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_noise_never_raises_and_memory_is_bounded(chunks: list[bytes]) -> None:
    sketch = Sketch(Tally())
    for chunk in chunks:
        sketch.feed(chunk, 0)
    sketch.feed(b"9" * 10_000, 0)
    assert len(sketch._splitter._partial) == MAX_LINE + 1
    assert len(sketch.unknown) <= 8


def test_the_rate_is_measured_by_arrival() -> None:
    sketch = Sketch(Tally())
    infos: list[SketchInfo] = []
    for burst in range(30):
        lines = text("{ir}", [(burst, 0)] * 10)
        infos += [m for m in sketch.feed(lines, burst * 100_000) if isinstance(m, SketchInfo)]
    assert len(infos) == 1
    assert (infos[0].format, infos[0].has_red) == ("one IR column", False)
    assert infos[0].measured_rate_hz == pytest.approx(100.0)


@pytest.mark.parametrize(
    "line", ["hello", "1,2,3", "temp:36.6", "RED:1", "-5", "R[1]", "BPM=70", "1e5,2", "", "IR:1,IR:2"]
)
def test_what_is_no_known_format(line: str) -> None:
    assert recognise(line) is None


@pytest.mark.parametrize("line", ["red", "r,red,ir", "ir,ir", "1,2", "Avg BPM", "IR:1,RED:2", "Place finger"])
def test_what_is_no_header(line: str) -> None:
    assert header_format(line) is None
