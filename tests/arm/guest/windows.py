"""Windows of simulated wearers through the front end of this processor: python windows.py OUT.npz COUNT."""

import sys
from collections.abc import Iterator

import numpy as np

from device.bundle import load_bundle
from device.frontend import BoardFrontEnd, Window
from device.frontend.spec import FrontEndSpec
from firmware_bridge import DataFlags, SampleBlock, wearer_names
from firmware_bridge.protocol import MAX_SAMPLES
from firmware_bridge.wearers import RATE_HZ, WearerSource, load_wearer

SECONDS = 65.0
"""Of each wearer: about 50 windows, so that several are looked at."""
_SEED = 3


def blocks_of(name: str, seconds: float) -> Iterator[SampleBlock]:
    """What a board on this wearer sends."""
    counts = WearerSource(load_wearer(name), _SEED).read(round(seconds * RATE_HZ))
    for at in range(0, len(counts), MAX_SAMPLES):
        part = counts[at : at + MAX_SAMPLES]
        newest = at + len(part) - 1
        yield SampleBlock(at, 0, newest, round(newest * 1e6 / RATE_HZ), part[:, 0], part[:, 1], DataFlags.NONE)


def windows_of(name: str, spec: FrontEndSpec, seconds: float = SECONDS) -> list[Window]:
    """The windows of a wearer, good and bad."""
    front_end = BoardFrontEnd(spec)
    return [window for block in blocks_of(name, seconds) for window in front_end.feed(block)]


def main(out: str, count: int) -> None:
    """Write (count, 300) float32 `windows`, wearer after wearer."""
    spec = load_bundle(None).front_end
    pulses: list[np.ndarray] = []
    for name in wearer_names():
        if len(pulses) < count:
            pulses += [window.pulse for window in windows_of(name, spec)]
    assert len(pulses) >= count, f"only {len(pulses)} windows"
    np.savez(out, windows=np.stack(pulses[:count]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
