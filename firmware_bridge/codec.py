"""Frame bodies to bytes and back, by the layouts of ``protocol``."""

import struct
from collections.abc import Callable
from typing import Never

from firmware_bridge.errors import WireError, WireReason
from firmware_bridge.protocol import (
    ACK_LAYOUT,
    COMMAND_LAYOUT,
    DATA_HEAD_LAYOUT,
    EVENT_LAYOUT,
    FIFO_SAMPLES,
    INFO_LAYOUT,
    MAX_COUNTS,
    MAX_SAMPLES,
    TAG_BYTES,
    VERSION,
    AckFrame,
    AckResult,
    BoardInfo,
    ChannelOrder,
    CommandCode,
    CommandFrame,
    DataFlags,
    DataFrame,
    EventCode,
    EventFrame,
    Frame,
    FrameType,
    InfoFrame,
    SensorFault,
)

# A u24 is read as u16 and u8: struct has no three-byte integer, and one unpack is faster than ten
# conversions.
_DATA_LAYOUTS = {n: struct.Struct(DATA_HEAD_LAYOUT.format + "HB" * (2 * n)) for n in range(1, MAX_SAMPLES + 1)}
_FULL = _DATA_LAYOUTS[MAX_SAMPLES]
# What NamedTuple's own constructors come to, at half their cost.
_new = tuple.__new__
# Looking one up takes a tenth of making one, and every frame needs one.
_FLAGS = tuple(DataFlags(bits) for bits in range(256))
_SEALED = int(DataFlags.SEALED)


