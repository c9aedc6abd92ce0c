"""`pulsekey demo`: the lock on a simulated sensor, worn by one who is enrolled and then by one who is not.

Also an example of the API: a bundle, a gallery, a board, a session, and somebody who watches.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from device.bundle import load_bundle
from device.commands.options import add_bundle
from device.commands.presenting import leave, leaving
from device.embedders import load_embedder
from device.errors import CommandError, CommandReason
from device.events import Event, LockChanged, Unknown
from device.gallery import Gallery
from device.presentation.detector import detector_of
from device.session.inbox import Inbox
from device.session.lock import Lock
from device.session.opening import open_session
from device.simulation import Simulation, enrol_simulated
from device.stopping import Stopper
from device.terminal.showing import Showing
from firmware_bridge import BoardReader

HELP = "Enrol two simulated wearers, open a lock for one of them live, and leave it shut for a stranger."

_LIMIT_S = 90.0
"""So that a model that never decides ends the demo too."""
_OPEN_S, _PAUSE_S = 4.0, 2.0


class Sensor(Protocol):
    """What can be put on and taken off, as `Simulation`."""

    @property
    def wearer(self) -> str:
        """Who wears it; empty if nobody does."""
        ...

    def wear(self, name: str) -> None:
        """Put it on, or with an empty name take it off."""
        ...


class Story:
    """Who wears the sensor when; takes the session's events, and is asked to go on a few times a second."""

    def __init__(self, simulation: Sensor, friend: str, stranger: str) -> None:
        self._simulation, self._friend, self._stranger = simulation, friend, stranger
        self._next_s: float | None = _PAUSE_S
        self._steps = [lambda: simulation.wear(friend), lambda: simulation.wear(""), lambda: simulation.wear(stranger)]
        self.opened_for = ""
        self.closed = self.turned_away = False

    def take(self, event: Event) -> None:
        """Note what the lock did, and when to go on."""
        if isinstance(event, LockChanged) and not event.locked:
            self.opened_for, self._next_s = event.person, event.time_s + _OPEN_S
        elif isinstance(event, LockChanged) and not self.closed:
            self.closed, self._next_s = True, event.time_s + _PAUSE_S
        elif isinstance(event, Unknown) and self._simulation.wearer == self._stranger:
            self.turned_away = True

    def go_on(self, time_s: float) -> None:
        """Let the next one wear it, if it is time."""
        if self._next_s is not None and time_s >= self._next_s and self._steps:
            self._next_s = None
            self._steps.pop(0)()

    @property
    def over(self) -> bool:
        """Whether there is nothing more to see."""
        return self.turned_away or (bool(self.opened_for) and self.opened_for != self._friend)

    def check(self) -> None:
        """See that it went as it should.

        Raises:
            CommandError: WRONG_OUTCOME, where the wearer was not recognised or the stranger was.
        """
        if self.opened_for != self._friend:
            raise CommandError(CommandReason.WRONG_OUTCOME, f"{self._friend} is enrolled, and it did not open for them")
        if not self.turned_away:
            raise CommandError(CommandReason.WRONG_OUTCOME, f"{self._stranger} is a stranger and was not turned away")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--plain", action="store_true", help="lines instead of a view")
    add_bundle(parser)


def run(args: argparse.Namespace) -> int:
    """Show the lock.

    Raises:
        CommandError: WRONG_OUTCOME, where a wearer was not recognised or a stranger was.
    """
    bundle = load_bundle(args.bundle)
    embedder = load_embedder(bundle, args.runtime)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pulsekey-demo-")))
        gallery = stack.enter_context(Gallery(folder / "gallery.sqlite"))
        simulation = stack.enter_context(Simulation(folder))
        first, friend, stranger = simulation.names
        _say(f"The model is {bundle.manifest.model_id}, run by {embedder.runtime}.")
        for name in (first, friend):
            enrol_simulated(name, gallery, bundle, embedder)
        _say(
            f"{first} and {friend} are enrolled. {friend} will put on the sensor at {simulation.path}, then a stranger."
        )
        reader = BoardReader(simulation.path)
        detector = detector_of(reader.command)
        session = open_session(gallery, bundle, embedder, lock=Lock(), presentation=detector)
        story, show = Story(simulation, friend, stranger), Showing(as_json=False, verbose=False)
        stack.enter_context(Stopper(leaving(detector, reader), _LIMIT_S))
        stack.enter_context(reader)
        if sys.stdout.isatty() and not args.plain:
            show.open_view(stack, session, f"demo, {friend} is enrolled, {stranger} is not", lambda: 0)

        def tell(event: Event) -> None:
            story.take(event)
            show.event(event)
            if story.over:
                reader.close()

        def tick() -> None:
            story.go_on(session.now_s)
            show.tick()

        try:
            session.run(Inbox(reader), tell, tick)
        finally:
            leave(detector, reader)
    story.check()
    _say(f"Both right: it opened for {friend}, closed when the sensor was taken off, and stayed shut for {stranger}.")
    return 0


def _say(text: str) -> None:
    print(text, flush=True)
