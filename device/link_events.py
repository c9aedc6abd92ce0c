"""What a reader says of its link, as events and in words."""

from device.events import Event, LinkCounted, LinkDown, LinkUp, LinkWarned, SourceEnded
from firmware_bridge import (
    BoardInfo,
    LinkLost,
    LinkRestored,
    LinkStatistics,
    LinkWarning,
    RecordingEnded,
    SketchInfo,
)

LinkNews = LinkStatistics | LinkLost | LinkRestored | LinkWarning | RecordingEnded


def link_event(message: LinkNews, time_s: float) -> Event:
    """What happened to the link, as an event at `time_s`."""
    if isinstance(message, LinkStatistics):
        return LinkCounted(
            time_s,
            message.samples,
            message.lost,
            message.corrupt,
            message.restarts,
            message.measured_rate_hz,
            message.forged,
        )
    if isinstance(message, LinkLost):
        return LinkDown(time_s, message.reason.value, message.detail)
    if isinstance(message, LinkRestored):
        return LinkUp(time_s, message.outage_s)
    if isinstance(message, LinkWarning):
        return LinkWarned(time_s, message.reason.value, message.text)
    return SourceEnded(time_s)


def describe(message: BoardInfo | SketchInfo) -> str:
    """What is at the other end of the cable, in words."""
    if isinstance(message, SketchInfo):
        return f"a sketch that prints {message.format}, {message.measured_rate_hz:.1f} samples a second"
    version = ".".join(str(part) for part in message.firmware_version)
    fault = f", last error: {message.last_error.name.lower().replace('_', ' ')}" if message.last_error else ""
    return f"board with firmware {version}, nominally {message.nominal_rate_mhz / 1000:g} Hz{fault}"
