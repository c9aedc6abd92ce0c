"""Where the spans of a recording lie in time, for formats that have one time axis."""

from device.recording.spans import Contents
from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings.time_grid import MAX_GAP_RATIO


def span_starts_s(contents: Contents) -> list[float]:
    """Seconds from the first sample to each span's first, by this machine's clock; no span overlaps the one before.

    Raises:
        RecordingError: BAD_ARRAY if what lies between is so long that readers of one time axis would refuse it.
    """
    starts: list[float] = []
    end_s = 0.0
    for span, rate_hz in zip(contents.spans, contents.rates_hz, strict=True):
        starts.append(max((span.came_us - contents.spans[0].came_us) * 1e-6, end_s))
        end_s = starts[-1] + span.length / rate_hz
    # The samples that are there fit on the axis once, so a part of the ratio is theirs.
    if end_s * contents.rate_hz > MAX_GAP_RATIO * contents.samples:
        raise RecordingError(
            RecordingReason.BAD_ARRAY,
            f"more than {MAX_GAP_RATIO - 1} times as long interrupted as recorded: only .npz holds that; "
            "rename FILE.partial so that FILE ends in .npz, then use --recover",
        )
    return starts
