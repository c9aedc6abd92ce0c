"""Where a session's events go: the view, or lines; and lines about what hangs on the lock, from any thread."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from device.events import Event
from device.output import Output
from device.session.session import Session

if TYPE_CHECKING:
    from device.terminal.view import TerminalView


class Showing:
    """Lines on stdout until `open_view`, and again after it is closed."""

    def __init__(self, *, as_json: bool, verbose: bool) -> None:
        self._output = Output(as_json=as_json, verbose=verbose)
        self._view: TerminalView | None = None

    def open_view(self, stack: ExitStack, session: Session, title: str, typed: Callable[[], int]) -> None:
        """Draw from now on, until `stack` ends."""
        from device.terminal.view import TerminalView

        self._view = stack.enter_context(TerminalView(session, title, typed))
        stack.callback(self._close_view)

    def _close_view(self) -> None:
        self._view = None

    def event(self, event: Event) -> None:
        """Show an event."""
        if self._view is None:
            self._output.event(event)
        else:
            self._view.event(event)

    def tick(self) -> None:
        """Let the view draw, if there is one."""
        if self._view is not None:
            self._view.tick()

    def warn(self, text: str) -> None:
        """Show what went wrong beside the lock; from any thread."""
        view = self._view
        if view is None:
            print(f"pulsekey: warning: {text}", file=sys.stderr, flush=True)
        else:
            view.line(text)
