"""``pulsekey micro``: write a bundle's INT8 model as C++ for a microcontroller."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from export.micro.build import MicroReport

HELP = "write a bundle's INT8 model as C++ for TFLite Micro, with its arena and a self-test"
ARENA_LIMIT = 32768
"""Bytes, 32 KiB: half the memory of the smallest boards that have a radio."""
CLOCKS_MHZ = (64, 80, 160)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("bundle", type=Path, help="the bundle's folder")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write; must not exist")
    parser.add_argument(
        "--arena-limit",
        type=int,
        default=ARENA_LIMIT,
        metavar="BYTES",
        help="refuse a model that needs more working memory (default: %(default)s, 32 KiB)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the files, or refuse and write nothing."""
    from device.bundle import load_bundle
    from export.micro.build import build_micro

    report = build_micro(load_bundle(args.bundle), args.out, args.arena_limit)
    print("\n".join(_lines(args.out, report)))
    return 0


def _lines(target: Path, report: "MicroReport") -> list[str]:
    model, near = report.model, report.agreement
    lines = [
        f"{target}: {model.model_id} as {model.name}_model.h, {model.name}_model.cc and {model.name}_golden.h",
        f"flash: {len(model.content)} bytes of model",
        f"arena: {model.arena_bytes} bytes with portable kernels",
        f"{near.windows} golden windows, largest difference of an output in INT8 steps: {near.reference} to LiteRT's "
        f"reference kernels, {near.builtin} to its optimised ones, {near.xnnpack} to XNNPACK",
        "one window, estimated and not run on hardware:",
    ]
    for core, span in report.cycles.items():
        times = ", ".join(
            f"{span.low / mhz / 1e3:.0f}-{span.high / mhz / 1e3:.0f} ms at {mhz} MHz" for mhz in CLOCKS_MHZ
        )
        lines.append(f"  {core}: {span.low / 1e6:.1f}-{span.high / 1e6:.1f} million cycles; {times}")
    return lines
