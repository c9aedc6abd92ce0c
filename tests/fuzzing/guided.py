"""Coverage-guided fuzzing from the committed seeds: ``python -m tests.fuzzing.guided TARGET SECONDS [FOUND]``.

Targets: ``decoder`` (any bytes to the frame decoder), ``link`` (any bytes to frames or text, in two chunkings),
``bodies`` (any bodies with right CRCs, which no fuzzer would find by itself: the codec and everything behind it), and
those of ``tests.fuzzing.files``: ``manifest``, ``cohort`` and ``recording``, any bytes as a file of that kind. What
libFuzzer finds interesting is kept in the folder FOUND, if one is named; what breaks lies in the working directory.
"""

import sys
import tempfile
from binascii import crc_hqx
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

CORPUS = Path(__file__).parents[1] / "firmware_bridge" / "corpus"
FILE_CORPUS = Path(__file__).parent / "corpus"
MAX_BYTES, MAX_FILE_BYTES = 4096, 16_384


def main() -> int:
    """Fuzz until the time is up or something breaks; libFuzzer ends the process."""
    words = sys.argv[1:]
    if len(words) not in {2, 3} or words[0] not in TARGETS or not words[1].isdigit():
        print(f"usage: python -m tests.fuzzing.guided {'|'.join(TARGETS)} SECONDS [FOUND]", file=sys.stderr)
        return 2
    try:
        import atheris
    except ImportError:
        print("atheris is not installed: pip install atheris (Linux on x86-64, Python below 3.14)", file=sys.stderr)
        return 2
    if words[0] in FILES:
        target, corpus, most = _file_target(atheris, words[0]), FILE_CORPUS / words[0], MAX_FILE_BYTES
    else:
        target, corpus, most = WIRE[words[0]](*_instrumented(atheris)), CORPUS, MAX_BYTES
    with tempfile.TemporaryDirectory() as scratch:
        found = words[2] if len(words) == 3 else scratch
        # No limit of the resident size: its peak begins with that of whoever started the process.
        memory = ["-rss_limit_mb=0", "-malloc_limit_mb=256"]
        limits = [f"-max_total_time={words[1]}", f"-max_len={most}", *memory, "-timeout=10"]
        atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", found, str(corpus)], target)
        atheris.Fuzz()
    return 0


def _instrumented(atheris: ModuleType) -> tuple[ModuleType, ModuleType]:
    """The bridge, imported so that the fuzzer sees which branches it takes, and the checks."""
    with atheris.instrument_imports(include=["firmware_bridge"]):
        from firmware_bridge import framing
        from tests.fuzzing import checks

    return framing, checks


def _file_target(atheris: ModuleType, name: str) -> Callable[[bytes], None]:
    """A reader of files, imported so that the fuzzer sees which branches it takes."""
    with atheris.instrument_imports(include=["device", "firmware_bridge"]):
        from tests.fuzzing import files

    return files.TARGETS[name]


def _decoder(framing: ModuleType, checks: ModuleType) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        whole = framing.FrameDecoder()
        frames = whole.feed(data)
        assert checks.kept(whole) <= framing.MAX_ENCODED + 1
        pieces = framing.FrameDecoder()
        assert [one for i in range(0, len(data), 7) for one in pieces.feed(data[i : i + 7])] == frames
        assert pieces.counts == whole.counts

    return target


def _link(_: ModuleType, checks: ModuleType) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        size = 1 + (data[0] if data else 0)
        checks.run_chunks([data[i : i + size] for i in range(1, len(data), size)])

    return target


def _bodies(framing: ModuleType, checks: ModuleType) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        chunks = []
        at = 0
        while at < len(data):
            body = data[at + 1 : at + 1 + data[at] % (framing.MAX_ENCODED - 2)]
            at += 1 + len(body)
            seal = crc_hqx(body, framing.CRC_START).to_bytes(2, "big")
            chunks.append(bytes(framing.cobs.encode(body + seal)) + framing.END)
        checks.run_chunks(chunks)

    return target


WIRE = {"decoder": _decoder, "link": _link, "bodies": _bodies}
FILES = ("manifest", "cohort", "recording")
TARGETS = (*WIRE, *FILES)


if __name__ == "__main__":
    sys.exit(main())
