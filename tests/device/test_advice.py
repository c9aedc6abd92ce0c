"""What is told, and when: no flicker."""

import pytest

from device.advice import Prompter, advice_for, advise
from device.contact import Pressure
from device.events import Enrolled, EnrolmentProgress
from device.frontend import Reason
from device.output import Output, narrate


@pytest.mark.parametrize(
    ("windows", "told"),
    [
        ("..mm.m..", "...mmmm."),
        (".m.m.m..", "........"),
        ("mwmw..", ".wwww."),  # out of silence any two faults
        ("mmwmwww", ".mmmmww"),  # from one to the other two alike
        ("nnnnmmm", ".nnnnmm"),
    ],
)
def test_a_fault_is_told_when_it_lasts(windows: str, told: str) -> None:
    prompter = Prompter()
    assert [prompter.take(one.replace(".", "")) or "." for one in windows] == list(told)


def test_a_contact_explains_more_than_the_window() -> None:
    assert advise(None, None) == ""
    assert advise(Reason.WEAK_PULSE, Pressure.TOO_HARD) == "press more lightly"
    assert "harder" in advise(None, Pressure.TOO_LIGHT)
    assert advise(Reason.NO_FINGER, None) == advice_for(Reason.NO_FINGER)


def test_progress_is_told_every_five_seconds_and_new_advice_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False)
    for n, advice in enumerate(["", "", "", "", "", "hold still", *["hold still"] * 5, ""]):
        output.event(EnrolmentProgress(1.2 * n, 1.2 * n, 1.2 * n, 30.0, 0.9, advice))
    assert capsys.readouterr().out.splitlines() == [
        "  0 of about 30 good seconds",
        "  6 of about 30 good seconds: hold still",
        " 12 of about 30 good seconds: hold still",
        " 13 of about 30 good seconds",
    ]


def test_programs_are_told_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    event = EnrolmentProgress(1.0, 12.0, 9.6, 24.0, 0.5, "hold still")
    assert event.to_json() == {
        "event": "enrolment_progress",
        "time_s": 1.0,
        "elapsed_s": 12.0,
        "good_s": 9.6,
        "wanted_s": 24.0,
        "stability": 0.5,
        "advice": "hold still",
    }
    for _ in range(3):
        Output(as_json=True).event(event)
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_second_session_is_asked_for_once() -> None:
    first = narrate(Enrolled(30.0, "Ann Lee", 20, first_session=True))
    assert first.startswith("enrolled Ann Lee from 20 good windows; ")
    assert "`pulsekey enrol 'Ann Lee' --add`" in first
    assert narrate(Enrolled(30.0, "Ann Lee", 20, first_session=False)) == "enrolled Ann Lee from 20 good windows"
