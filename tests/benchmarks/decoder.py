"""How fast bytes become frames, and messages, on one core.

python tests/benchmarks/decoder.py [--megabytes 4] [--rounds 7]

A light board's stream of five-sample DATA frames with an INFO each second, fed in chunks of 4096 bytes; the time is the
processor's, so that whatever else the machine does is left out.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

from firmware_bridge.board import LightBoard
from firmware_bridge.commands import Commands
from firmware_bridge.framing import FrameDecoder
from firmware_bridge.link import Link
from firmware_bridge.tallies import Tally
from firmware_bridge.wearers import WearerSource, load_wearer, wearer_names

CHUNK_BYTES = 4096


def main() -> int:
    """Measure and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=4.0, help="length of the stream (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="of which the median counts (default: %(default)s)")
    args = parser.parse_args()
    stream = board_stream(round(args.megabytes * 1e6))
    chunks = [stream[at : at + CHUNK_BYTES] for at in range(0, len(stream), CHUNK_BYTES)]
    for name, make in (("FrameDecoder.feed", decoder), ("Link.feed", link)):
        seconds = [feed_s(make(), chunks) for _ in range(args.rounds)]
        print(
            f"{name}: {len(stream) / statistics.median(seconds) / 1e6:.1f} MB/s "
            f"(median of {args.rounds}, best {len(stream) / min(seconds) / 1e6:.1f}; {len(stream) / 1e6:.1f} MB)"
        )
    return 0


def board_stream(length: int) -> bytes:
    """At least ``length`` bytes as one board sends them."""
    stream = bytearray()
    for packet in LightBoard(WearerSource(load_wearer(wearer_names()[0]))).boot():
        stream += packet.data
        if len(stream) >= length:
            break
    return bytes(stream)


def decoder() -> Callable[[bytes], object]:
    """A decoder's feed."""
    return FrameDecoder().feed


def link() -> Callable[[bytes], object]:
    """A link's feed; a board's frames carry their own clock, so the host's does not matter."""
    made = Link(Tally(), Commands(1.0))
    return lambda chunk: made.feed(chunk, 0)


def feed_s(feed: Callable[[bytes], object], chunks: list[bytes]) -> float:
    """Seconds of one core for all of the chunks."""
    started = time.process_time()
    for chunk in chunks:
        feed(chunk)
    return time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
