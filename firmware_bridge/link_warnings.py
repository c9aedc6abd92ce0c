"""What makes the samples of a link worth less, told once an epoch with what to do about it."""

from firmware_bridge.channel_order import ChannelOrderJudge
from firmware_bridge.messages import LinkWarning, SampleBlock, WarningReason
from firmware_bridge.protocol import BAUD, BoardInfo, ChannelOrder
from firmware_bridge.tallies import Tally

MIN_RATE_HZ = 50
"""Below, the dicrotic notch and what else tells people apart lies above half the rate."""
MIN_TEXT_BAUD = 57_600
"""A line has 10-60 bytes: slower, lines wait for the wire, and their arrival no longer tells the rate."""


class LinkWarnings:
    """Watches the samples of one connection.

    Args:
        tally: the connection's.
        baud: of a tty, None where a port has none.
    """

    def __init__(self, tally: Tally, baud: int | None) -> None:
        self._tally = tally
        self._baud = baud
        self._channel_order = ChannelOrderJudge()
        self._told: set[tuple[int, WarningReason]] = set()

    def after(self, block: SampleBlock, board: BoardInfo | None, has_red: bool) -> list[LinkWarning]:
        """The warnings that ``block`` gives reason for.

        Args:
            block: the next one.
            board: what the board said of itself, None of a text sketch or of a board that has not yet.
            has_red: whether RED is measured.
        """
        rate_hz = self._tally.meter.rate_hz
        warnings = []
        if rate_hz is not None and round(rate_hz) < MIN_RATE_HZ:
            warnings.append(_low_rate(rate_hz))
        if has_red and self._channel_order.swapped(block, rate_hz):
            warnings.append(_swapped(board))
        return self._news(block.epoch, warnings)

    def of_text(self) -> list[LinkWarning]:
        """The warnings that a text sketch at this baud rate gives reason for."""
        slow = self._baud is not None and self._baud < MIN_TEXT_BAUD
        return self._news(self._tally.epoch, [_slow_baud(self._baud)] if slow else [])

    def _news(self, epoch: int, warnings: list[LinkWarning]) -> list[LinkWarning]:
        news = [warning for warning in warnings if (epoch, warning.reason) not in self._told]
        self._told |= {(epoch, warning.reason) for warning in news}
        return news


def _low_rate(rate_hz: float) -> LinkWarning:
    return LinkWarning(
        WarningReason.LOW_RATE,
        f"only {rate_hz:.1f} samples a second arrive: set the sketch to {MIN_RATE_HZ} or more, best 125",
    )


def _slow_baud(baud: int | None) -> LinkWarning:
    return LinkWarning(
        WarningReason.SLOW_BAUD,
        f"text at {baud} baud delays its samples: set Serial.begin({BAUD}) in the sketch and --baud {BAUD} here",
    )


def _swapped(board: BoardInfo | None) -> LinkWarning:
    if board is None:
        remedy = "exchange RED and IR in the sketch"
    else:
        setting = "false" if board.channel_order is ChannelOrder.SWAPPED else "true"
        remedy = f"set SWAPPED_LEDS = {setting} in ppg_bridge.ino and flash it again"
    return LinkWarning(
        WarningReason.SWAPPED_CHANNELS, f"RED moves more with the pulse than IR, so the two are swapped: {remedy}"
    )
