"""BIDMC recordings through a pseudo-terminal: five people enrolled, everybody else a stranger.

python tests/benchmarks/replay_bidmc.py --data DIR [--speed 40] [--json OUT]

Each recording is played by a simulated board into a real tty, which the device reads, filters, embeds and decides on
as from hardware. Five people are enrolled, for as long as the device asks for; the rest of their recordings are mated
decisions. One of them is played at real time, the others sped up. Everyone else's whole recording is a stranger's.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.bundle import Bundle, load_bundle
from device.comparison import comparator_of
from device.decision import Boundaries, boundaries_at
from device.embedders import Embedder, load_embedder
from device.enrolment import LIMIT_S, Enrolment, windows_in
from device.errors import SignalError
from device.events import Identified, Unknown
from device.frontend import BoardFrontEnd
from device.gallery import Gallery, References
from device.pipeline import Recogniser, enrol_from
from firmware_bridge import BoardReader, LightBoard, PtyBoard, Recording, read_wfdb
from firmware_bridge.sources import RecordingSource

ENROLLED = 5
COMPARED_S = 12.0
# Before an enrolment's first window and after its last, so that no sample is in both.
SETTLING_S = 2.0


@dataclass
class Counts:
    """What became of people of one kind: decisions as the device makes them, and who was most alike every 12 s."""

    decisions: int = 0
    accepted: int = 0
    accepted_as_another: int = 0
    compared: int = 0
    rank_one: int = 0

    def add(self, event: Identified | Unknown, own: str) -> None:
        """Count one decision."""
        self.decisions += 1
        if isinstance(event, Identified):
            self.accepted += 1
            self.accepted_as_another += event.person != own


def main() -> int:
    """Run it all and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with bidmc01.hea ...")
    parser.add_argument("--speed", type=float, default=40.0, help="times real time (default: %(default)s)")
    parser.add_argument("--bundle", help="another bundle than the one that ships")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    bundle = load_bundle(args.bundle)
    embedder = load_embedder(bundle)
    recordings = [read_wfdb(path) for path in sorted(args.data.glob("bidmc*.hea"))]
    mated, strangers, started = Counts(), Counts(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Gallery(Path(folder) / "gallery.sqlite") as gallery:
        enrolled = enrol_first(recordings, bundle, embedder, gallery, args.speed)
        references = gallery.references(bundle.manifest.model_id)
        for number, one in enumerate(recordings):
            own = one.record in enrolled
            speed = 1.0 if own and one.record == next(iter(enrolled)) else args.speed
            part = one.cut(enrolled[one.record] + SETTLING_S) if own else one
            recognise(part, speed, bundle, embedder, references, mated if own else strangers)
            print(f"{number + 1}/{len(recordings)} {one.record} {'enrolled' if own else 'stranger'}", file=sys.stderr)
    report = {
        "model_id": bundle.manifest.model_id,
        "enrolled_in_s": enrolled,
        "mated_decisions": mated.decisions,
        "compared_over_12_s": mated.compared,
        "rank1": mated.rank_one / mated.compared,
        "mated_accepted": mated.accepted / mated.decisions,
        "mated_accepted_as_another": mated.accepted_as_another,
        "strangers": len(recordings) - len(enrolled),
        "stranger_decisions": strangers.decisions,
        "strangers_accepted": strangers.accepted / strangers.decisions,
        "wall_s": round(time.monotonic() - started, 1),
    }
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


def enrol_first(
    recordings: list[Recording], bundle: Bundle, embedder: Embedder, gallery: Gallery, speed: float
) -> dict[str, float]:
    """Enrol the first five, in file order, whom the device itself accepts; how many seconds of signal each took."""
    enrolled: dict[str, float] = {}
    for one in recordings:
        if len(enrolled) == ENROLLED:
            break
        enrolment = Enrolment(embedder, bundle.front_end)
        beginning = RecordingSource(one.cut(0.0, LIMIT_S + SETTLING_S))
        with PtyBoard(LightBoard(beginning), speed=speed) as board, BoardReader(board.path) as reader:
            for _ in enrol_from(reader, front_end=BoardFrontEnd(bundle.front_end), enrolment=enrolment):
                pass
        try:
            reference = enrolment.reference()
        except SignalError as error:
            print(f"{one.record} not enrolled: {error}", file=sys.stderr)
            continue
        gallery.enrol(one.record, bundle.manifest.model_id, reference, enrolment.good_windows)
        enrolled[one.record] = round(enrolment.elapsed_s, 1)
    return enrolled


def recognise(
    one: Recording, speed: float, bundle: Bundle, embedder: Embedder, references: References, counts: Counts
) -> None:
    """Play one recording through a tty and count every decision about it."""
    parts: dict[str, Any] = {
        "embedder": embedder,
        "references": references,
        "comparator": comparator_of(bundle),
    }
    device = Recogniser(
        front_end=BoardFrontEnd(bundle.front_end), boundaries=boundaries_at(bundle.manifest.decision), **parts
    )
    # Names whoever is most alike, so that rank-1 can be told from acceptance.
    windows = windows_in(COMPARED_S, bundle.front_end)
    naming = Recogniser(
        front_end=BoardFrontEnd(bundle.front_end),
        boundaries=Boundaries(windows, windows, -math.inf, -math.inf),
        **parts,
    )
    with PtyBoard(LightBoard(RecordingSource(one)), speed=speed) as board, BoardReader(board.path) as reader:
        for message in reader:
            for event in device.events([message]):
                if isinstance(event, Identified | Unknown):
                    counts.add(event, one.record)
            for event in naming.events([message]):
                if isinstance(event, Identified):
                    counts.compared += 1
                    counts.rank_one += event.person == one.record


if __name__ == "__main__":
    sys.exit(main())
