"""The session on a terminal of 80 by 24 characters or more, drawn a few times a second."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from device.events import Event
from device.session.session import Session
from device.session.status import Status
from device.terminal.plot import braille

FRAME_S = 0.2
"""Between two pictures: often enough for a pulse to be seen running, seldom enough for a Pi and for SSH."""
RATE_S = 1.0
"""Between two looks at the heart rate, which costs more than a picture."""
WAVE_LINES = 6
TOLD_LINES = 6


class TerminalView:
    """Takes a session's events, and draws; a context manager that gives the screen back."""

    def __init__(
        self,
        session: Session,
        title: str,
        typed: Callable[[], int],
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`typed`: how many digits of a PIN have been typed."""
        self._session, self._title, self._typed, self._clock = session, title, typed, clock
        self._status = Status()
        self._console = console or Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False, transient=True)
        self._drawn_s = clock()
        self._rate_bpm: float | None = None
        self._rate_at_s = float("-inf")

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def event(self, event: Event) -> None:
        """Note an event."""
        self._status.take(event)

    def line(self, text: str) -> None:
        """Tell something that is no event; from any thread."""
        self._status.told.append(text)

    def tick(self) -> None:
        """Draw, if it is time for the next picture."""
        now = self._clock()
        if now - self._drawn_s >= FRAME_S:
            self._drawn_s = now
            self._live.update(self.picture(), refresh=True)

    def picture(self) -> Group:
        """All of it, as it is now."""
        width = max(40, self._console.width) - 4
        wave = Text("\n".join(braille(self._session.live.waveform(), width, WAVE_LINES)), style="cyan")
        told = list(self._status.told)[-TOLD_LINES:]
        told_text = Text("\n".join([*told, *[""] * (TOLD_LINES - len(told))]), overflow="ellipsis", no_wrap=True)
        return Group(
            Panel(wave, title=self._heading(), title_align="left", border_style="dim"),
            self._facts(width),
            Panel(told_text, title="what happened", title_align="left", border_style="dim"),
        )

    def _heading(self) -> str:
        now = self._clock()
        if now - self._rate_at_s >= RATE_S:
            self._rate_bpm, self._rate_at_s = self._session.live.heart_rate_bpm(), now
        rate = self._rate_bpm
        heart = f"{rate:.0f} beats a minute" if rate and self._status.finger else "no pulse"
        return f"{self._title}: {heart}"

    def _facts(self, width: int) -> Table:
        status = self._status
        table = Table.grid(padding=(0, 1), expand=False)
        table.add_column(style="dim", width=9)
        table.add_column(width=max(20, width - 12), no_wrap=True, overflow="ellipsis")
        table.add_row("lock", self._lock())
        table.add_row("signal", self._signal())
        table.add_row("evidence", self._evidence(width - 12))
        table.add_row("PIN", self._pin())
        table.add_row("board", f"{status.source}; {status.link}" if status.link else status.source)
        return table

    def _lock(self) -> Text:
        status = self._status
        if status.locked:
            return Text.assemble(("LOCKED", "bold red"), f"  {status.reason}")
        took = "" if status.took_s is None else f", {status.took_s:.1f} s after it was put on"
        return Text.assemble(("UNLOCKED", "bold green"), f"  {status.person}{took}")

    def _signal(self) -> str:
        status = self._status
        if status.enrolment is not None and self._session.enrolling.active:
            return f"enrolling {self._session.enrolling.name}: {status.enrolment.good_s:.0f} good seconds"
        if not status.finger:
            return "no finger: lay one on the sensor"
        quality = "reading" if status.sqi is None else f"quality {status.sqi:.2f}"
        return f"{quality}; {status.advice}" if status.advice else quality

    def _evidence(self, width: int) -> Text:
        """A bar from reject to accept, filled up to the evidence so far."""
        recogniser = self._session.recogniser
        if recogniser is None:
            return Text("nobody is enrolled")
        boundaries, llr = recogniser.boundaries, self._status.llr
        cells = max(10, min(40, width - 30))
        share = 0.0
        if llr is not None:
            share = (llr - boundaries.reject_llr) / (boundaries.accept_llr - boundaries.reject_llr)
        filled = round(cells * min(max(share, 0.0), 1.0))
        bar = Text.assemble(("█" * filled, "green" if share >= 1.0 else "yellow"), ("░" * (cells - filled), "dim"))
        told = (
            "" if llr is None else f" {llr:.1f} of {boundaries.accept_llr:.1f}, {self._status.evidence_windows} windows"
        )
        return bar.append(told)

    def _pin(self) -> str:
        typed = self._typed()
        return f"type it, then Enter: {'•' * typed}" if self._status.pin_due or typed else ""
