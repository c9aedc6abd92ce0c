"""The bridge: from a sensor board's bytes to samples. Names are loaded when they are first used."""

from importlib import import_module
from typing import TYPE_CHECKING

from firmware_bridge.errors import (
    PortError,
    PortReason,
    PulsekeyError,
    RecordingError,
    RecordingReason,
    WireError,
    WireReason,
)

if TYPE_CHECKING:
    from firmware_bridge.board import LightBoard
    from firmware_bridge.discovery import find_board, list_boards
    from firmware_bridge.framing import FrameDecoder, encode_frame
    from firmware_bridge.messages import (
        CommandAnswered,
        LinkLost,
        LinkRestored,
        LinkStatistics,
        LinkWarning,
        Message,
        RecordingEnded,
        SampleBlock,
        SketchInfo,
    )
    from firmware_bridge.protocol import BoardInfo, DataFlags
    from firmware_bridge.pty_board import PtyBoard
    from firmware_bridge.reader import BoardReader
    from firmware_bridge.recordings import (
        Cohort,
        Recording,
        open_recording,
        read_cohort,
        read_csv,
        read_wfdb,
    )
    from firmware_bridge.wearers import wearer_names

_MODULES = {
    "board": ("LightBoard",),
    "discovery": ("find_board", "list_boards"),
    "framing": ("FrameDecoder", "encode_frame"),
    "messages": (
        "CommandAnswered",
        "LinkLost",
        "LinkRestored",
        "LinkStatistics",
        "LinkWarning",
        "Message",
        "RecordingEnded",
        "SampleBlock",
        "SketchInfo",
    ),
    "protocol": ("BoardInfo", "DataFlags"),
    "pty_board": ("PtyBoard",),
    "reader": ("BoardReader",),
    "recordings": ("Cohort", "Recording", "open_recording", "read_cohort", "read_csv", "read_wfdb"),
    "wearers": ("wearer_names",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "BoardInfo",
    "BoardReader",
    "Cohort",
    "CommandAnswered",
    "DataFlags",
    "FrameDecoder",
    "LightBoard",
    "LinkLost",
    "LinkRestored",
    "LinkStatistics",
    "LinkWarning",
    "Message",
    "PortError",
    "PortReason",
    "PtyBoard",
    "PulsekeyError",
    "Recording",
    "RecordingEnded",
    "RecordingError",
    "RecordingReason",
    "SampleBlock",
    "SketchInfo",
    "WireError",
    "WireReason",
    "encode_frame",
    "find_board",
    "list_boards",
    "open_recording",
    "read_cohort",
    "read_csv",
    "read_wfdb",
    "wearer_names",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
