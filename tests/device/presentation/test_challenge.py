"""Rounds of the challenge: who passes, who fails, and what the board is told."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from device.errors import PresentationError
from device.presentation.challenge import (
    LEAST_FACTOR,
    LEAST_STEP,
    MOST_COUNTS,
    MOST_FACTOR,
    SETTLING_SAMPLES,
    WARM_UP_S,
    Challenge,
    Command,
)
from device.presentation.findings import PresentationReason, State
from firmware_bridge import LightBoard, LinkLost, PortError, PortReason, SampleBlock, SketchInfo
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.protocol import AckResult, CommandCode
from firmware_bridge.wearers import WearerSource, load_wearer
from tests.device.presentation.played import FakeBoard
from tests.simulated_uno import SimulatedUno, SimulatorMissingError
from tests.simulated_uno.sketch import build_sketch


def played(board: FakeBoard, seconds: float = 15.0, seed: int = 0) -> Challenge:
    challenge = Challenge(board.command, Random(seed))
    for message in board.messages(seconds):
        challenge.take(message)
    return challenge


def played_with(command: Command) -> None:
    challenge = Challenge(command, Random(0))
    for message in FakeBoard().messages(15.0):
        challenge.take(message)


def state(challenge: Challenge) -> tuple[State, PresentationReason | None]:
    return challenge.finding.state, challenge.finding.reason


def red_ua(board: FakeBoard) -> list[int]:
    return [argument & 0xFFFF for _, argument in board.commands]


@pytest.mark.parametrize("lag", [0, 3, 5])
def test_a_light_that_follows_passes(lag: int) -> None:
    board = FakeBoard(lag=lag)
    challenge = played(board)
    assert state(challenge) == (State.PASSED, None)
    assert len(board.commands) > 2


def test_an_accept_waits_for_two_rounds() -> None:
    board, passed = FakeBoard(), []
    challenge = Challenge(board.command, Random(0))
    for message in board.messages(15.0):
        challenge.take(message)
        if challenge.finding.state is State.PASSED:
            passed.append(len(board.commands))
    assert passed[0] == 2


def test_a_lamp_of_its_own_fails() -> None:
    assert state(played(FakeBoard(follows=False))) == (State.ATTACK, PresentationReason.LIGHT_NOT_FOLLOWED)


def test_infrared_must_not_follow() -> None:
    """Whoever scales everything that is shown is no LED."""
    assert state(played(FakeBoard(ir_follows_red=True))) == (State.ATTACK, PresentationReason.LIGHT_NOT_FOLLOWED)


@pytest.mark.parametrize("result", [AckResult.REFUSED, AckResult.FAILED, None])
def test_commands_that_are_not_carried_out_do_not_pass(result: AckResult | None) -> None:
    assert state(played(FakeBoard(result=result))) == (State.ATTACK, PresentationReason.CHALLENGE_NOT_DONE)


def test_a_board_that_says_done_and_stays_as_it_was_does_not_pass() -> None:
    assert state(played(FakeBoard(obeys=False))) == (State.ATTACK, PresentationReason.CHALLENGE_NOT_DONE)


def test_without_answers_it_stays_pending() -> None:
    board = FakeBoard()
    challenge = Challenge(lambda code, argument: 77, Random(0))
    for message in board.messages(15.0):
        challenge.take(message)
    assert challenge.finding.state is State.PENDING


def test_a_level_that_comes_too_late_fails() -> None:
    """A camera that follows the light needs longer than the FIFO."""
    board, challenge = FakeBoard(follows=False), None
    challenge = Challenge(board.command, Random(0))
    lit, waits = board.red_counts, 0
    for message in board.messages(20.0):
        wanted = 100_000.0 * board.currents[1] / 7200
        waits = waits + 1 if board.red_counts != wanted else 0
        if waits * 5 > SETTLING_SAMPLES + 15:
            board.red_counts = lit = wanted
        challenge.take(message)
    assert lit != 100_000.0
    assert state(challenge) == (State.ATTACK, PresentationReason.LIGHT_NOT_FOLLOWED)


def test_one_spoilt_round_is_forgiven_and_two_are_not() -> None:
    board = FakeBoard()
    challenge = Challenge(board.command, Random(0))

    def play_spoiling(rounds: int) -> None:
        asked = len(board.commands)
        for message in board.messages(20.0):
            board.follows = len(board.commands) - asked > rounds
            challenge.take(message)

    play_spoiling(0)
    assert challenge.finding.state is State.PASSED
    board.follows = False
    play_spoiling(1)
    assert challenge.finding.state is State.ATTACK


def test_currents_are_others_each_time_and_infrared_keeps_its_own() -> None:
    board = FakeBoard()
    played(board, 60.0)
    chosen = [7200, *red_ua(board)]
    for before, after in pairwise(chosen):
        assert abs(math.log(after / before)) >= LEAST_STEP
    for ua in chosen:
        assert LEAST_FACTOR <= ua / 7200 <= MOST_FACTOR
        assert ua % 200 == 0
    assert {argument >> 16 for _, argument in board.commands} == {7200}
    assert len(set(chosen)) > 5


def test_moments_and_currents_are_others_with_another_chance() -> None:
    first, second = FakeBoard(), FakeBoard()
    played(first, seed=1)
    played(second, seed=2)
    assert first.commands != second.commands


def test_a_bright_red_is_not_made_brighter_than_the_converter_sees() -> None:
    board = FakeBoard(red_counts=220_000.0)
    assert state(played(board, 60.0)) == (State.PASSED, None)
    assert max(220_000.0 * ua / 7200 for ua in red_ua(board)) <= MOST_COUNTS


def test_a_current_too_small_to_be_changed_does_not_pass() -> None:
    board = FakeBoard(currents=(7200, 200))
    assert state(played(board)) == (State.ATTACK, PresentationReason.CHALLENGE_NOT_DONE)
    assert board.commands == []


def test_without_a_finger_nothing_is_asked() -> None:
    board = FakeBoard(ir_counts=1_000.0)
    played(board)
    assert board.commands == []


def test_the_boards_own_search_for_currents_comes_first() -> None:
    board = FakeBoard()
    played(board, WARM_UP_S)
    assert board.commands == []


def test_a_new_attempt_begins_from_nothing_and_the_board_chooses_meanwhile() -> None:
    board = FakeBoard()
    challenge = played(board)
    challenge.reset()
    assert challenge.finding.state is State.PENDING
    assert board.commands[-2:] == [(CommandCode.LED_CURRENT, 7200 << 16 | 7200), (CommandCode.LED_CURRENT, 0)]
    told = len(board.commands)
    challenge.reset()
    challenge.close()
    assert len(board.commands) == told
    for message in board.messages(15.0):
        challenge.take(message)
    assert challenge.finding.state is State.PASSED


def test_a_board_that_was_lost_is_told_nothing() -> None:
    board = FakeBoard()
    challenge = played(board)
    told = len(board.commands)
    challenge.take(LinkLost(PortReason.UNPLUGGED, "it was unplugged"))
    challenge.close()
    assert len(board.commands) == told


@pytest.mark.parametrize("reason", [PortReason.SILENT, PortReason.UNPLUGGED])
def test_a_board_that_is_gone_before_its_messages_are_read_passes_nothing(reason: PortReason) -> None:
    """A reader in another thread may have lost the board long before what it sent is looked at."""

    def gone(code: CommandCode, argument: int) -> int:
        raise PortError(reason, "gone")

    challenge = Challenge(gone, Random(0))
    for message in FakeBoard().messages(15.0):
        challenge.take(message)
    assert state(challenge) == (State.PENDING, None)
    challenge.reset()
    challenge.close()


def test_another_fault_of_the_port_is_told() -> None:
    def text(code: CommandCode, argument: int) -> int:
        raise PortError(PortReason.UNKNOWN_FORMAT, "prints text")

    with pytest.raises(PortError, match="prints text"):
        played_with(text)


def test_samples_that_are_missing_spoil_nothing() -> None:
    board = FakeBoard()
    challenge = Challenge(board.command, Random(0))
    for message in board.messages(60.0):
        if not isinstance(message, SampleBlock) or message.index % 200 < 190:
            challenge.take(message)
    assert state(challenge) == (State.PASSED, None)


def test_what_passed_before_the_board_began_anew_does_not_count() -> None:
    board = FakeBoard()
    challenge = played(board)
    for message in board.messages(1.0):
        challenge.take(replace(message, epoch=1) if isinstance(message, SampleBlock) else message)
    assert challenge.finding.state is State.PENDING


def test_a_text_sketch_cannot_be_challenged() -> None:
    with pytest.raises(PresentationError, match="--challenge off"):
        played(FakeBoard()).take(SketchInfo("ir_label", 50.0, True))


@pytest.mark.parametrize(("emitted", "wanted"), [(False, State.PASSED), (True, State.ATTACK)])
def test_a_wearer_passes_on_the_light_board_and_a_lamp_does_not(emitted: bool, wanted: State) -> None:
    reader = DirectReader(LightBoard(WearerSource(load_wearer("ada"), 1, 15.0), emitted=emitted))
    challenge = Challenge(reader.command, Random(3))
    for message in reader:
        challenge.take(message)
    assert challenge.finding.state is wanted


@pytest.fixture
def sketch() -> Path:
    try:
        return build_sketch()
    except SimulatorMissingError as error:
        pytest.skip(str(error))


def test_a_wearer_passes_on_the_executed_firmware(sketch: Path) -> None:
    reader = DirectReader(SimulatedUno(sketch, WearerSource(load_wearer("ada"), 1, 7.0), seconds=6.0))
    challenge = Challenge(reader.command, Random(3))
    for message in reader:
        challenge.take(message)
    assert challenge.finding.state is State.PASSED
