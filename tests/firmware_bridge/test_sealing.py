"""The seal of DATA frames: what it is made of, that damage breaks it, and which frames a host believes."""

import hashlib
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.board import LightBoard
from firmware_bridge.codec import decode_body, encode_body
from firmware_bridge.commands import Commands
from firmware_bridge.errors import WireError
from firmware_bridge.framing import FrameDecoder, encode_frame
from firmware_bridge.link import Link
from firmware_bridge.messages import SampleBlock
from firmware_bridge.protocol import MAX_BODY, CommandCode, CommandFrame, DataFlags, DataFrame, InfoFrame
from firmware_bridge.seal_check import AGAIN_S, SEAL_S, SealCheck
from firmware_bridge.sealing import Seal
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.tallies import Tally
from tests.firmware_bridge.light_boards import Counting, run
from tests.fuzzing.mutations import MUTATIONS, Mutation
from tests.fuzzing.streams import cut

KEY = bytes(range(16))
Make = Callable[..., DataFrame]
MakeInfo = Callable[..., InfoFrame]

counts = st.integers(0, 2**18 - 1)
keys, nonces = st.binary(min_size=16, max_size=16), st.integers(1, 2**32 - 1)


@st.composite
def frames(draw: st.DrawFn) -> DataFrame:
    n = draw(st.integers(1, 5))
    ir, red = (tuple(draw(st.lists(counts, min_size=n, max_size=n))) for _ in range(2))
    flags = DataFlags(draw(st.integers(0, 15)))
    u16, u32, u8 = (draw(st.integers(0, 2**bits - 1)) for bits in (16, 32, 8))
    return DataFrame(flags, u16, u32, draw(st.integers(0, 2**32 - 1)), u8, draw(st.integers(n, 32)), ir, red)


@given(frames(), keys, nonces)
def test_a_tag_is_of_nonce_and_body_under_the_key(frame: DataFrame, key: bytes, nonce: int) -> None:
    sealed = Seal(key, nonce).sealed(frame)
    body = encode_body(sealed)
    plain = bytearray(encode_body(frame))
    plain[1] += 16
    message = bytes([nonce & 0xFF, nonce >> 8 & 0xFF, nonce >> 16 & 0xFF, nonce >> 24]) + plain
    assert body == plain + hashlib.blake2s(message, key=key, digest_size=8).digest()
    assert len(body) <= MAX_BODY
    assert decode_body(body) == sealed
    assert FrameDecoder().feed(encode_frame(sealed)) == [sealed]
    assert Seal(key, nonce).fits(sealed)
    assert not Seal(key, nonce).fits(frame)


