"""From finger to opened lock, and from finger off to closed: twenty simulated people on the executed firmware.

python tests/benchmarks/unlock_time.py [--people 20] [--board executed|light] [--json OUT]

The people are made anew from the project's textbook pulse, with other seeds than those that ship. All are enrolled, in
one sitting; in another each lays a finger on a sensor that is switched on, and takes it off again. The light is
challenged. Time is the board's.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from device.bundle import Bundle, load_bundle
from device.embedders import Embedder, load_embedder
from device.enrolment import Enrolment
from device.events import FingerChanged, LockChanged
from device.frontend import BoardFrontEnd
from device.gallery import Gallery
from device.pipeline import enrol_from
from device.presentation.detector import detector_of
from device.session.lock import Lock
from device.session.opening import open_session
from firmware_bridge import LightBoard
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.packets import Board
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.wearers import Wearer, WearerSource
from tests.simulated_uno import SimulatedUno
from tests.simulated_uno.sketch import build_sketch
from train.wearers import make_wearers

FIRST_SEED = 1000
ON_S, OFF_S, END_S = 3.0, 40.0, 43.0


def people(n: int) -> list[Wearer]:
    """So many wearers; each seed makes a handful that are as unlike as the ones that ship."""
    wearers: list[Wearer] = []
    for seed in range(FIRST_SEED, FIRST_SEED + n):
        columns: dict[str, Any] = make_wearers(seed)
        for i, name in enumerate(columns["name"]):
            scalars = {key: float(values[i]) for key, values in columns.items() if key not in ("name", "beat")}
            wearers.append(Wearer(f"{name}-{seed}", columns["beat"][i], **scalars))
    return wearers[:n]


def board_of(kind: str, wearer: Wearer) -> Board:
    """A board in open air until the finger comes, and again after it left."""
    source = WearerSource(wearer, seed=2, seconds=END_S + 5.0)
    faults = (
        SensorFaultEvent(FaultKind.FINGER_OFF, 0.0, ON_S),
        SensorFaultEvent(FaultKind.FINGER_OFF, OFF_S, END_S),
    )
    if kind == "light":
        return LightBoard(source, faults=faults)
    return SimulatedUno(build_sketch(), source, faults=faults, seconds=END_S)


def enrol(wearer: Wearer, bundle: Bundle, embedder: Embedder, gallery: Gallery) -> None:
    """Take a reference in another sitting, on the light board."""
    enrolment = Enrolment(embedder, bundle.front_end)
    reader = DirectReader(LightBoard(WearerSource(wearer, seed=1, seconds=200.0)))
    for _ in enrol_from(reader, front_end=BoardFrontEnd(bundle.front_end), enrolment=enrolment):
        pass
    gallery.enrol(wearer.name, bundle.manifest.model_id, enrolment.reference(), enrolment.good_windows)


def sit(wearer: Wearer, kind: str, bundle: Bundle, embedder: Embedder, gallery: Gallery) -> dict[str, Any]:
    """Lay a finger on, wait, take it off: what the lock did, in seconds of the board's time."""
    reader = DirectReader(board_of(kind, wearer))
    session = open_session(
        gallery,
        bundle,
        embedder,
        lock=Lock(),
        presentation=detector_of(reader.command, random=Random(0)),
        clock=lambda: reader.now_s,
    )
    seen: list[LockChanged | FingerChanged] = []
    session.run(reader, lambda event: seen.append(event) if isinstance(event, LockChanged | FingerChanged) else None)
    opened = [one for one in seen if isinstance(one, LockChanged) and not one.locked]
    closed = [one for one in seen if isinstance(one, LockChanged) and one.locked]
    return {
        "who": wearer.name,
        "opened_for": opened[0].person if opened else "",
        "opened_after_s": opened[0].time_s - ON_S if opened else None,
        "closed_after_s": closed[0].time_s - OFF_S if closed else None,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--board", choices=("executed", "light"), default="executed")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    bundle = load_bundle(None)
    embedder, wearers = load_embedder(bundle), people(args.people)
    with tempfile.TemporaryDirectory() as folder, Gallery(Path(folder) / "gallery.sqlite") as gallery:
        for wearer in wearers:
            enrol(wearer, bundle, embedder, gallery)
        told = [sit(wearer, args.board, bundle, embedder, gallery) for wearer in wearers]
    opened = [one["opened_after_s"] for one in told if one["opened_for"] == one["who"]]
    wrong = [one for one in told if one["opened_for"] not in ("", one["who"])]
    closed = [one["closed_after_s"] for one in told if one["closed_after_s"] is not None]
    print(
        f"{args.board} board, {len(wearers)} people enrolled: opened for {len(opened)}, for another {len(wrong)}; "
        f"finger to opened lock {np.median(opened):.1f} s median ({min(opened):.1f} to {max(opened):.1f}); "
        f"finger off to closed {1000 * np.median(closed):.0f} ms median, {1000 * max(closed):.0f} at most"
    )
    if args.json:
        args.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
