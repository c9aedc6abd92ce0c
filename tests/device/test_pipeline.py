"""The live chain on lists of messages, with a clock of its own."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest

from device import events
from device.comparison import Comparator, pooled
from device.decision import Boundaries
from device.enrolment import Enrolment
from device.errors import SignalError, SignalReason
from device.events import (
    EnrolmentProgress,
    Event,
    Identified,
    LinkCounted,
    LinkDown,
    LinkUp,
    LinkWarned,
    NotAcquired,
    SignalBad,
    Unknown,
    WindowScored,
)
from device.frontend import BoardFrontEnd, FrontEndSpec, windows_of
from device.gallery import References
from device.output import Output, narrate
from device.pipeline import Recogniser, enrol_from
from firmware_bridge import (
    CommandAnswered,
    LinkLost,
    LinkRestored,
    LinkStatistics,
    LinkWarning,
    RecordingEnded,
    SampleBlock,
)
from firmware_bridge.errors import PortReason
from firmware_bridge.messages import WarningReason
from firmware_bridge.protocol import AckResult, CommandCode, DataFlags

RATE_HZ = 125.0
DC_COUNTS, AC_COUNTS = 120_000, 1_500


def blocks(pulse: Any, *, epoch: int = 0, dc: float = DC_COUNTS, first: int = 0) -> Iterator[SampleBlock]:
    """A board's messages, five samples each; the pulse points down in counts."""
    counts = np.rint(dc - AC_COUNTS * pulse).astype(np.int32)
    for at in range(0, len(counts) - 4, 5):
        index = first + at
        part = counts[at : at + 5]
        clock = index + 4
        yield SampleBlock(index, epoch, clock, clock * 8000, part, part, DataFlags(0))


@pytest.fixture
def recogniser_for(
    spec: FrontEndSpec, embedder: Any, comparator: Comparator, pulse_of: Callable[..., Any]
) -> Callable[..., Recogniser]:
    def make(*names: str, first: int = 0, windows: int = 5, decisions: int | None = None) -> Recogniser:
        references = [
            pooled([embedder.embed(w.pulse) for w in windows_of(pulse_of(name, 30), RATE_HZ, spec)]) for name in names
        ]
        seconds = count()
        return Recogniser(
            front_end=BoardFrontEnd(spec),
            embedder=embedder,
            references=References(names, np.stack(references)),
            comparator=comparator,
            boundaries=Boundaries(first or windows, windows, 3.2, -3.0),
            decisions=decisions,
            clock=lambda: float(next(seconds)),
        )

    return make


def of(kind: type[Event], happened: Iterable[Event]) -> list[Any]:
    return [event for event in happened if isinstance(event, kind)]


def test_a_known_wearer_is_named(recogniser_for: Any, pulse_of: Any) -> None:
    happened = list(recogniser_for("ann", "ben").events(blocks(pulse_of("ben", 40, seed=9))))
    assert {event.person for event in of(Identified, happened)} == {"ben"}
    assert len(of(Identified, happened)) == 3  # 16 windows
    assert not of(Unknown, happened)


def test_enough_evidence_ends_the_wait_and_the_next_decision_begins_anew(recogniser_for: Any, pulse_of: Any) -> None:
    happened = list(recogniser_for("ann", "ben", first=2, windows=9).events(blocks(pulse_of("ben", 40, seed=9))))
    named = of(Identified, happened)
    assert [event.windows for event in named] == [2] * 8  # 16 windows
    counted = [event.evidence_windows for event in of(WindowScored, happened)]
    assert counted == [1, 2] * 8
    assert all(event.llr >= event.accept_llr for event in named)


def test_a_stranger_is_turned_away(recogniser_for: Any, pulse_of: Any) -> None:
    recogniser = recogniser_for("ann", "ben")
    happened = list(recogniser.events(blocks(pulse_of("eve", 40, seed=9))))
    assert len(of(Unknown, happened)) == 3
    assert not of(Identified, happened)
    summary = recogniser.summary()
    assert (summary.unknown, summary.identified, summary.decisions, summary.windows) == (3, 0, 3, 16)


