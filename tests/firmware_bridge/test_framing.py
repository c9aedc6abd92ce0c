"""The codec against plain loops, and the decoder against every way to cut and to spoil a stream."""

import random
import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.codec import decode_body, encode_body
from firmware_bridge.errors import WireError, WireReason
from firmware_bridge.framing import DecoderCounts, FrameDecoder, encode_frame
from firmware_bridge.protocol import (
    CLOCK_MODULUS,
    EPOCH_MODULUS,
    INDEX_MODULUS,
    MAX_BODY,
    MAX_ENCODED,
    SEQUENCE_MODULUS,
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
    InfoFrame,
    SensorFault,
)

u8, u16, u32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
flags = st.integers(0, 15).map(DataFlags)
counts = st.integers(0, 2**18 - 1)


@st.composite
def data_frames(draw: st.DrawFn) -> DataFrame:
    n = draw(st.integers(1, 5))
    pairs = [tuple(draw(counts) for _ in range(n)) for _ in range(2)]
    depth = draw(st.integers(n, 32))
    return DataFrame(draw(flags), draw(u16), draw(u32), draw(u32), draw(u8), depth, *pairs)


infos = st.builds(
    BoardInfo, st.tuples(u8, u8, u8), u8, st.sampled_from(SensorFault), u8, u8, u16, u16, u32,
    st.sampled_from(ChannelOrder),
)  # fmt: skip
frames = st.one_of(
    data_frames(),
    st.builds(InfoFrame, flags, u16, u32, u8, infos),
    st.builds(EventFrame, flags, u16, u32, u32, u8, st.sampled_from(EventCode), u16),
    st.builds(CommandFrame, u16, st.sampled_from(CommandCode), u32),
    st.builds(AckFrame, flags, u16, u32, u16, st.sampled_from(CommandCode), st.sampled_from(AckResult), u32),
)


def test_numbers_begin_anew_where_their_fields_are_full() -> None:
    last = DataFrame(
        DataFlags.NONE, SEQUENCE_MODULUS - 1, CLOCK_MODULUS - 1, INDEX_MODULUS - 1, EPOCH_MODULUS - 1, 1, (0,), (0,)
    )
    body = encode_body(last)
    # After version, type and flags: sequence, clock, index and epoch.
    assert body[2:13] == b"\xff" * 11
    assert decode_body(body) == last


def plain_crc(data: bytes) -> int:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def plain_cobs(data: bytes) -> bytes:
    out = bytearray([0])
    code_at = 0
    for byte in data:
        if byte:
            out.append(byte)
        else:
            out[code_at] = len(out) - code_at
            code_at = len(out)
            out.append(0)
    out[code_at] = len(out) - code_at
    return bytes(out)


def decode(stream: bytes) -> list[Frame]:
    return FrameDecoder().feed(b"\0" + stream)


def test_the_crc_is_ccitt_false() -> None:
    assert plain_crc(b"123456789") == 0x29B1


@given(frames)
def test_the_wire_is_what_plain_loops_say(frame: Frame) -> None:
    body = encode_body(frame)
    assert len(body) <= MAX_BODY
    assert encode_frame(frame) == plain_cobs(body + plain_crc(body).to_bytes(2, "big")) + b"\0"
    assert decode_body(body) == frame


def test_the_documented_bytes_of_a_data_frame() -> None:
    frame = DataFrame(DataFlags.SATURATED, 0x0201, 0x06050403, 0x0A090807, 0x0B, 0x0C, (0x030201,), (0x010203,))
    assert encode_body(frame) == bytes([0x11, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 1, 2, 3, 3, 2, 1])


def test_a_full_frame_fills_11_percent_of_the_line() -> None:
    frame = DataFrame(DataFlags.NONE, 0, 0, 0, 0, 5, (1,) * 5, (1,) * 5)
    assert 25 * len(encode_frame(frame)) * 10 / 115200 == pytest.approx(0.106, abs=0.001)


@pytest.mark.parametrize(
    "change",
    [{"ir_counts": ()}, {"red_counts": (1,)}, {"fifo_depth": 33}, {"fifo_depth": 4}, {"sequence": 1 << 16},
     {"ir_counts": (1 << 18,) * 5}, {"t_us": -1}],
)  # fmt: skip
def test_what_does_not_fit_is_not_sent(change: dict[str, object]) -> None:
    frame = DataFrame(DataFlags.NONE, 0, 0, 0, 0, 5, (1,) * 5, (1,) * 5)
    with pytest.raises(ValueError, match=r"wire|DATA frame|18 bits"):
        encode_frame(frame._replace(**change))  # type: ignore[arg-type]


