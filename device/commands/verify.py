"""`pulsekey verify NAME`: whether the wearer is this person, with a lockout after failed tries."""

import argparse

from device.bundle import load_bundle
from device.commands.asking import ask_hidden
from device.commands.trying import Answer, add_try, try_once
from device.gallery import Gallery
from device.output import write_json
from device.store.guard import Guard

HELP = "Decide once whether the wearer is NAME: exit 0 if accepted, 1 if refused or locked out, 2 on an error."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME")
    parser.add_argument(
        "--pin",
        action="store_true",
        help="ask for the PIN first; the right one ends a lockout's rounds, and lets the template follow the pulse",
    )
    add_try(parser)


def run(args: argparse.Namespace) -> int:
    """Verify once.

    Raises:
        PulsekeyError: of whatever phase; a try that ends so is a failed one, if a window had been compared.
    """
    bundle = load_bundle(args.bundle)
    with Gallery(args.gallery, create=False) as gallery:
        references = gallery.reference_of(args.name, bundle.manifest.model_id)
        (name,) = references.names
        guard = Guard(gallery.store)
        if args.pin:
            guard.require_pin()
        barred = guard.enter_pin(ask_hidden("PIN"), name) if args.pin else guard.barrier()
        answer = try_once(args, bundle, references, guard, name) if barred is None else Answer(barred)
        if args.pin and answer.accepted:
            gallery.follow(name, answer.accept)
    if args.json:
        write_json({"event": "verified", "person": name, **answer.to_json()})
    else:
        print(answer.words(f"accepted: this is {name}", f"refused: this is not {name}"))
    return 0 if answer.accepted else 1