def test_no_decision_spans_a_restart_of_the_board(recogniser_for: Any, pulse_of: Any) -> None:
    first, second = pulse_of("ann", 11), pulse_of("ben", 11)  # four windows each, five are needed
    messages = [*blocks(first), *blocks(second, epoch=1)]
    happened = list(recogniser_for("ann", "ben").events(messages))
    assert not of(Identified, happened) + of(Unknown, happened)


def test_as_many_decisions_as_asked_for(recogniser_for: Any, pulse_of: Any) -> None:
    recogniser = recogniser_for("ann", decisions=1)
    happened = list(recogniser.events([*blocks(pulse_of("ann", 60)), LinkStatistics(1, 7, 0, 0, 125.0)]))
    assert len(of(Identified, happened)) == 1
    assert recogniser.done
    assert recogniser.summary().lost_samples == 7


def test_no_finger_is_advised_once_and_again_while_it_lasts(recogniser_for: Any, pulse_of: Any) -> None:
    recogniser = recogniser_for("ann")
    happened = list(recogniser.events(blocks(0.1 * pulse_of("ann", 30), dc=1000)))
    bad = of(SignalBad, happened)
    assert [event.reason.value for event in bad] == ["no finger"] * 2  # 12 windows: the 1st and 11th
    assert "finger" in bad[0].advice
    with pytest.raises(SignalError, match="no finger") as caught:
        recogniser.refuse_if_no_good_window()
    assert caught.value.reason is SignalReason.TOO_FEW_GOOD_WINDOWS


def test_a_constant_signal_is_never_a_person(recogniser_for: Any) -> None:
    recogniser = recogniser_for("ann")
    happened = list(recogniser.events(blocks(np.zeros(5000))))
    assert not of(Identified, happened) + of(Unknown, happened)
    with pytest.raises(SignalError, match="weak pulse"):
        recogniser.refuse_if_no_good_window()


def test_a_decision_in_a_bad_stretch_is_given_up(recogniser_for: Any, pulse_of: Any) -> None:
    pulse = np.concatenate([pulse_of("ann", 9), np.zeros(125 * 60)])
    happened = list(recogniser_for("ann").events(blocks(pulse)))
    assert len(of(NotAcquired, happened)) == 1
    assert not of(Identified, happened)


def test_the_links_life_is_told(recogniser_for: Any, pulse_of: Any) -> None:
    messages = [
        *blocks(pulse_of("ann", 5)),
        LinkLost(PortReason.UNPLUGGED, "/dev/ttyUSB0 was unplugged"),
        LinkRestored(1, 4.0),
        *blocks(pulse_of("ann", 20), epoch=1),
        LinkStatistics(3125, 12, 0, 1, 125.0),
    ]
    recogniser = recogniser_for("ann")
    happened = list(recogniser.events(messages))
    assert [event.reason for event in of(LinkDown, happened)] == ["unplugged"]
    assert [event.outage_s for event in of(LinkUp, happened)] == [4.0]
    assert len(of(Identified, happened)) == 1
    assert recogniser.summary().lost_samples == 12


def test_totals_and_warnings_are_events_and_answers_are_not(recogniser_for: Any) -> None:
    messages = [
        LinkStatistics(1250, 5, 1, 0, 124.9),
        LinkWarning(WarningReason.LOW_RATE, "only 25 samples a second arrive"),
        CommandAnswered(0, CommandCode.NONCE, AckResult.DONE, 7),
        LinkStatistics(0, 0, 0, 0, None, 3),
    ]
    assert [event.to_json() for event in recogniser_for("ann").events(messages)] == [
        {"event": "link_counted", "time_s": 1.0, "samples": 1250, "lost": 5, "corrupt": 1, "restarts": 0,
         "measured_rate_hz": 124.9, "forged": 0},
        {"event": "link_warned", "time_s": 2.0, "reason": "low sample rate",
         "text": "only 25 samples a second arrive"},
        {"event": "link_counted", "time_s": 3.0, "samples": 0, "lost": 0, "corrupt": 0, "restarts": 0,
         "measured_rate_hz": None, "forged": 3},
    ]  # fmt: skip


