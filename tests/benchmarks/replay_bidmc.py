"""BIDMC recordings through a pseudo-terminal: five people enrolled, everybody else a stranger.

python tests/benchmarks/replay_bidmc.py --data DIR [--speed 40] [--json OUT]

Each recording is played by a simulated board into a real tty, which the device reads, filters, embeds and decides on
as from hardware. Five people are enrolled from their first 60 s; the rest of their recordings are mated decisions of
12 s. One of them is played at real time, the others sped up. Everyone else's whole recording is a stranger's.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from device.bundle import Bundle, load_bundle
from device.comparison import comparator_of
from device.embedders import Embedder, load_embedder
from device.enrolment import DEFAULT_SECONDS, Enrolment
from device.errors import SignalError
from device.events import Identified
from device.frontend import BoardFrontEnd
from device.gallery import Gallery, References
from device.pipeline import Recogniser, enrol_from
from firmware_bridge import BoardReader, PtyBoard, Recording, read_wfdb
from firmware_bridge.sources import RecordingSource

ENROLLED = 5


@dataclass
class Counts:
    """Decisions of one kind."""

    decisions: int = 0
    rank_one: int = 0
    accepted: int = 0
    accepted_as_another: int = 0

    def add(self, event: Identified, threshold: float, own: str) -> None:
        """Count one decision: the best reference, and whether the shipped threshold would accept it."""
        accepted = event.score >= threshold
        self.decisions += 1
        self.rank_one += event.person == own
        self.accepted += accepted
        self.accepted_as_another += accepted and event.person != own


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
            speed = 1.0 if own and one.record == enrolled[0] else args.speed
            part = one.cut(DEFAULT_SECONDS) if own else one
            recognise(part, speed, bundle, embedder, references, mated if own else strangers)
            print(f"{number + 1}/{len(recordings)} {one.record} {'enrolled' if own else 'stranger'}", file=sys.stderr)
    report = {
        "model_id": bundle.manifest.model_id,
        "enrolled": enrolled,
        "mated_decisions": mated.decisions,
        "rank1": mated.rank_one / mated.decisions,
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
) -> list[str]:
    """Enrol the first five, in file order, whose first minute the device itself accepts."""
    enrolled: list[str] = []
    for one in recordings:
        if len(enrolled) == ENROLLED:
            break
        enrolment = Enrolment(embedder, bundle.front_end)
        # A little more than a minute is played: the first 0.75 s settle the filter.
        minute = RecordingSource(one.cut(0.0, DEFAULT_SECONDS + 2.0))
        with PtyBoard(minute, speed=speed) as board, BoardReader(board.path) as reader:
            for _ in enrol_from(reader, front_end=BoardFrontEnd(bundle.front_end), enrolment=enrolment):
                pass
        try:
            reference = enrolment.reference()
        except SignalError as error:
            print(f"{one.record} not enrolled: {error}", file=sys.stderr)
            continue
        gallery.enrol(one.record, bundle.manifest.model_id, reference, enrolment.good_windows)
        enrolled.append(one.record)
    return enrolled


def recognise(
    one: Recording, speed: float, bundle: Bundle, embedder: Embedder, references: References, counts: Counts
) -> None:
    """Play one recording through a tty and count every decision about it."""
    recogniser = Recogniser(
        front_end=BoardFrontEnd(bundle.front_end),
        embedder=embedder,
        references=references,
        # Everybody is named, so that rank-1 can be told from acceptance; the threshold is applied in counting.
        comparator=comparator_of(bundle),
        decision=replace(bundle.manifest.decision, threshold=-math.inf),
    )
    with PtyBoard(RecordingSource(one), speed=speed) as board, BoardReader(board.path) as reader:
        for event in recogniser.events(reader):
            if isinstance(event, Identified):
                counts.add(event, bundle.manifest.decision.threshold, one.record)


if __name__ == "__main__":
    sys.exit(main())
