"""The wire is the same in C++ and in Python: the header, the golden frames, and many that nobody chose."""

import random
import subprocess
from binascii import crc_hqx
from pathlib import Path

import pytest
from cobs import cobs

from firmware_bridge.c_header import HEADER_FILE, header, main
from firmware_bridge.codec import decode_body, encode_body
from firmware_bridge.framing import FrameDecoder, encode_frame
from firmware_bridge.protocol import (
    KEY_BYTES,
    MAX_COUNTS,
    MAX_ENCODED,
    AckFrame,
    AckResult,
    BoardInfo,
    ChannelOrder,
    CommandCode,
    CommandFrame,
    DataFlags,
    DataFrame,
    EventCode,
    EventFrame,
    Frame,
    InfoFrame,
    SensorFault,
)
from firmware_bridge.sealing import Seal
from tests.firmware_bridge.firmware.conftest import Compiled

GOLDEN = [
    tuple(part.strip() for part in line.split("="))
    for line in (Path(__file__).parent / "golden_frames.txt").read_text().splitlines()
    if not line.startswith("#")
]
WHOLE = [(fields, sealed) for fields, sealed in GOLDEN if fields != "damaged"]


def frame_of(fields: str) -> Frame:
    """The frame that a line of golden_frames.txt describes."""
    kind, *words = fields.split()
    n = [int(word) for word in words] if kind != "sealed" else [0]
    flags = DataFlags(n[0])
    match kind:
        case "info":
            info = BoardInfo((n[4], n[5], n[6]), n[7], SensorFault(n[8]), *n[9:14], ChannelOrder(n[14]))
            return InfoFrame(flags, n[1], n[2], n[3], info)
        case "data":
            return DataFrame(flags, *n[1:6], tuple(n[7::2]), tuple(n[8::2]))
        case "sealed":
            key, nonce, *rest = words
            plain = frame_of(" ".join(["data", *rest]))
            assert isinstance(plain, DataFrame)
            return Seal(bytes.fromhex(key), int(nonce)).sealed(plain)
        case "event":
            return EventFrame(flags, *n[1:5], EventCode(n[5]), n[6])
        case "command":
            return CommandFrame(n[1], CommandCode(n[2]), n[3])
    return AckFrame(flags, *n[1:4], CommandCode(n[4]), AckResult(n[5]), n[6])


def random_fields(rng: random.Random) -> str:
    def u(bits: int) -> int:
        # Zeros are what COBS is about, and are rare among uniform numbers.
        return rng.choice([0, 1, 2**bits - 1, rng.randrange(2**bits), rng.randrange(2**bits)])

    head = [rng.randrange(16), u(16), u(32)]
    kind = rng.choice(["info", "data", "sealed", "event", "command", "ack"])
    count = rng.randint(1, 5)
    data = [*head, u(32), u(8), rng.randint(count, 32), count, *(u(18) for _ in range(2 * count))]
    numbers: dict[str, list[object]] = {
        "info": [*head, *(u(8) for _ in range(5)), rng.randrange(6), u(8), u(8), u(16), u(16), u(32), rng.randrange(2)],
        "data": [*data],
        "sealed": [rng.randbytes(KEY_BYTES).hex(), rng.randint(1, 2**32 - 1), *data],
        "event": [*head, u(32), u(8), int(rng.choice(list(EventCode))), u(16)],
        "command": [0, head[1], int(rng.choice(list(CommandCode))), u(32)],
        "ack": [*head, u(16), int(rng.choice(list(CommandCode))), int(rng.choice(list(AckResult))), u(32)],
    }
    return " ".join([kind, *(str(number) for number in numbers[kind])])


