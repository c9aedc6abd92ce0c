"""A front end whose windows are looked at on their way to the embedder."""

from collections.abc import Callable

from device.frontend import BoardFrontEnd, FrontEndSpec, Window
from firmware_bridge import SampleBlock


class WatchedFrontEnd(BoardFrontEnd):
    """The same windows; `seen` gets each before it is embedded."""

    def __init__(self, spec: FrontEndSpec, seen: Callable[[Window], None]) -> None:
        super().__init__(spec)
        self._seen = seen

    def feed(self, block: SampleBlock) -> list[Window]:
        """Take one block, see `BoardFrontEnd.feed`."""
        windows = super().feed(block)
        for window in windows:
            self._seen(window)
        return windows