@given(st.lists(frames, max_size=8), st.lists(st.integers(0, 400), max_size=12))
def test_any_chunking_gives_the_same_frames(sent: list[Frame], cuts: list[int]) -> None:
    stream = b"\0" + b"".join(encode_frame(frame) for frame in sent)
    decoder = FrameDecoder()
    got: list[Frame] = []
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for first, last in pairwise(edges):
        got += decoder.feed(stream[first:last])
    assert got == sent
    assert (decoder.counts.frames, decoder.counts.dropped) == (len(sent), 0)


@st.composite
def spoilt_streams(draw: st.DrawFn) -> tuple[list[Frame], bytes, list[Frame]]:
    """Frames before and among the damage, the damaged bytes, and frames after it."""
    before = draw(st.lists(frames, min_size=1, max_size=6))
    stream = bytearray(b"".join(encode_frame(frame) for frame in before))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(stream) - 1))
        match draw(st.sampled_from(["flip", "insert", "delete", "cut", "repeat"])):
            case "flip":
                stream[at] ^= draw(st.integers(1, 255))
            case "insert":
                stream[at:at] = draw(st.binary(min_size=1, max_size=80))
            case "delete":
                del stream[at]
                stream = stream or bytearray(b"\0")
            case "cut":
                stream = stream[: at + 1]
            case _:
                stream[at:at] = stream[max(0, at - 30) : at]
    return before, bytes(stream), draw(st.lists(frames, min_size=2, max_size=4))


@given(spoilt_streams(), st.integers(1, 64))
@settings(max_examples=300, derandomize=True)
def test_damage_never_makes_a_frame_and_ends_within_two(
    streams: tuple[list[Frame], bytes, list[Frame]], chunk: int
) -> None:
    before, damaged, after = streams
    stream = b"\0" + damaged + b"".join(encode_frame(frame) for frame in after)
    decoder = FrameDecoder()
    got = [frame for i in range(0, len(stream), chunk) for frame in decoder.feed(stream[i : i + chunk])]
    assert all(frame in before or frame in after for frame in got)
    assert got[-(len(after) - 1) :] == after[1:]


def test_noise_is_bounded_counted_and_never_a_frame() -> None:
    noise = random.Random(1).randbytes(200_000)
    decoder = FrameDecoder()
    assert [frame for i in range(0, len(noise), 997) for frame in decoder.feed(noise[i : i + 997])] == []
    assert decoder.counts.corrupt > 100
    assert decoder.counts.oversized > 100
    decoder.feed(b"\1" * 1_000_000)
    assert len(decoder._partial) == MAX_ENCODED + 1


@given(st.lists(st.integers(1, 200), min_size=1, max_size=5), st.integers(1, 50))
def test_oversized_pieces_are_counted_once_in_any_chunking(lengths: list[int], chunk: int) -> None:
    stream = b"\0" + b"".join(b"\1" * length + b"\0" for length in lengths)
    decoder = FrameDecoder()
    for i in range(0, len(stream), chunk):
        decoder.feed(stream[i : i + chunk])
    assert decoder.counts.oversized == sum(length > MAX_ENCODED for length in lengths)
    assert decoder.counts.corrupt == sum(length <= MAX_ENCODED for length in lengths)


def sealed(body: bytes) -> bytes:
    return plain_cobs(body + plain_crc(body).to_bytes(2, "big")) + b"\0"


def test_other_versions_and_types_are_told_apart_from_damage() -> None:
    decoder = FrameDecoder()
    good = bytearray(encode_body(DataFrame(DataFlags.NONE, 1, 2, 3, 4, 5, (6,) * 5, (7,) * 5)))
    bodies = [good.copy() for _ in range(5)]
    bodies[0][0] = 0x21  # version 2
    bodies[1][0] = 0x17  # no such type
    bodies[2][14] = 4  # n does not fit the length
    bodies[3][17] = 0xFF  # 24-bit counts
    bodies[4][13] = 33  # deeper than the FIFO
    event = encode_body(EventFrame(DataFlags.NONE, 0, 0, 0, 0, EventCode.SENSOR_LOST, 0))
    unknown_event = event[:13] + b"\x63" + event[14:]
    stream = b"".join(sealed(bytes(body)) for body in [*bodies, unknown_event, good])
    assert len(decoder.feed(b"\0" + stream)) == 1
    counts = decoder.counts
    assert (counts.unknown_version, counts.unknown_type, counts.corrupt, counts.oversized) == (1, 2, 3, 0)
    assert decoder.unknown_version == 2


