"""One verdict of many checks, and what the recogniser makes of it."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, ClassVar

import numpy as np
import pytest

from device.comparison import Comparator, pooled
from device.decision import Boundaries
from device.events import Event, Identified, PresentationAttack, PresentationChecked, Unknown
from device.frontend import BoardFrontEnd, FrontEndSpec, windows_of
from device.gallery import References
from device.output import narrate
from device.pipeline import Recogniser
from device.presentation.detector import PresentationDetector, detector_of
from device.presentation.findings import Finding, PresentationReason, State
from firmware_bridge import Message
from tests.device.presentation.played import FakeBoard, blocks_of

ATTACK = Finding(State.ATTACK, "seen", PresentationReason.REPEATED)
PENDING, PASSED = Finding(State.PENDING, "not yet"), Finding(State.PASSED, "well")
NOT_JUDGED = Finding(State.NOT_JUDGED, "too little")


class Said:
    """A check that finds one thing after another, a new one each time an attempt begins."""

    name: ClassVar[str] = "said"

    def __init__(self, *findings: Finding, after: int = 0) -> None:
        self._findings, self._after = list(findings), after
        self.taken = self.resets = 0

    @property
    def finding(self) -> Finding:
        return self._findings[-1] if self.taken >= self._after else self._findings[0]

    def take(self, message: Message) -> None:
        self.taken += 1

    def reset(self) -> None:
        self.resets += 1


@pytest.mark.parametrize(
    ("findings", "wanted"),
    [
        ([], State.PASSED),
        ([PASSED, PASSED], State.PASSED),
        ([PASSED, NOT_JUDGED], State.PASSED),
        ([PASSED, PENDING, NOT_JUDGED], State.PENDING),
        ([PENDING, PASSED, ATTACK], State.ATTACK),
    ],
)
def test_the_worst_finding_is_the_verdict(findings: list[Finding], wanted: State) -> None:
    detector = PresentationDetector([Said(finding) for finding in findings])
    assert detector.verdict.state is wanted
    assert detector.verdict.reason is (PresentationReason.REPEATED if wanted is State.ATTACK else None)


def test_what_passed_and_what_was_not_judged_is_told() -> None:
    detector = PresentationDetector([Said(PASSED), Said(NOT_JUDGED), Said(PASSED)])
    assert detector.told() == ("said: well; said: well", "said: too little")


def test_which_checks_there_are() -> None:
    board = FakeBoard()
    names = [check.name for check in detector_of(board.command).checks]
    assert names == ["LED challenge", "red and infrared", "exact repeats", "beat variability"]
    assert [check.name for check in detector_of(None, red_measured=False).checks] == names[2:]


def test_closing_gives_the_leds_back() -> None:
    board = FakeBoard()
    detector = detector_of(board.command, random=Random(0))
    for message in board.messages(6.0):
        detector.take(message)
    detector.close()
    assert board.commands[-1][1] == 0


@pytest.fixture
def recogniser_with(
    spec: FrontEndSpec, embedder: Any, comparator: Comparator, pulse_of: Callable[..., Any]
) -> Callable[..., Recogniser]:
    def make(*checks: Said, windows: int = 3, most: int = 5) -> Recogniser:
        own = [embedder.embed(w.pulse) for w in windows_of(pulse_of("ann", 30), 125.0, spec)]
        return Recogniser(
            front_end=BoardFrontEnd(spec),
            embedder=embedder,
            references=References(("ann",), pooled(own)[None, :]),
            comparator=comparator,
            boundaries=Boundaries(windows, most, 3.2, -3.0),
            presentation=PresentationDetector(checks) if checks else None,
            clock=lambda: 0.0,
        )

    return make


def messages(pulse: Any) -> Iterator[Message]:
    counts = np.rint(120_000 - 1_500 * pulse)
    return blocks_of(np.stack([counts, counts], axis=1))


def decisions(happened: list[Event]) -> list[Event]:
    kinds = (Identified, Unknown, PresentationAttack, PresentationChecked)
    return [event for event in happened if isinstance(event, kinds)]


def test_what_passed_is_told_before_the_name(recogniser_with: Any, pulse_of: Any) -> None:
    check = Said(PASSED)
    happened = decisions(list(recogniser_with(check).events(messages(pulse_of("ann", 9)))))
    assert [type(event) for event in happened] == [PresentationChecked, Identified]
    assert narrate(happened[0]) == "presentation: said: well"
    assert check.taken == 225


def test_an_attack_is_refused_though_recognised(recogniser_with: Any, pulse_of: Any) -> None:
    recogniser = recogniser_with(Said(ATTACK))
    happened = decisions(list(recogniser.events(messages(pulse_of("ann", 9)))))
    assert [type(event) for event in happened] == [PresentationChecked, PresentationAttack]
    assert happened[1] == PresentationAttack(0.0, PresentationReason.REPEATED, "said: seen")
    assert narrate(happened[1]) == "refused as an attack: the signal repeats itself exactly (said: seen)"
    summary = recogniser.summary()
    assert (summary.presentation_attacks, summary.decisions, summary.identified) == (1, 1, 0)
    assert "1 attacks" in narrate(summary)


def test_a_stranger_is_unknown_whatever_the_check_says(recogniser_with: Any, pulse_of: Any) -> None:
    happened = decisions(list(recogniser_with(Said(ATTACK)).events(messages(pulse_of("eve", 14)))))
    assert [type(event) for event in happened] == [Unknown]


def test_an_accept_waits_for_the_proof(recogniser_with: Any, pulse_of: Any) -> None:
    late = 245  # blocks: the third window ends at 199, the fourth at 259
    happened = decisions(list(recogniser_with(Said(PENDING, PASSED, after=late)).events(messages(pulse_of("ann", 12)))))
    assert [type(event) for event in happened] == [PresentationChecked, Identified]
    assert happened[1].windows == 4  # type: ignore[attr-defined]


def test_an_accept_does_not_wait_for_ever(recogniser_with: Any, pulse_of: Any) -> None:
    happened = decisions(list(recogniser_with(Said(PENDING)).events(messages(pulse_of("ann", 14)))))
    assert [type(event) for event in happened] == [PresentationChecked, PresentationAttack]
    assert happened[1].reason is PresentationReason.NOT_PROVEN  # type: ignore[attr-defined]


@pytest.mark.parametrize("who", ["ann", "eve"])
def test_each_attempt_begins_anew(recogniser_with: Any, pulse_of: Any, who: str) -> None:
    check = Said(PASSED)
    recogniser = recogniser_with(check)
    before = check.resets
    decided = sum(isinstance(event, Identified | Unknown) for event in recogniser.events(messages(pulse_of(who, 14))))
    assert decided == 1
    assert check.resets == before + 1


def test_without_a_detector_nothing_is_told_of_it(recogniser_with: Any, pulse_of: Any) -> None:
    happened = decisions(list(recogniser_with().events(messages(pulse_of("ann", 9)))))
    assert [type(event) for event in happened] == [Identified]
