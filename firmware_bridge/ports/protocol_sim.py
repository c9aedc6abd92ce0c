"""``sim://NAME?speed=&seed=&seconds=``: pyserial finds the class by this module's name."""

from firmware_bridge.ports.board_port import BoardPort


class Serial(BoardPort):
    """A simulated wearer's board."""