def test_the_beginning_of_a_running_stream_is_no_damage() -> None:
    decoder = FrameDecoder()
    frame = DataFrame(DataFlags.NONE, 1, 2, 3, 4, 5, (6,) * 5, (7,) * 5)
    assert decoder.feed(encode_frame(frame)[20:] + encode_frame(frame)) == [frame]
    assert decoder.counts.dropped == 0
    decoder.feed(encode_frame(frame)[20:])
    assert decoder.counts.corrupt == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", WireReason.CORRUPT), (b"\x11", WireReason.CORRUPT),
     (struct.pack("<BBHI", 0x10, 0, 0, 0), WireReason.CORRUPT),
     (b"\x31", WireReason.UNKNOWN_VERSION), (b"\x1f", WireReason.UNKNOWN_TYPE)],
)  # fmt: skip
def test_bodies_that_are_none(body: bytes, reason: WireReason) -> None:
    with pytest.raises(WireError) as caught:
        decode_body(body)
    assert caught.value.reason is reason


@pytest.mark.parametrize("piece", [b"\1" * 200, b"\1" * 20, plain_cobs(b"\xff\xff")])
def test_nothing_before_the_first_zero_is_counted(piece: bytes) -> None:
    decoder = FrameDecoder()
    assert decoder.feed(piece + b"\0") == []
    assert decoder.counts == DecoderCounts()
    decoder.feed(piece + b"\0")
    assert decoder.counts.dropped == 1


def test_what_is_dropped_is_the_sum() -> None:
    assert DecoderCounts(frames=1, corrupt=3, oversized=3, unknown_version=3, unknown_type=3).dropped == 12


@pytest.mark.parametrize("place", range(10))
def test_the_nineteenth_bit_of_any_sample_is_damage(place: int) -> None:
    body = bytearray(encode_body(DataFrame(DataFlags.NONE, 1, 2, 3, 4, 5, (0x3FFFF,) * 5, (0x3FFFF,) * 5)))
    body[15 + 3 * place + 2] = 4
    with pytest.raises(WireError) as caught:
        decode_body(bytes(body))
    assert caught.value.reason is WireReason.CORRUPT


@pytest.mark.parametrize("n", range(1, 6))
@pytest.mark.parametrize("depth", [-1, 0, 32, 33])
def test_a_depth_is_from_the_frame_to_the_whole_fifo(n: int, depth: int) -> None:
    depth = n + depth if depth <= 0 else depth
    body = bytearray(encode_body(DataFrame(DataFlags.NONE, 1, 2, 3, 4, 5, (6,) * n, (7,) * n)))
    body[13] = depth
    if n <= depth <= 32:
        frame = decode_body(bytes(body))
        assert isinstance(frame, DataFrame)
        assert frame.fifo_depth == depth
    else:
        with pytest.raises(WireError):
            decode_body(bytes(body))


@pytest.mark.parametrize("n", range(1, 6))
def test_a_sealed_frame_ends_with_its_tag(n: int) -> None:
    frame = DataFrame(DataFlags.SEALED, 1, 2, 3, 4, n, (6,) * n, (7,) * n, bytes(range(1, 9)))
    body = encode_body(frame)
    assert body[-8:] == frame.tag
    assert decode_body(body) == frame
    for spoilt in (frame._replace(tag=b""), frame._replace(tag=bytes(7)), frame._replace(flags=DataFlags.NONE)):
        with pytest.raises(ValueError, match="tag of"):
            encode_body(spoilt)


def test_every_byte_of_flags_is_read() -> None:
    event = encode_body(EventFrame(DataFlags.NONE, 1, 2, 3, 4, EventCode.SENSOR_LOST, 5))
    for bits in range(256):
        frame = decode_body(event[:1] + bytes([bits]) + event[2:])
        assert isinstance(frame, EventFrame)
        assert int(frame.flags) == bits


@pytest.mark.parametrize("counts", [-1, 1 << 18])
def test_counts_of_more_or_less_than_18_bits_are_not_sent(counts: int) -> None:
    for n in range(1, 6):
        for samples in ((counts, *(0,) * (n - 1)), (*(0,) * (n - 1), counts)):
            frame = DataFrame(DataFlags.NONE, 0, 0, 0, 0, n, samples, (0,) * n)
            with pytest.raises(ValueError, match="18 bits"):
                encode_body(frame)


def test_what_is_no_frame_is_told_by_type() -> None:
    event = encode_body(EventFrame(DataFlags.NONE, 1, 2, 3, 4, EventCode.SENSOR_LOST, 5))
    with pytest.raises(WireError, match="a frame of type 2: "):
        decode_body(event[:13] + b"\x63" + event[14:])
    with pytest.raises(WireError, match=f"a frame of type 2 of {len(event) - 1} bytes"):
        decode_body(event[:-1])
