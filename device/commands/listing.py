"""`pulsekey list`: who is enrolled."""

import argparse
import dataclasses
import sys

from device.commands.options import add_gallery, add_json
from device.gallery import Gallery
from device.output import write_json

HELP = "List who is enrolled."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_gallery(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print one line a person; nobody is an answer, not an error."""
    with Gallery(args.gallery, create=False) as gallery:
        people = gallery.people()
    for person in people:
        if args.json:
            write_json(dataclasses.asdict(person))
        else:
            print(f"{person.name}  enrolled {person.enrolled_at_utc}  model {person.model_id}")
    if not people:
        print("pulsekey: nobody is enrolled", file=sys.stderr)
    return 0
