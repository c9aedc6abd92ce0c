"""``replay://FILE?speed=&record=&start=&seconds=&rate=``: pyserial finds the class by this module's name."""

from firmware_bridge.ports.board_port import BoardPort


class Serial(BoardPort):
    """A recording's board."""
