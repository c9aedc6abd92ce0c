"""What must hold of the decoder and of the link on any stream; what breaks it is an AssertionError."""

from collections import deque
from dataclasses import dataclass

from firmware_bridge.commands import Commands
from firmware_bridge.framing import FrameDecoder
from firmware_bridge.link import Link
from firmware_bridge.messages import Message, SampleBlock
from firmware_bridge.protocol import MAX_ENCODED, DataFrame, Frame
from firmware_bridge.sketches import KEPT_LINES, MAX_LINE, RECOGNISE_LINES
from firmware_bridge.tallies import Tally
from tests.fuzzing.material import Material
from tests.fuzzing.reference import is_sealed
from tests.fuzzing.streams import Stream

MOST_KEPT = (MAX_ENCODED + 1) + (MAX_LINE + 1) * (1 + KEPT_LINES) + 2 * RECOGNISE_LINES
"""Bytes and numbers that a link may hold between two calls: half a frame, half a line, and lines to quote."""
CHUNK_S = 0.004


@dataclass(slots=True)
class Report:
    """Totals over streams.

    A damaged piece is what lies between two zeros and is no whole frame; its CRC is right by chance once in
    65536. ``accepted`` of those pass the decoder, ``believed`` come out of the link as samples.
    """

    streams: int = 0
    text_streams: int = 0
    bytes: int = 0
    whole: int = 0
    damaged: int = 0
    sealed: int = 0
    accepted: int = 0
    believed: int = 0
    refused: int = 0
    """Whole DATA frames that came again, or late, of which the link made no samples."""
    most_missing: int = 0
    """Whole frames after the last bad byte that did not come out, at most."""


def check(material: Material, stream: Stream, report: Report) -> None:
    """Feed one stream to a decoder and to a link, compare, and count."""
    report.streams += 1
    report.bytes += len(stream.data)
    if stream.is_text:
        report.text_streams += 1
        check_text(stream)
        return
    decoder = FrameDecoder()
    frames = [frame for chunk in stream.chunks for frame in decoder.feed(chunk)]
    assert kept(decoder) <= MAX_ENCODED + 1
    pieces = [piece for piece in stream.data.split(b"\0")[:-1] if piece]
    wanted = [material.frames[piece] for piece in pieces if piece in material.frames]
    damaged = [piece for piece in pieces if piece not in material.frames and piece not in material.foreign]
    sealed = sum(is_sealed(piece) for piece in damaged)
    chance: list[Frame] = []
    if frames != wanted:
        chance = strangers(frames, wanted)
        assert len(chance) <= sealed, f"{len(chance)} frames of pieces whose CRC is wrong: {stream.data.hex()}"
    tail = [material.frames[piece] for piece in stream.tail]
    missing = sum(frame not in frames for frame in tail)
    assert frames[-1:] == tail[-1:], f"two whole frames did not synchronise: {stream.data.hex()}"
    report.whole += len(wanted)
    report.damaged += len(damaged)
    report.sealed += sealed
    report.accepted += len(chance)
    report.most_missing = max(report.most_missing, missing)
    check_link(stream, frames, chance, report)


def strangers(frames: list[Frame], wanted: list[Frame]) -> list[Frame]:
    """The frames that were not wanted; every wanted one must be there, in order."""
    extra, left = [], list(reversed(wanted))
    for frame in frames:
        if left and frame == left[-1]:
            left.pop()
        else:
            extra.append(frame)
    assert not left, f"{len(left)} whole frames were not decoded"
    return extra


def check_link(stream: Stream, frames: list[Frame], chance: list[Frame], report: Report) -> None:
    """The link's samples are those of the decoder's frames, in order, with ascending indices."""
    link, messages = run_chunks(stream.chunks)
    if not link.speaks_frames:
        assert not frames, f"frames taken for text: {stream.data.hex()}"
        return
    blocks = [(m.ir_counts.tolist(), m.red_counts.tolist()) for m in messages if isinstance(m, SampleBlock)]
    data = [frame for frame in frames if isinstance(frame, DataFrame)]
    made = 0
    for frame in data:
        if made < len(blocks) and blocks[made] == (list(frame.ir_counts), list(frame.red_counts)):
            made += 1
            report.believed += frame in chance
        else:
            report.refused += frame not in chance
    assert made == len(blocks), f"samples of no frame: {stream.data.hex()}"


def check_text(stream: Stream) -> None:
    """After a dozen whole lines the format is known, and the last two are samples."""
    link, messages = run_chunks(stream.chunks)
    assert link.speaks, f"a dozen lines are not recognised: {stream.data!r}"
    if link.speaks_frames:
        return
    ir = [value for m in messages if isinstance(m, SampleBlock) for value in m.ir_counts.tolist()]
    for shown, text in zip(ir[-2:], stream.tail[-2:], strict=True):
        assert str(shown) in text.decode("ascii"), f"{stream.tail[-2:]} gave {ir[-2:]}: {stream.data!r}"


def run_chunks(chunks: list[bytes]) -> tuple[Link, list[Message]]:
    """A link that was fed the chunks, and its messages, whose indices and clocks were looked at."""
    link, messages = Link(Tally(), Commands(1.0)), []
    for number, chunk in enumerate(chunks):
        messages += link.feed(chunk, round(1e6 * CHUNK_S * number))
    assert kept(link) <= MOST_KEPT
    check_order(messages)
    return link, messages


def check_order(messages: list[Message]) -> None:
    """Within an epoch neither the index nor the clock goes back; the next epoch has the next number or a later one."""
    epoch, next_index, t_us = -1, 0, 0
    for message in messages:
        if not isinstance(message, SampleBlock):
            continue
        if message.epoch != epoch:
            assert message.epoch > epoch
            epoch, next_index, t_us = message.epoch, message.index, message.t_us
        assert message.index >= next_index, f"index {message.index} after {next_index - 1}"
        assert message.t_us >= t_us, f"the clock went back from {t_us} to {message.t_us}"
        assert message.clock_index >= message.index + len(message.ir_counts) - 1
        next_index, t_us = message.index + len(message.ir_counts), message.t_us


def kept(holder: object) -> int:
    """Bytes, characters and elements that one of the bridge's objects holds on to, whatever it calls them."""
    if isinstance(holder, (bytes, bytearray, str)):
        return len(holder)
    if isinstance(holder, (list, tuple, set, dict, deque)):
        return len(holder) + sum(map(kept, holder))
    if not type(holder).__module__.startswith("firmware_bridge"):
        return 0
    names = [*getattr(holder, "__dict__", ()), *getattr(type(holder), "__slots__", ())]
    return sum(kept(getattr(holder, name)) for name in names)
