"""How often the contact's measures would speak on good pulses, and whether they speak rightly on a simulated artery.

python -m tests.benchmarks.contact --cohort bidmc.npz [--seconds 90] [--json OUT]

No recording with a measured contact force was at hand, and none here keeps the steady light (DC). On recordings,
played as a board would play them, only two of the three measures can be seen: the perfusion, and the normalised pulse
area. How often they pass their bounds on windows of good quality, against the best seconds of the first --seconds of
each person, is the most that false advice can be; DC has to agree as well. The simulated wearers
(tests/device/pressed_wearer.py) sit at a balanced contact and then press more or less: what they are told.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from device.bundle import load_bundle
from device.contact import LESS_AREA, LESS_PERFUSION, SMOOTHED_WINDOWS, Contact, ContactMeter, normalised_pulse_area
from device.frontend import BoardFrontEnd, FrontEndSpec, Window
from firmware_bridge import DataFlags, SampleBlock, wearer_names
from firmware_bridge.recordings import Recording, read_cohort
from firmware_bridge.sources import LOST, PulseSource, RecordingSource
from tests.device.pressed_wearer import PressedWearer

BALANCED_MMHG = 95.0
SETTLED_S, PRESSED_S, JUDGED_S = 20.0, 25.0, 12.0


def windows_from(source: PulseSource, seconds: float, spec: FrontEndSpec) -> Iterator[Window]:
    """The windows that a board on this source would give."""
    front_end = BoardFrontEnd(spec)
    counts = source.read(round(seconds * source.rate_hz))
    for at in range(0, len(counts) - 4, 5):
        part = counts[at : at + 5]
        if not (part == LOST).any():
            t_us = round((at + 4) * 1e6 / source.rate_hz)
            yield from front_end.feed(SampleBlock(at, 0, at + 4, t_us, part[:, 0], part[:, 1], DataFlags.NONE))


def passed(recording: Recording, spec: FrontEndSpec, seconds: float) -> Counter[str]:
    """How many smoothed good windows passed which bounds."""
    counts: Counter[str] = Counter()
    recent: list[Contact] = []
    best: Contact | None = None
    for window in windows_from(RecordingSource(recording), seconds, spec):
        if not window.quality.good or window.dc_counts is None or window.ac_counts is None:
            continue
        area = normalised_pulse_area(window.pulse, spec.rate_hz)
        recent = [*recent, Contact(window.ac_counts / window.dc_counts, window.dc_counts, area)][-SMOOTHED_WINDOWS:]
        if len(recent) < SMOOTHED_WINDOWS:
            continue
        perfusion = float(np.median([one.perfusion for one in recent]))
        area = float(np.nanmedian([one.area for one in recent]))
        if best is None or perfusion > best.perfusion:
            best = Contact(perfusion, 0.0, area)
        less, collapsed = perfusion < LESS_PERFUSION * best.perfusion, area < LESS_AREA * best.area
        counts.update(windows=1, less_perfusion=less, less_area=collapsed, both=less and collapsed)
    return counts


def told(name: str, mmhg: float, spec: FrontEndSpec) -> dict[str, float]:
    """Shares of the last windows at this contact, after a balanced one, by what is said of them."""
    at: Callable[[float], float] = lambda t: BALANCED_MMHG if t < SETTLED_S else mmhg  # noqa: E731
    meter = ContactMeter(spec.rate_hz)
    said = [meter.take(window) for window in windows_from(PressedWearer(name, at), SETTLED_S + PRESSED_S, spec)]
    last = said[-round(JUDGED_S * spec.rate_hz / spec.hop_samples) :]
    return {str(word or "nothing"): count / len(last) for word, count in Counter(last).items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, action="append", default=[], metavar="FILE.npz")
    parser.add_argument("--seconds", type=float, default=90.0, help="of each recording (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    spec = load_bundle(None).front_end
    report: dict[str, Any] = {"recordings": {}, "simulated": {}}
    for path in args.cohort:
        total: Counter[str] = sum((passed(one, spec, args.seconds) for one in read_cohort(path)), Counter())
        report["recordings"][path.name] = {"windows": total["windows"]} | {
            key: total[key] / total["windows"] for key in ("less_perfusion", "less_area", "both")
        }
    for mmhg in (20.0, 40.0, 55.0, 80.0, 95.0, 110.0, 130.0, 150.0):
        report["simulated"][f"{mmhg:g} mmHg"] = {name: told(name, mmhg, spec) for name in wearer_names()}
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
