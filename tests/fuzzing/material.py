"""What streams are made of: frames as boards send them, the golden frames, the committed seeds, and printed lines."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from firmware_bridge.board import LightBoard
from firmware_bridge.framing import FrameDecoder, encode_frame
from firmware_bridge.protocol import Frame
from firmware_bridge.wearers import WearerSource, load_wearer, wearer_names
from tests.fuzzing.reference import is_sealed

TESTS = Path(__file__).parents[1] / "firmware_bridge"
CORPUS = TESTS / "corpus"
GOLDEN = TESTS / "firmware" / "golden_frames.txt"
BOARD_S = 30.0

TEXT_LINES: tuple[Callable[[int, int], str], ...] = (
    lambda ir, red: f" R[{red}] IR[{ir}] G[{red + 3}]",
    lambda ir, red: f"IR={ir}, BPM=71.5, Avg BPM=70",
    lambda ir, red: f"red={red}, ir={ir}, HR=71, HRvalid=1, SPO2=98, SPO2Valid=1",
    lambda ir, red: f"R={red} IR={ir}",
    lambda ir, red: f"IR:{ir},RED:{red}",
    lambda ir, red: f"IR:{ir}",
    lambda ir, red: f"{red},{ir}",
    lambda ir, red: f"{red}\t{ir}",
    lambda ir, red: f"{ir}",
)
"""A line of each format that sketches print."""


@dataclass(frozen=True)
class Material:
    """Real bytes, and which frame each whole one is.

    ``boards`` holds the pieces of some boards' streams in order, the zeros taken out; ``golden`` those of the golden
    frames; ``seeds`` whole streams. ``frames`` says what each piece of them means, and ``foreign`` holds those with a
    right CRC that mean nothing in this version.
    """

    boards: list[list[bytes]]
    golden: list[bytes]
    seeds: list[bytes]
    frames: dict[bytes, Frame]
    foreign: set[bytes]


def load_material(seconds: float = BOARD_S) -> Material:
    """``seconds`` of a board on each simulated wearer, and everything that is committed."""
    boards = [board_pieces(name, seconds) for name in wearer_names()]
    golden = [bytes.fromhex(line.split("=")[1])[:-1] for line in golden_lines() if not line.startswith("damaged")]
    seeds = [file.read_bytes() for file in sorted(CORPUS.glob("*.bin")) if not file.name.startswith("text_")]
    frames = {piece: frame_of(piece) for pieces in (*boards, golden) for piece in pieces}
    foreign = set()
    for piece in {piece for seed in seeds for piece in seed.split(b"\0")} - frames.keys():
        if is_sealed(piece):
            try:
                frames[piece] = frame_of(piece)
            except ValueError:
                foreign.add(piece)
    return Material(boards, golden, seeds, frames, foreign)


def board_pieces(wearer: str, seconds: float) -> list[bytes]:
    """The frames of a light board, encoded, without their zeros."""
    packets = LightBoard(WearerSource(load_wearer(wearer), seconds=seconds)).boot()
    return [piece for packet in islice(packets, round(25 * seconds)) for piece in packet.data.split(b"\0") if piece]


def golden_lines() -> list[str]:
    """The lines of the golden frames that are no comment."""
    return [line for line in GOLDEN.read_text(encoding="ascii").splitlines() if line and not line.startswith("#")]


def frame_of(piece: bytes) -> Frame:
    """The frame of a whole piece, which the encoder (held to plain loops elsewhere) must give back.

    Raises:
        ValueError: it is none of this version.
    """
    (frame,) = FrameDecoder().feed(piece + b"\0")
    assert encode_frame(frame) == piece + b"\0"
    return frame
