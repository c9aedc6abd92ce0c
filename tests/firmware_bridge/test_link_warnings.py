"""What a link warns of, and that it says it once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from firmware_bridge.commands import Commands
from firmware_bridge.framing import encode_frame
from firmware_bridge.link import Link
from firmware_bridge.messages import LinkWarning, WarningReason
from firmware_bridge.protocol import BoardInfo, ChannelOrder, DataFlags, DataFrame, InfoFrame, SensorFault
from firmware_bridge.reader import BoardReader
from firmware_bridge.tallies import Tally
from firmware_bridge.wearers import WearerSource, load_wearer, wearer_names


def link(baud: int | None = None) -> Link:
    return Link(Tally(), Commands(1.0), baud)


def warnings_of(link: Link, chunks: list[tuple[bytes, int]]) -> list[LinkWarning]:
    return [m for data, t_us in chunks for m in link.feed(data, t_us) if isinstance(m, LinkWarning)]


def lines(rate_hz: float, seconds: float, text: str = "IR:{i},RED:7\n") -> list[tuple[bytes, int]]:
    return [(text.format(i=i).encode(), round(i * 1e6 / rate_hz)) for i in range(round(seconds * rate_hz))]


def frames(swapped: bool, order: ChannelOrder, seconds: int = 30) -> list[tuple[bytes, int]]:
    counts = WearerSource(load_wearer(wearer_names()[0])).read(125 * seconds)
    if swapped:
        counts = counts[:, ::-1]
    sent = [
        DataFrame(DataFlags.NONE, 0, 8000 * (i + 5), i, 0, 5, *(tuple(c) for c in counts[i : i + 5].T.tolist()))
        for i in range(0, len(counts), 5)
    ]
    chunks = [(encode_frame(frame), 0) for frame in sent]
    info = BoardInfo((1, 0, 0), 0x15, SensorFault.NONE, 0x60, 0x35, 7200, 7200, 125_000, order)
    return [(encode_frame(InfoFrame(DataFlags.NONE, 0, 0, 0, info)), 0), *chunks]


def test_a_low_rate_is_told_once_an_epoch() -> None:
    made = link()
    (warning,) = warnings_of(made, lines(25.0, 20))
    assert warning == LinkWarning(
        WarningReason.LOW_RATE, "only 25.0 samples a second arrive: set the sketch to 50 or more, best 125"
    )
    again = lines(25.0, 5, "{i},7\n")
    assert [w.reason for w in warnings_of(made, [(b"IR,RED\n", 0), *again])] == [WarningReason.LOW_RATE]


@pytest.mark.parametrize("rate_hz", [49.8, 50.0, 125.0])
def test_a_sufficient_rate_is_none(rate_hz: float) -> None:
    assert warnings_of(link(), lines(rate_hz, 10)) == []


@pytest.mark.parametrize(("baud", "told"), [(9600, 1), (38_400, 1), (57_600, 0), (115_200, 0), (None, 0)])
def test_text_at_a_slow_baud_rate(baud: int | None, told: int) -> None:
    warnings = warnings_of(link(baud), lines(100.0, 10))
    assert [w.reason for w in warnings] == [WarningReason.SLOW_BAUD] * told
    assert all("set Serial.begin(115200) in the sketch and --baud 115200" in w.text for w in warnings)


def test_frames_at_a_slow_baud_rate_bring_their_own_clock() -> None:
    assert warnings_of(link(9600), frames(False, ChannelOrder.GENUINE, 5)) == []


def test_only_a_tty_has_a_baud_rate(line: Any) -> None:
    text = b"".join(data for data, _ in lines(100.0, 1))
    with BoardReader(line.path, baud=9600) as reader:
        line.write(text)
        messages = [next(reader), next(reader)]
    assert isinstance(messages[1], LinkWarning)
    assert messages[1].reason is WarningReason.SLOW_BAUD


@pytest.mark.parametrize(
    ("order", "remedy"),
    [(ChannelOrder.GENUINE, "SWAPPED_LEDS = true"), (ChannelOrder.SWAPPED, "SWAPPED_LEDS = false")],
)
def test_swapped_channels_of_frames(order: ChannelOrder, remedy: str) -> None:
    (warning,) = warnings_of(link(), frames(True, order))
    assert warning.reason is WarningReason.SWAPPED_CHANNELS
    assert remedy in warning.text
    assert warnings_of(link(), frames(False, order)) == []


@pytest.mark.parametrize("swapped", [False, True])
def test_swapped_channels_of_text(swapped: bool) -> None:
    counts = WearerSource(load_wearer(wearer_names()[0])).read(125 * 30)
    red, ir = (counts[:, 0], counts[:, 1]) if swapped else (counts[:, 1], counts[:, 0])
    text = [(f"{r},{i}\n".encode(), 8000 * n) for n, (r, i) in enumerate(zip(red, ir, strict=True))]
    warnings = warnings_of(link(), text)
    assert [w.reason for w in warnings] == [WarningReason.SWAPPED_CHANNELS] * swapped
    assert all("exchange RED and IR in the sketch" in w.text for w in warnings)


def test_a_sketch_without_red_is_never_swapped() -> None:
    text = [(f"{i}\n".encode(), 8000 * n) for n, i in enumerate(np.arange(125 * 30) % 9)]
    assert warnings_of(link(), text) == []


def test_every_warning_is_one_line(info_frame: Callable[..., InfoFrame]) -> None:
    told = warnings_of(link(9600), lines(25.0, 5)) + warnings_of(link(), frames(True, ChannelOrder.GENUINE))
    assert {warning.reason for warning in told} == set(WarningReason)
    assert not [warning for warning in told if "\n" in warning.text]
