"""All checks of a presentation together: one verdict that an accept waits for."""

from collections.abc import Iterable, Iterator, Sequence
from random import Random, SystemRandom

from device.presentation.challenge import Challenge, Command
from device.presentation.consistency import Consistency
from device.presentation.findings import Check, Finding, State
from device.presentation.liveness import Liveness
from device.presentation.repeats import Repeats
from firmware_bridge import Message


class PresentationDetector:
    """Takes every message of a reader, in order; an attempt may be accepted where its verdict is PASSED.

    Args:
        checks: the verdict is an ATTACK if one says so, else PENDING if one does, else PASSED.
    """

    def __init__(self, checks: Sequence[Check]) -> None:
        self.checks = tuple(checks)

    @property
    def verdict(self) -> Finding:
        """Of the present attempt; the text is that of the check that decides, none where it PASSED."""
        findings = [(check.name, check.finding) for check in self.checks]
        for state in (State.ATTACK, State.PENDING):
            for name, finding in findings:
                if finding.state is state:
                    return Finding(state, f"{name}: {finding.text}", finding.reason)
        return Finding(State.PASSED, "")

    def told(self) -> tuple[str, str]:
        """What passed, and what could not be judged, in words."""
        findings = [(check.name, check.finding) for check in self.checks]
        passed, not_judged = (
            "; ".join(f"{name}: {finding.text}" for name, finding in findings if finding.state is state)
            for state in (State.PASSED, State.NOT_JUDGED)
        )
        return passed, not_judged

    def take(self, message: Message) -> None:
        """Take the next message.

        Raises:
            PresentationError, PortError: see `Challenge`.
        """
        for check in self.checks:
            check.take(message)

    def watch(self, messages: Iterable[Message]) -> Iterator[Message]:
        """The messages, each taken before whoever asks for it."""
        for message in messages:
            self.take(message)
            yield message

    def reset(self) -> None:
        """Begin a new attempt."""
        for check in self.checks:
            check.reset()

    def close(self) -> None:
        """Give the board back what was taken of it; one that is gone chooses for itself when it boots."""
        for check in self.checks:
            if isinstance(check, Challenge):
                check.close()


def detector_of(
    command: Command | None, *, red_measured: bool = True, random: Random | None = None
) -> PresentationDetector:
    """The detector that commands use.

    Args:
        command: sends to the board; None to do without the challenge.
        red_measured: False of a recording's replay, whose RED was made of its only channel.
        random: chooses moments and currents; the system's unless given.
    """
    random = random or SystemRandom()
    checks: list[Check] = [Challenge(command, random)] if command else []
    checks += [Consistency()] if red_measured else []
    return PresentationDetector([*checks, Repeats(random), Liveness()])
