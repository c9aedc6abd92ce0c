"""A status a second, from the messages of that second."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from device.events import Event, LinkDown, LinkStatus, LinkUp, LinkWarned
from device.link_watch import LinkWatch
from device.output import narrate
from firmware_bridge import BoardInfo, LinkLost, LinkRestored, LinkStatistics, LinkWarning, Message, SampleBlock
from firmware_bridge.errors import PortReason
from firmware_bridge.messages import WarningReason
from firmware_bridge.protocol import ChannelOrder, DataFlags, SensorFault

INFO = BoardInfo((1, 2, 3), 0x15, SensorFault.NACK, 0x60, 0x35, 7200, 7200, 125_000, ChannelOrder.GENUINE)


class Reader:
    """Messages that come when they are due, by a clock that only they move."""

    def __init__(self, *due: tuple[float, Message]) -> None:
        self._due = due
        self.time_s = 0.0
        self.samples = 0

    def __iter__(self) -> Iterator[Message]:
        for at_s, message in self._due:
            self.time_s = at_s
            if isinstance(message, SampleBlock):
                self.samples += len(message.ir_counts)
            yield message

    def statistics(self) -> LinkStatistics:
        return LinkStatistics(self.samples, 1, 2, 3, 124.96 if self.samples > 4 else None)


def block(ir: int, red: int) -> SampleBlock:
    def counts(level: int) -> Any:
        return np.array([level - 1, level + 1], np.int32)

    return SampleBlock(0, 0, 1, 0, counts(ir), counts(red), DataFlags.NONE)


def watch(reader: Reader) -> list[Event]:
    return list(LinkWatch(reader.statistics, lambda: reader.time_s).events(reader))


def test_a_status_a_second_with_the_levels_of_that_second() -> None:
    reader = Reader(
        (0.1, INFO), (0.2, block(100_000, 90_000)), (0.6, block(200_000, 70_000)), (1.0, block(150_000, 80_000)),
        (1.9, LinkStatistics(0, 0, 0, 0, None)), (2.1, block(1_000, 900)), (2.2, block(5_000, 900)),
    )  # fmt: skip
    says = "board with firmware 1.2.3, nominally 125 Hz, last error: nack"
    assert watch(reader) == [
        LinkStatus(1.0, 6, 1, 2, 3, 124.96, 150_000, 80_000, True, says),
        LinkStatus(2.1, 8, 1, 2, 3, 124.96, 1_000, 900, False, says),
        LinkStatus(2.2, 10, 1, 2, 3, 124.96, 5_000, 900, False, says),
    ]


def test_statuses_stay_on_the_second() -> None:
    reader = Reader(*((0.4 * i, block(50_000, 40_000)) for i in range(1, 17)))
    times = [round(event.time_s, 1) for event in watch(reader)]
    assert times == [1.2, 2.0, 3.2, 4.0, 5.2, 6.0, 6.4]


def test_what_happens_to_the_link_is_told_at_once() -> None:
    reader = Reader(
        (0.1, LinkWarning(WarningReason.SLOW_BAUD, "text at 9600 baud")),
        (0.2, LinkLost(PortReason.UNPLUGGED, "gone")),
        (9.5, LinkRestored(1, 9.3)),
        (9.8, block(50_000, 40_000)),
    )
    events = watch(reader)
    assert [type(event) for event in events] == [LinkWarned, LinkDown, LinkUp, LinkStatus, LinkStatus]
    assert events[3] == LinkStatus(9.5, 0, 1, 2, 3, None, None, None, False, "no word from the board yet")


def test_a_status_is_one_line_and_one_flat_object() -> None:
    full = LinkStatus(61.0, 7500, 3, 2, 1, 124.96, 130_000, 98_000, True, "board with firmware 1.2.3")
    assert narrate(full) == (
        "  61 s  125.0 Hz, 7500 samples, 3 samples lost, 2 frames or lines corrupt, 1 restarts; "
        "IR 130000, RED 98000, finger; board with firmware 1.2.3"
    )
    empty = LinkStatus(1.0, 0, 0, 0, 0, None, None, None, False, "no word from the board yet")
    assert (
        narrate(empty) == "   1 s  rate not known yet, 0 samples, nothing lost; no samples; no word from the board yet"
    )
    assert json.loads(json.dumps(full.to_json()))["ir_counts"] == 130_000
    assert empty.to_json()["measured_rate_hz"] is None