@given(frames(), keys, nonces, st.data())
def test_whatever_bit_is_flipped_the_frame_is_refused(
    frame: DataFrame, key: bytes, nonce: int, data: st.DataObject
) -> None:
    body = bytearray(encode_body(Seal(key, nonce).sealed(frame)))
    bit = data.draw(st.integers(0, 8 * len(body) - 1))
    body[bit // 8] ^= 1 << bit % 8
    try:
        damaged = decode_body(bytes(body))
    except WireError:
        return
    assert not isinstance(damaged, DataFrame) or not Seal(key, nonce).fits(damaged)


@given(frames(), keys, nonces, keys, nonces)
def test_another_key_or_nonce_does_not_fit(
    frame: DataFrame, key: bytes, nonce: int, other_key: bytes, other_nonce: int
) -> None:
    sealed = Seal(key, nonce).sealed(frame)
    assert Seal(other_key, nonce).fits(sealed) == (other_key == key)
    assert Seal(key, other_nonce).fits(sealed) == (other_nonce == nonce)


def test_flag_and_tag_come_together(data_frame: Make) -> None:
    frame = data_frame()
    sealed = Seal(KEY, 1).sealed(frame)
    flagged = frame.flags | DataFlags.SEALED
    for wrong in (frame._replace(flags=flagged), sealed._replace(flags=frame.flags), sealed._replace(tag=b"7 bytes")):
        with pytest.raises(ValueError, match="a tag of"):
            encode_body(wrong)
    unflagged = bytearray(encode_body(sealed))
    unflagged[1] ^= DataFlags.SEALED
    for n in range(1, 6):
        body = bytearray(encode_body(data_frame(n=n)))
        body[1] |= DataFlags.SEALED
        for damaged in (body, unflagged, body[:1], body[:2]):
            with pytest.raises(WireError):
                decode_body(bytes(damaged))


@pytest.mark.parametrize(("key", "nonce"), [(bytes(15), 1), (bytes(17), 1), (KEY, 0), (KEY, 2**32), (KEY, -1)])
def test_no_seal_is_made_of_another_key_or_nonce(key: bytes, nonce: int) -> None:
    with pytest.raises(ValueError, match=r"key has 16|is not 0"):
        Seal(key, nonce)


class Checked:
    """A check whose nonces are 1, 2, 3 ..., and a board that seals with what it was given last."""

    def __init__(self, info: MakeInfo) -> None:
        self.tally = Tally()
        self.drawn = iter(range(1, 100))
        self.check = SealCheck(KEY, self.tally, lambda: next(self.drawn))
        self._info = info
        self.nonces: list[int] = []

    def says(self, flags: DataFlags = DataFlags.NONE, at_s: float = 0.0) -> int | None:
        self.check.info(self._info(flags), at_s)
        nonce = self.check.take_nonce()
        self.nonces += [nonce] if nonce else []
        return nonce

    def sends(self, frame: DataFrame, at_s: float = 0.0, *, nonce: int | None = None) -> bool:
        return self.check.accepts(Seal(KEY, nonce or self.nonces[-1]).sealed(frame), at_s)


@pytest.fixture
def checked(info_frame: MakeInfo) -> Checked:
    return Checked(info_frame)


def test_only_what_is_newer_is_believed(checked: Checked, data_frame: Make) -> None:
    assert checked.says()
    assert checked.sends(data_frame(100))
    assert checked.sends(data_frame(105))
    for index in (105, 100, 95, 0, 109, 110 - 2**31):
        assert not checked.sends(data_frame(index)), index
    assert checked.sends(data_frame(110))
    assert checked.sends(data_frame(0, epoch=1))
    assert not checked.sends(data_frame(115, epoch=0))
    assert not checked.sends(data_frame(0, epoch=255))
    assert checked.sends(data_frame(5, epoch=1))
    assert checked.tally.forged == 8


def test_epochs_that_went_half_way_round_need_a_new_nonce(checked: Checked, data_frame: Make) -> None:
    checked.says()
    assert all(checked.sends(data_frame(0, epoch=(200 + i) % 256)) for i in range(128))
    assert not any(checked.sends(data_frame(0, epoch=(200 + i) % 256), 0.01 * i) for i in range(128, 300))
    assert checked.says(at_s=AGAIN_S)
    assert checked.sends(data_frame(0, epoch=72))


def test_the_index_may_wrap(checked: Checked, data_frame: Make) -> None:
    checked.says()
    assert checked.sends(data_frame(2**32 - 5))
    assert checked.sends(data_frame(0))
    assert not checked.sends(data_frame(2**32 - 5))


def test_a_nonce_is_due_at_first_after_a_boot_and_when_it_did_not_arrive(checked: Checked, data_frame: Make) -> None:
    assert checked.check.take_nonce() is None
    assert checked.says(DataFlags.RESTARTED, 0.0)
    assert checked.says(at_s=1.0) is None
    assert not checked.sends(data_frame(0), 1.1, nonce=99)
    assert not checked.sends(data_frame(5), 1.1 + AGAIN_S - 0.01, nonce=99)
    assert checked.says(at_s=1.1 + AGAIN_S) is None
    assert not checked.sends(data_frame(10), 1.1 + AGAIN_S, nonce=99)
    assert checked.says(at_s=2.0)
    assert checked.sends(data_frame(15), 2.1)
    assert checked.says(at_s=3.0) is None
    assert checked.says(DataFlags.RESTARTED, 4.0)
    # What the nonce before sealed is refused from now on, but not held against the board.
    assert not checked.sends(data_frame(20), 4.1, nonce=checked.nonces[-2])
    assert checked.tally.forged == 0
    assert len(set(checked.nonces)) == 3


def test_nonces_are_not_drawn_at_will(checked: Checked) -> None:
    asked = [checked.says(DataFlags.RESTARTED, 0.01 * i) for i in range(500)]
    assert sum(nonce is not None for nonce in asked) == 10


def test_a_board_that_never_seals_is_overdue_in_three_seconds(checked: Checked, data_frame: Make) -> None:
    checked.says()
    assert not checked.sends(data_frame(0), 10.0, nonce=99)
    assert not checked.sends(data_frame(5), 10.0 + SEAL_S - 0.01, nonce=99)
    assert not checked.check.overdue
    assert not checked.sends(data_frame(5), 10.0 + SEAL_S, nonce=99)
    assert checked.check.overdue
    assert checked.sends(data_frame(5), 13.5)
    # One that measures nothing sends nothing to refuse.
    assert not checked.sends(data_frame(10), 14.0, nonce=99)
    assert checked.says(at_s=30.0) is None
    assert not checked.check.overdue


def test_each_connection_draws_a_nonce_of_its_own(info_frame: MakeInfo) -> None:
    drawn = set()
    for _ in range(50):
        check = SealCheck(KEY, Tally())
        check.info(info_frame(), 0.0)
        drawn.add(check.take_nonce())
    assert len(drawn - {None}) == 50


def test_the_light_board_seals_from_the_first_nonce_on_until_it_boots() -> None:
    nonce = 0xDEADBEEF
    write = encode_frame(CommandFrame(0, CommandCode.NONCE, nonce))
    asks = encode_frame(CommandFrame(1, CommandCode.NONCE, 0))
    reset = SensorFaultEvent(FaultKind.RESET, 3.0)
    sent = run(LightBoard(Counting(), faults=[reset], key=KEY), 4.0, [(0.5, asks), (1.0, write), (2.0, asks)])
    assert [ack.value for ack in sent.acks] == [0, nonce, nonce]
    fits = [Seal(KEY, nonce).fits(frame) for frame in sent.data]
    assert [DataFlags.SEALED in frame.flags for frame in sent.data] == fits
    assert fits == [False] * 25 + [True] * (fits.count(True)) + [False] * (len(fits) - 25 - fits.count(True))
    assert 48 <= fits.count(True) <= 51
    sent.assert_exact()
    keyless = run(LightBoard(Counting()), 2.0, [(1.0, write)])
    assert [ack.value for ack in keyless.acks] == [nonce]
    assert not any(DataFlags.SEALED in frame.flags for frame in keyless.data)


def sealed_stream(nonce: int) -> tuple[bytes, list[DataFrame]]:
    """What a board sends that was given ``nonce`` after two frames, and its sealed frames."""
    write = encode_frame(CommandFrame(0, CommandCode.NONCE, nonce))
    sent = run(LightBoard(Counting(), key=KEY), 1.5, [(0.08, write)])
    return sent.raw, [frame for frame in sent.data if DataFlags.SEALED in frame.flags]


STREAM, SEALED = sealed_stream(7)
DONOR, _ = sealed_stream(8)


@given(st.lists(st.sampled_from(MUTATIONS), max_size=5), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_damage_and_other_sessions_give_no_sample_that_was_not_sealed(damages: list[Mutation], seed: int) -> None:
    tally = Tally()
    link = Link(tally, Commands(1.0), seal=SealCheck(KEY, tally, lambda: 7))
    head = STREAM.index(b"\0", 1) + 1
    messages = link.feed(STREAM[:head], 0)
    assert link.take_nonce() == 7
    rng, stream = Random(seed), bytearray(STREAM[head:])
    for damage in damages:
        damage(rng, stream, DONOR)
        stream = stream or bytearray(b"\0")
    messages += [message for chunk in cut(rng, bytes(stream)) for message in link.feed(chunk, 1)]
    taken = [
        (block.ir_counts.tolist(), block.red_counts.tolist()) for block in messages if isinstance(block, SampleBlock)
    ]
    sent = iter([(list(frame.ir_counts), list(frame.red_counts)) for frame in SEALED])
    assert all(one in sent for one in taken), "samples of no sealed frame, or out of order"
    assert damages or len(taken) == len(SEALED)
