"""`pulsekey pin`: set or replace the PIN that is asked after three rounds of failed tries."""

import argparse

from device.commands.asking import ask_hidden
from device.commands.options import add_gallery
from device.errors import GalleryError, GalleryReason
from device.gallery import Gallery
from device.store.guard import Guard
from device.store.pin import MAX_DIGITS, MIN_DIGITS

HELP = "Set the PIN, or replace it by entering the old one first. Asked for on the terminal, or read from stdin."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_gallery(parser)


def run(args: argparse.Namespace) -> int:
    """Set the PIN.

    Raises:
        GalleryError: WRONG_PIN, or the store's own faults; the old one is kept then.
    """
    with Gallery(args.gallery) as gallery:
        guard = Guard(gallery.store)
        if guard.has_pin:
            refused = guard.enter_pin(ask_hidden("old PIN"))
            if refused is not None:
                wait = f", wait {refused.wait_s:.0f} s" if refused.wait_s else ""
                raise GalleryError(
                    GalleryReason.WRONG_PIN, f"the old PIN stays ({refused.outcome.value}{wait}): enter the right one"
                )
        digits = ask_hidden(f"new PIN, {MIN_DIGITS} to {MAX_DIGITS} digits")
        if ask_hidden("again") != digits:
            raise GalleryError(GalleryReason.WRONG_PIN, "the two PINs differ: try again")
        guard.set_pin(digits)
    print("the PIN is set")
    return 0