def encode_body(frame: Frame) -> bytes:
    """The body of a frame, without CRC and framing.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    try:
        return _ENCODERS[type(frame)](frame)
    except struct.error as error:
        raise ValueError(f"{frame} does not fit the wire: {error}") from error


def decode_body(body: bytes) -> Frame:
    """The frame of a body whose CRC was right.

    Raises:
        WireError: another version, an unknown type or code, or a content that no board can mean.
    """
    decode = _DECODERS.get(body[0]) if body else _refuse
    try:
        return (decode or _refuse)(body)
    except struct.error as error:
        raise WireError(WireReason.CORRUPT, f"a frame of type {body[0] & 0x0F} of {len(body)} bytes") from error
    except ValueError as error:
        raise WireError(WireReason.UNKNOWN_TYPE, f"a frame of type {body[0] & 0x0F}: {error}") from error


def _refuse(body: bytes) -> Never:
    if not body:
        raise WireError(WireReason.CORRUPT, "an empty frame")
    version, kind = body[0] >> 4, body[0] & 0x0F
    if version != VERSION:
        raise WireError(WireReason.UNKNOWN_VERSION, f"a frame of protocol version {version}, not {VERSION}")
    raise WireError(WireReason.UNKNOWN_TYPE, f"a frame of unknown type {kind}")


def _first(kind: FrameType) -> int:
    return VERSION << 4 | kind


def _encode_info(frame: InfoFrame) -> bytes:
    i = frame.info
    return INFO_LAYOUT.pack(
        _first(FrameType.INFO), frame.flags, frame.sequence, frame.t_us, frame.epoch, *i.firmware_version,
        i.part_id, i.last_error, i.fifo_config, i.spo2_config, i.ir_current_ua, i.red_current_ua,
        i.nominal_rate_mhz, i.channel_order,
    )  # fmt: skip


def _decode_info(body: bytes) -> InfoFrame:
    _, flags, sequence, t_us, epoch, major, minor, patch, part, fault, fifo, spo2, ir, red, rate, order = (
        INFO_LAYOUT.unpack(body)
    )
    info = BoardInfo((major, minor, patch), part, SensorFault(fault), fifo, spo2, ir, red, rate, ChannelOrder(order))
    return InfoFrame(_FLAGS[flags], sequence, t_us, epoch, info)


def _encode_data(frame: DataFrame) -> bytes:
    n = len(frame.ir_counts)
    if not 1 <= n <= MAX_SAMPLES or len(frame.red_counts) != n or not n <= frame.fifo_depth <= FIFO_SAMPLES:
        raise ValueError(f"a DATA frame of {n} IR and {len(frame.red_counts)} RED of {frame.fifo_depth} samples")
    if len(frame.tag) != (TAG_BYTES if frame.flags & _SEALED else 0):
        raise ValueError(f"a DATA frame with flags {int(frame.flags)} and a tag of {len(frame.tag)} bytes")
    words: list[int] = []
    for counts in (c for pair in zip(frame.ir_counts, frame.red_counts, strict=True) for c in pair):
        if not 0 <= counts <= MAX_COUNTS:
            raise ValueError(f"{counts} counts; the sensor has 18 bits")
        words += (counts & 0xFFFF, counts >> 16)
    return _DATA_LAYOUTS[n].pack(
        _first(FrameType.DATA), frame.flags, frame.sequence, frame.t_us, frame.index, frame.epoch,
        frame.fifo_depth, n, *words,
    ) + frame.tag  # fmt: skip


def _decode_data(body: bytes) -> DataFrame:
    if len(body) > 1 and body[1] & _SEALED:
        return _decode_samples(body[:-TAG_BYTES], body[-TAG_BYTES:])
    return _decode_samples(body, b"")


def _decode_samples(body: bytes, tag: bytes) -> DataFrame:
    if len(body) == _FULL.size:
        return _decode_full(body, tag)
    n = body[14] if len(body) > 14 else 0
    layout = _DATA_LAYOUTS.get(n)
    if layout is None:
        raise WireError(WireReason.CORRUPT, f"a DATA frame of {n} samples")
    _, flags, sequence, t_us, index, epoch, depth, _, *words = layout.unpack(body)
    counts = [low | high << 16 for low, high in zip(words[::2], words[1::2], strict=True)]
    if max(counts) > MAX_COUNTS or not n <= depth <= FIFO_SAMPLES:
        raise WireError(WireReason.CORRUPT, f"a DATA frame of {max(counts)} counts at FIFO depth {depth}")
    ir_counts, red_counts = tuple(counts[::2]), tuple(counts[1::2])
    return DataFrame(_FLAGS[flags], sequence, t_us, index, epoch, depth, ir_counts, red_counts, tag)


def _decode_full(body: bytes, tag: bytes) -> DataFrame:
    """The same for the five samples of nearly every frame there is, in half the time; h: the high byte."""
    (
        _, flags, sequence, t_us, index, epoch, depth, n,
        i0, ih0, r0, rh0, i1, ih1, r1, rh1, i2, ih2, r2, rh2, i3, ih3, r3, rh3, i4, ih4, r4, rh4,
    ) = _FULL.unpack(body)  # fmt: skip
    highest = ih0 | rh0 | ih1 | rh1 | ih2 | rh2 | ih3 | rh3 | ih4 | rh4
    if n != MAX_SAMPLES or highest > MAX_COUNTS >> 16 or not MAX_SAMPLES <= depth <= FIFO_SAMPLES:
        raise WireError(WireReason.CORRUPT, f"a DATA frame of {n} samples, beyond 18 bits, or at FIFO depth {depth}")
    return _new(DataFrame, (
        _FLAGS[flags], sequence, t_us, index, epoch, depth,
        (i0 | ih0 << 16, i1 | ih1 << 16, i2 | ih2 << 16, i3 | ih3 << 16, i4 | ih4 << 16),
        (r0 | rh0 << 16, r1 | rh1 << 16, r2 | rh2 << 16, r3 | rh3 << 16, r4 | rh4 << 16),
        tag,
    ))  # fmt: skip


def _encode_event(frame: EventFrame) -> bytes:
    return EVENT_LAYOUT.pack(
        _first(FrameType.EVENT), frame.flags, frame.sequence, frame.t_us, frame.index, frame.epoch,
        frame.code, frame.detail,
    )  # fmt: skip


def _decode_event(body: bytes) -> EventFrame:
    _, flags, sequence, t_us, index, epoch, code, detail = EVENT_LAYOUT.unpack(body)
    return EventFrame(_FLAGS[flags], sequence, t_us, index, epoch, EventCode(code), detail)


def _encode_command(frame: CommandFrame) -> bytes:
    return COMMAND_LAYOUT.pack(_first(FrameType.COMMAND), 0, frame.sequence, frame.code, frame.argument)


def _decode_command(body: bytes) -> CommandFrame:
    _, _, sequence, code, argument = COMMAND_LAYOUT.unpack(body)
    return CommandFrame(sequence, CommandCode(code), argument)


def _encode_ack(frame: AckFrame) -> bytes:
    return ACK_LAYOUT.pack(
        _first(FrameType.ACK), frame.flags, frame.sequence, frame.t_us, frame.command_sequence, frame.code,
        frame.result, frame.value,
    )  # fmt: skip


def _decode_ack(body: bytes) -> AckFrame:
    _, flags, sequence, t_us, command_sequence, code, result, value = ACK_LAYOUT.unpack(body)
    return AckFrame(_FLAGS[flags], sequence, t_us, command_sequence, CommandCode(code), AckResult(result), value)


_ENCODERS: dict[type, Callable[..., bytes]] = {
    InfoFrame: _encode_info,
    DataFrame: _encode_data,
    EventFrame: _encode_event,
    CommandFrame: _encode_command,
    AckFrame: _encode_ack,
}
_DECODERS: dict[int, Callable[[bytes], Frame]] = {
    _first(FrameType.INFO): _decode_info,
    _first(FrameType.DATA): _decode_data,
    _first(FrameType.EVENT): _decode_event,
    _first(FrameType.COMMAND): _decode_command,
    _first(FrameType.ACK): _decode_ack,
}
