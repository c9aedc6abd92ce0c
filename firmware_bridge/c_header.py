"""The wire as a C header: ``python -m firmware_bridge.c_header [FILE]`` prints it, or writes it to FILE.

The firmware's ``protocol.h`` is this and nothing else; a test makes it again and compares.
"""

import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from firmware_bridge import board, protocol

HEADER_FILE = Path(__file__).parent / "firmware" / "ppg_bridge" / "src" / "protocol.h"
PREFIX = "PULSEKEY"

_CONSTANTS = (
    "VERSION",
    "BAUD",
    "MAX_SAMPLES",
    "FIFO_SAMPLES",
    "MAX_COUNTS",
    "MAX_BODY",
    "CRC_BYTES",
    "MAX_ENCODED",
    "KEY_BYTES",
    "TAG_BYTES",
)
_LAYOUTS = {
    "INFO_BYTES": protocol.INFO_LAYOUT,
    "DATA_HEAD_BYTES": protocol.DATA_HEAD_LAYOUT,
    "EVENT_BYTES": protocol.EVENT_LAYOUT,
    "COMMAND_BYTES": protocol.COMMAND_LAYOUT,
    "ACK_BYTES": protocol.ACK_LAYOUT,
}
_ENUMS: dict[str, type[IntEnum]] = {
    "TYPE": protocol.FrameType,
    "FAULT": protocol.SensorFault,
    "ORDER": protocol.ChannelOrder,
    "EVENT": protocol.EventCode,
    "COMMAND": protocol.CommandCode,
    "ACK": protocol.AckResult,
}
# An IntFlag does not iterate over its zero, which C needs no name for either.
_FLAGS = {"FLAG": protocol.DataFlags, "TEST": protocol.SelfTest}


def header() -> str:
    """The text of the header: C99 and C++11."""
    guard = f"{PREFIX}_PROTOCOL_H"
    lines = [
        "/* Made from firmware_bridge/protocol.py by `python -m firmware_bridge.c_header`: change it there. */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        *(_define(name, getattr(protocol, name)) for name in _CONSTANTS),
        "",
        "/* Bytes of a frame's body, without its CRC; a DATA frame's samples come after its head. */",
        *(_define(name, layout.size) for name, layout in _LAYOUTS.items()),
        "",
        "/* What INFO says of the firmware; the simulated board says the same. */",
        *(
            _define(f"FIRMWARE_{part}", number)
            for part, number in zip(("MAJOR", "MINOR", "PATCH"), board.FIRMWARE_VERSION, strict=True)
        ),
        "",
    ]
    for prefix, members in (_ENUMS | _FLAGS).items():
        lines += [f"/* {members.__name__} */"]
        lines += [_define(f"{prefix}_{member.name}", member.value) for member in members]
        lines += [""]
    return "\n".join([*lines, f"#endif /* {guard} */", ""])


def _define(name: str, value: int) -> str:
    # An AVR's int has 16 bits.
    return f"#define {PREFIX}_{name} {value}{'UL' if value > 0x7FFF else ''}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the header, or write it to the file that is named; the exit status is 2 if that cannot be done."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if len(words) > 1 or any(word.startswith("-") for word in words):
        print("usage: python -m firmware_bridge.c_header [FILE]", file=sys.stderr)
        return 2
    if not words:
        sys.stdout.write(header())
        return 0
    try:
        Path(words[0]).write_text(header(), encoding="ascii")
    except OSError as error:
        print(f"cannot write {words[0]}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
