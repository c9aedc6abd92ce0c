"""`pulsekey log`: what was decided and changed, from the gallery's audit log."""

import argparse
import dataclasses

from device.commands.options import add_gallery, add_json
from device.gallery import Gallery
from device.output import write_json

HELP = "Show the audit log, after checking that no entry was altered, moved or removed."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_gallery(parser)
    add_json(parser)
    parser.add_argument("--verify", action="store_true", help="check only")


def run(args: argparse.Namespace) -> int:
    """Print one line an entry, oldest first.

    Raises:
        GalleryError: ALTERED, naming the entry, or the store's own faults.
    """
    with Gallery(args.gallery, create=False) as gallery:
        entries = gallery.log_entries()
    if args.verify:
        first, last = (entries[0].number, entries[-1].number) if entries else (0, 0)
        if args.json:
            write_json({"whole": True, "entries": len(entries), "first": first, "last": last})
        else:
            print(f"the log is whole: {len(entries)} entries, {first} to {last}")
        return 0
    for entry in entries:
        if args.json:
            write_json(dataclasses.asdict(entry))
        else:
            print(f"{entry.number}  {entry.time_utc}  {entry.event}: {entry.outcome}  {entry.person}".rstrip())
    return 0
