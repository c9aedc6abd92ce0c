"""What is compared with what: each kind of comparison stands in a column of its own."""

from dataclasses import dataclass
from enum import StrEnum

from device.enrolment import LIMIT_S
from device.evaluation import Settings


class Apart(StrEnum):
    """How far enrolment and probe lie apart."""

    SAME_RECORDING = "same recording"
    SAME_DAY = "same day"
    OTHER_DAY = "other day"


@dataclass(frozen=True, slots=True)
class Condition:
    """One column."""

    key: str
    data_set: str
    apart: Apart
    more: str
    """What else tells the column from others; empty where nothing does."""
    how: str
    """What people are enrolled from and probed with, for a reader."""
    settings: Settings

    @property
    def title(self) -> str:
        """How far apart, and what else."""
        return f"{self.apart}, {self.more}" if self.more else str(self.apart)


AGEING_SET = "one_month"
CONDITIONS = (
    Condition(
        "bidmc_same_recording",
        "bidmc",
        Apart.SAME_RECORDING,
        "",
        "enrolled from the first 60 s, probed with the rest of the same recording",
        Settings(),
    ),
    Condition(
        "stress_predict_same_recording",
        "stress_predict",
        Apart.SAME_RECORDING,
        "",
        # At a wrist a minute often lacks the good seconds; the device asks on until they are there.
        f"enrolled from the good windows of the first {LIMIT_S:g} s, as long as an enrolment may take, probed with the "
        "rest of the first 10 min of the same recording",
        Settings(enrol_seconds=LIMIT_S),
    ),
    Condition(
        "one_month_same_day",
        "one_month",
        Apart.SAME_DAY,
        "",
        "enrolled from 60 s of the first session of a day, probed with the second",
        Settings(enrol_sessions=("week1_session1",), probe_sessions=("week1_session2",)),
    ),
    Condition(
        "one_month_other_day",
        "one_month",
        Apart.OTHER_DAY,
        "",
        "enrolled from 60 s of the first week, probed with the second",
        Settings(enrol_sessions=("week1",), probe_sessions=("week2",)),
    ),
    Condition(
        "one_month_other_day_two_sessions",
        "one_month",
        Apart.OTHER_DAY,
        "two sessions enrolled",
        "enrolled from 60 s of each session of the first week, probed with the second",
        Settings(enrol_sessions=("week1_session1", "week1_session2"), probe_sessions=("week2",)),
    ),
)
