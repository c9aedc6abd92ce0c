"""`pulsekey identify`: who of the enrolled the wearer is, once, with the same lockout as `pulsekey verify`."""

import argparse

from device.bundle import load_bundle
from device.commands.trying import Answer, add_try, try_once
from device.gallery import Gallery
from device.output import write_json
from device.store.guard import Guard

HELP = "Say once who wears the sensor: exit 0 and a name, 1 if it is nobody enrolled or locked out, 2 on an error."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_try(parser)


def run(args: argparse.Namespace) -> int:
    """Identify once.

    Raises:
        PulsekeyError: of whatever phase; a try that ends so is a failed one, if a window had been compared.
    """
    bundle = load_bundle(args.bundle)
    with Gallery(args.gallery, create=False) as gallery:
        references = gallery.references(bundle.manifest.model_id)
        guard = Guard(gallery.store)
        barred = guard.barrier()
        answer = try_once(args, bundle, references, guard, "") if barred is None else Answer(barred)
    if args.json:
        write_json({"event": "identified_once", "person": answer.person, **answer.to_json()})
    else:
        print(answer.words(f"this is {answer.person}", "nobody I know"))
    return 0 if answer.accepted else 1