def ask(program: Path, mode: str, lines: list[str]) -> list[str]:
    done = subprocess.run(
        [program, mode], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def told(fields: str) -> str:
    """What the C++ decoder prints of a frame: its body, and a COMMAND's numbers."""
    frame = frame_of(fields)
    numbers = f" {frame.sequence} {int(frame.code)} {frame.argument}" if isinstance(frame, CommandFrame) else ""
    return encode_body(frame).hex() + numbers


def test_the_committed_header_is_what_the_protocol_gives() -> None:
    hint = f"run python -m firmware_bridge.c_header {HEADER_FILE}"
    assert HEADER_FILE.read_text(encoding="ascii") == header(), hint


def test_the_header_is_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out == header()
    assert main([str(tmp_path / "protocol.h")]) == 0
    assert (tmp_path / "protocol.h").read_text() == header()
    assert main([str(tmp_path / "none" / "protocol.h")]) == 2
    assert main(["--help"]) == 2
    assert capsys.readouterr().err.splitlines()[0].startswith("cannot write")


def test_the_header_is_c_too(compiled: Compiled, tmp_path: Path) -> None:
    compiled("codec")  # skips where there is no compiler
    source = tmp_path / "header.c"
    source.write_text('#include "protocol.h"\nint main(void) { return PULSEKEY_VERSION - 1; }\n')
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", HEADER_FILE.parent, source]
    subprocess.run([*command, "-o", tmp_path / "header"], check=True, timeout=60)


@pytest.mark.parametrize(("fields", "sealed"), WHOLE)
def test_golden_frames_in_python(fields: str, sealed: str) -> None:
    frame = frame_of(fields)
    assert encode_frame(frame).hex() == sealed
    assert FrameDecoder().feed(b"\0" + bytes.fromhex(sealed)) == [frame]


def test_damaged_golden_frames_in_python() -> None:
    for sealed in (sealed for fields, sealed in GOLDEN if fields == "damaged"):
        decoder = FrameDecoder()
        assert decoder.feed(b"\0" + bytes.fromhex(sealed)) == []
        assert decoder.counts.dropped == 1


def test_golden_frames_in_cpp(compiled: Compiled) -> None:
    codec = compiled("codec")
    assert ask(codec, "encode", [fields for fields, _ in WHOLE]) == [sealed for _, sealed in WHOLE]
    # In one stream, damaged ones among them.
    stream = "00" + "".join(sealed for _, sealed in GOLDEN)
    assert ask(codec, "decode", [stream]) == [told(fields) for fields, _ in WHOLE]


def test_golden_frames_cover_every_code() -> None:
    frames = [frame_of(fields) for fields, _ in WHOLE]
    assert {frame.code for frame in frames if isinstance(frame, CommandFrame)} == set(CommandCode)
    assert {frame.code for frame in frames if isinstance(frame, EventFrame)} == set(EventCode)
    assert {frame.result for frame in frames if isinstance(frame, AckFrame)} == set(AckResult)
    assert max(max(frame.ir_counts) for frame in frames if isinstance(frame, DataFrame)) == MAX_COUNTS


def test_five_thousand_frames_are_the_same_in_both(compiled: Compiled) -> None:
    rng = random.Random(5)
    lines = [random_fields(rng) for _ in range(5000)]
    sealed = [encode_frame(frame_of(line)).hex() for line in lines]
    assert ask(compiled("codec"), "encode", lines) == sealed
    assert ask(compiled("codec"), "decode", ["".join(sealed)]) == [told(line) for line in lines]


def accepted(stream: bytes) -> list[str]:
    """The bodies between the zeros of ``stream`` that COBS and CRC let through, by the plain definition."""
    bodies = []
    for piece in stream.split(b"\0")[:-1]:
        try:
            body = cobs.decode(piece)
        except cobs.DecodeError:
            continue
        if len(piece) <= MAX_ENCODED and len(body) > 2 and crc_hqx(body, 0xFFFF) == 0:
            bodies.append(body[:-2].hex())
    return bodies


def test_both_accept_the_same_of_damaged_streams(compiled: Compiled) -> None:
    rng = random.Random(6)
    streams = []
    for _ in range(2000):
        stream = bytearray(b"".join(encode_frame(frame_of(random_fields(rng))) for _ in range(6)))
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(stream))
            stream[at : at + rng.randint(0, 3)] = rng.choice([b"", b"\0", b"\xff", rng.randbytes(rng.randint(1, 80))])
        streams.append(bytes(stream))
    lines = ask(compiled("codec"), "decode", [stream.hex() for stream in streams])
    assert [line.split()[0] for line in lines] == [body for stream in streams for body in accepted(stream)]
    # Neither decoder takes damage for a frame: what is accepted decodes.
    assert all(decode_body(bytes.fromhex(line.split()[0])) for line in lines)
