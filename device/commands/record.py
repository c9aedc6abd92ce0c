"""`pulsekey record FILE`: keep a board's samples with their timing, for training or to replay a fault."""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from device.commands.options import add_json, add_port, open_reader, positive, resolve_port
from device.errors import CommandError, CommandReason
from device.events import Recorded
from device.link_watch import LinkWatch
from device.output import Output
from device.person_names import checked_name
from device.recording.finishing import check_target, finish, journal_of
from device.recording.journal import Journal, JournalReader, Session
from device.recording.recorder import Recorder
from device.recording.spans import read_spans
from device.session.inbox import Inbox
from device.stopping import Stopper
from firmware_bridge import BoardReader
from firmware_bridge.errors import PortError, RecordingError, RecordingReason

HELP = (
    "Keep a board's raw samples with their timing in FILE, until Ctrl-C: a cohort (.npz), .csv, or WFDB (.hea). "
    "What was recorded survives a crash in FILE.partial."
)
PRIVACY = "a pulse is biometric data: the file is for your user alone; do not share it without the person's consent"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", type=Path, help="ends in .npz, .csv or .hea; never overwritten")
    add_port(parser)
    parser.add_argument("--seconds", type=positive, metavar="N", help="stop after N seconds")
    parser.add_argument("--subject", type=checked_name, metavar="NAME", help="who wears it (default: unknown)")
    parser.add_argument("--session", type=checked_name, metavar="NAME", help="default: when it begins, in UTC")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--resume", action="store_true", help="go on with an interrupted recording, in a new epoch")
    way.add_argument("--recover", action="store_true", help="make FILE of an interrupted recording; no board is needed")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Record until stopped, or finish what was interrupted.

    Raises:
        CommandError: FILE cannot be made, or there is (or is not) an interrupted recording. PortError: of the
            board; what it sent before is in FILE. RecordingError, SignalError: nothing that FILE could be made of.
    """
    check_target(args.file)
    partial = journal_of(args.file)
    _check_way(args, partial)
    if args.recover:
        with Journal(partial, new=False):  # so that nobody writes it meanwhile
            _finish(args, 0.0)
    else:
        print(PRIVACY, file=sys.stderr, flush=True)
        _record(args, partial)
    return 0


def _check_way(args: argparse.Namespace, partial: Path) -> None:
    if (args.resume or args.recover) and not partial.exists():
        raise CommandError(CommandReason.BAD_ARGUMENT, f"there is no {partial}: record without --resume and --recover")
    if not (args.resume or args.recover) and partial.exists():
        raise CommandError(
            CommandReason.BAD_ARGUMENT,
            f"{partial} is there already: go on with it with --resume, or make {args.file} of it with --recover",
        )


def _record(args: argparse.Namespace, partial: Path) -> None:
    """Fill the journal and make the file of it; a journal that this call began and that holds no sample is removed."""
    reader = open_reader(args, resolve_port(args))
    began = time.monotonic()
    fault: PortError | None = None
    with Journal(partial, new=not args.resume) as journal:
        try:
            recorder = _begin(args, partial, journal)
        except CommandError:
            if not args.resume:
                partial.unlink()
            raise
        try:
            _fill(args, reader, recorder)
        except PortError as error:
            if not recorder.samples:
                raise
            fault = error  # told after what came before it is safe
        finally:
            if not recorder.samples and not args.resume:
                partial.unlink()
        if not recorder.samples and not args.resume:
            raise RecordingError(RecordingReason.NO_SIGNAL, "nothing was recorded: the board sent no sample")
        _finish(args, time.monotonic() - began)
    if fault is not None:
        raise fault


def _begin(args: argparse.Namespace, partial: Path, journal: Journal) -> Recorder:
    """A recorder that goes on after what the journal holds, as the same person's unless told otherwise."""
    session = Session("unknown", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    epoch = 0
    if args.resume:
        before = JournalReader(partial)
        spans = read_spans(before)
        journal.cut_to(before.good_bytes)
        if spans:
            session, epoch = spans[-1].session, spans[-1].epoch + 1
    journal.begin(Session(args.subject or session.subject, args.session or session.session))
    return Recorder(journal, epoch)


def _fill(args: argparse.Namespace, reader: BoardReader, recorder: Recorder) -> None:
    output = Output(as_json=args.json, aside=True)
    with Stopper(reader.close, args.seconds), reader:
        # Read in a thread of its own: a card that takes seconds to sync must not cost the samples of these seconds.
        for event in LinkWatch(reader.statistics).events(recorder.taking(Inbox(reader).messages())):
            output.event(event)


def _finish(args: argparse.Namespace, time_s: float) -> None:
    contents, damaged = finish(args.file)
    if damaged:
        print(f"warning: {damaged} bytes of the interrupted recording were damaged and left out", file=sys.stderr)
    recorded = Recorded(
        time_s,
        str(args.file),
        len(contents.spans),
        contents.seconds,
        contents.samples,
        contents.missing,
        contents.rate_hz,
    )
    Output(as_json=args.json).event(recorded)