def test_totals_are_told_to_people_when_they_are_bad_news(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False)
    for lost in (0, 5, 5, 9):
        output.event(LinkCounted(0.0, 1250, lost, 0, 0, 125.0))
    output.event(LinkCounted(0.0, 1250, 9, 0, 0, 125.0, 4))
    output.event(LinkWarned(0.0, "slow baud rate", "text at 9600 baud"))
    assert capsys.readouterr().out.splitlines() == [
        "so far 5 samples lost, 0 frames or lines corrupt, 0 restarts",
        "so far 9 samples lost, 0 frames or lines corrupt, 0 restarts",
        "so far 9 samples lost, 0 frames or lines corrupt, 0 restarts, 4 frames forged",
        "warning: text at 9600 baud",
    ]
    for lost in (0, 5):
        Output(as_json=True).event(LinkCounted(0.0, 1250, lost, 0, 0, 125.0))
    assert capsys.readouterr().out.count("link_counted") == 2


def test_nothing_came(recogniser_for: Any) -> None:
    recogniser = recogniser_for("ann")
    assert list(recogniser.events([])) == []
    with pytest.raises(SignalError, check=lambda error: error.reason is SignalReason.NO_SAMPLES):
        recogniser.refuse_if_no_good_window()


def test_enrolment_stops_when_it_has_enough(spec: FrontEndSpec, embedder: Any, pulse_of: Any) -> None:
    enrolment = Enrolment(embedder, spec)
    happened = list(
        enrol_from(blocks(pulse_of("ann", 60)), front_end=BoardFrontEnd(spec), enrolment=enrolment, clock=lambda: 0.0)
    )
    progress = of(EnrolmentProgress, happened)
    assert [round(event.elapsed_s, 1) for event in progress] == [round(2.4 * (i + 1), 1) for i in range(10)]
    assert [event.good_s for event in progress] == [event.elapsed_s for event in progress]
    assert [event.stability > 0.99 for event in progress] == [False] * 4 + [True] * 6
    assert {event.wanted_s for event in progress} == {24.0}
    assert enrolment.reference().shape == (embedder.embedding_size,)


def test_every_event_is_one_flat_json_object_and_a_sentence(recogniser_for: Any, pulse_of: Any) -> None:
    recogniser = recogniser_for("ann")
    messages = [
        *blocks(pulse_of("ann", 20)),
        LinkLost(PortReason.SILENT, "it fell silent"),
        LinkRestored(1, 2.0),
        *blocks(pulse_of("eve", 20), epoch=1),
        *blocks(np.zeros(2000), epoch=2),
        RecordingEnded(),
    ]
    happened = [*recogniser.events(messages), recogniser.summary()]
    names = set()
    for event in happened:
        value = json.loads(json.dumps(event.to_json(), allow_nan=False))
        names.add(value.pop("event"))
        assert all(isinstance(field, str | int | float) for field in value.values())
        assert "\n" not in narrate(event)
    assert {
        "identified",
        "unknown",
        "signal_bad",
        "window_scored",
        "link_down",
        "summary",
        "source_ended",
    } <= names


def test_event_names_are_pinned() -> None:
    """Programs read them: a rename is a break."""
    kinds = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)]
    assert sorted(kind.name for kind in kinds if kind is not Event) == [
        "enrolled",
        "enrolment_progress",
        "finger_changed",
        "gallery_changed",
        "identified",
        "link_counted",
        "link_down",
        "link_status",
        "link_up",
        "link_warned",
        "listening",
        "lock_changed",
        "not_acquired",
        "pin_accepted",
        "pin_needed",
        "presentation_attack",
        "presentation_checked",
        "recorded",
        "request_refused",
        "signal_bad",
        "source_ended",
        "source_seen",
        "summary",
        "try_refused",
        "unknown",
        "window_scored",
    ]
