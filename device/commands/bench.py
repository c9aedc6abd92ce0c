"""`pulsekey bench`: speed and memory of every model on every runtime, on this machine."""

import argparse
import json
import sys
from pathlib import Path

from device.bench.measure import Tools, run_bench
from device.bench.rounds import Plan
from device.bench.runtimes import Runtime, known_runtimes, open_installed, open_runtime
from device.bench.tables import markdown, table
from device.bundle import Bundle, bundle_folder, default_bundle_path, load_bundle, shipped_bundles
from device.commands.options import count
from device.errors import CommandError, CommandReason
from device.whole_file import check_writable, write_whole

HELP = (
    "Measure every model on every runtime: the runtime's own call (set input, run, get output) in interleaved rounds, "
    "loading, first answer and memory in a fresh process each, and the device's whole path from samples to decision."
)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.split(",")))


def _counts(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(count(part) for part in text.split(",")))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--bundle", type=Path, nargs="+", metavar="FOLDER", help="which models (default: all that ship)"
    )
    parser.add_argument(
        "--runtime",
        type=_names,
        metavar="A,B,...",
        help=f"of {', '.join(known_runtimes())} (default: those installed)",
    )
    parser.add_argument("--threads", type=_counts, default=(1,), metavar="A,B,...", help="thread counts (default 1)")
    parser.add_argument(
        "--rounds",
        type=count,
        default=Plan().rounds,
        metavar="N",
        help=f"rounds of {Plan().calls} calls a row (default %(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write everything to this file")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown block instead of the table")


def run(args: argparse.Namespace) -> int:
    """Measure, write the JSON, print the table.

    Raises:
        PulsekeyError: of whatever phase; what can be known before the work begins is.
    """
    if args.json is not None:
        check_writable(args.json)
    runtimes, left_out = _runtimes(args.runtime)
    progress = _progress if sys.stderr.isatty() else lambda _: None
    report = run_bench(
        _bundles(args.bundle),
        runtimes,
        args.threads,
        Plan(rounds=args.rounds),
        left_out=left_out,
        tools=Tools(progress=progress),
    )
    progress("")
    if args.json is not None:
        write_whole(args.json, json.dumps(report.to_json(), indent=2, allow_nan=False) + "\n")
    print(markdown(report) if args.markdown else table(report))
    return 0


def _runtimes(names: tuple[str, ...] | None) -> tuple[list[Runtime], list[str]]:
    if names is None:
        return open_installed()
    unknown = [name for name in names if name not in known_runtimes()]
    if unknown:  # before any that is known takes its seconds to load
        open_runtime(unknown[0])
    return [open_runtime(name) for name in names], []


def _bundles(folders: list[Path] | None) -> list[Bundle]:
    if folders is None:
        folders = sorted(shipped_bundles(), key=lambda folder: folder != default_bundle_path())
    bundles = [load_bundle(folder) for folder in dict.fromkeys(bundle_folder(folder).resolve() for folder in folders)]
    ids = [bundle.manifest.model_id for bundle in bundles]
    for model_id in ids:
        if ids.count(model_id) > 1:
            raise CommandError(
                CommandReason.BAD_ARGUMENT, f"two of the bundles hold the same model, {model_id}: give one of them"
            )
    return bundles


def _progress(what: str) -> None:
    print(f"{what:<60.60}\r", end="", file=sys.stderr, flush=True)
