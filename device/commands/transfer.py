"""`pulsekey transfer`: take one person to another device, in a file that is encrypted with a passphrase."""

import argparse
from pathlib import Path

from device.commands.asking import ask_hidden
from device.commands.options import add_gallery
from device.errors import CommandError, CommandReason, GalleryError, GalleryReason
from device.gallery import Gallery
from device.store.parcel import MAX_BYTES, packed, unpacked
from device.user_data import write_own_file

HELP = "Write one person to a file that a passphrase encrypts, or enrol the person of such a file."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="with --to")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--to", type=Path, metavar="FILE", help="write NAME there; nothing is overwritten")
    way.add_argument("--from", type=Path, metavar="FILE", dest="source", help="enrol the person who is there")
    add_gallery(parser)


def run(args: argparse.Namespace) -> int:
    """Write or read one person.

    Raises:
        GalleryError: BAD_PARCEL, or the store's own faults.
        CommandError: BAD_ARGUMENT or UNWRITABLE.
    """
    if (args.name is None) == (args.source is None):
        raise CommandError(CommandReason.BAD_ARGUMENT, "give NAME with --to, and no NAME with --from")
    if args.source is None:
        _write(args)
    else:
        _read(args)
    return 0


def _write(args: argparse.Namespace) -> None:
    with Gallery(args.gallery, create=False) as gallery:
        parcel = gallery.parcel(args.name)
        passphrase = ask_hidden(f"passphrase for {args.to}")
        if ask_hidden("again") != passphrase:
            raise GalleryError(GalleryReason.BAD_PARCEL, "the two passphrases differ: try again")
        content = packed(parcel, passphrase)
        gallery.log("transfer", "written", parcel.name)
        try:
            write_own_file(args.to, content, mode=0o600, replace=False)
        except OSError as error:
            raise CommandError(CommandReason.UNWRITABLE, f"cannot write {args.to}: {error.strerror}") from None
    print(f"wrote {parcel.name} to {args.to}")


def _read(args: argparse.Namespace) -> None:
    try:
        with args.source.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise GalleryError(GalleryReason.BAD_PARCEL, f"cannot read {args.source}: {error.strerror}") from None
    parcel = unpacked(content, ask_hidden(f"passphrase of {args.source}"), str(args.source))
    with Gallery(args.gallery) as gallery:
        gallery.enrol(parcel.name, parcel.model_id, parcel.reference, parcel.good_windows)
    print(f"enrolled {parcel.name}")
