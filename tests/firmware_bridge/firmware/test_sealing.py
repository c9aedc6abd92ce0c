"""The firmware's seal: BLAKE2s as hashlib has it, and DATA that is sealed from a nonce on until the next boot."""

import hashlib
import random
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.board_key import key_text
from firmware_bridge.framing import encode_frame
from firmware_bridge.messages import SampleBlock
from firmware_bridge.protocol import CommandCode, CommandFrame, DataFlags, DataFrame
from firmware_bridge.reader import BoardReader
from firmware_bridge.sealing import Seal
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.source_urls import source_of
from tests.firmware_bridge.firmware.conftest import KEY, BoardRun, Compiled
from tests.firmware_bridge.firmware.executed import SIXTEEN_BITS, execute, first_position
from tests.firmware_bridge.firmware.sent import Sent
from tests.firmware_bridge.firmware.test_parity import ask

ROOT = Path(__file__).resolve().parents[3]
NONCE, OTHER = 0xDEADBEEF, 0x00000100


def by_seal(frames: list[DataFrame]) -> list[int]:
    """For each frame the nonce that it was sealed with, 0 for none; every tag that is there must be right."""
    found = []
    for frame in frames:
        fitting = [nonce for nonce in (NONCE, OTHER) if Seal(KEY, nonce).fits(frame)]
        assert len(fitting) == (DataFlags.SEALED in frame.flags)
        found.append(fitting[0] if fitting else 0)
    return found


def test_blake2s_is_rfc_7693s(compiled: Compiled) -> None:
    codec = compiled("codec")
    # Appendix B of the RFC.
    wanted = "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"
    assert ask(codec, "digest", [f"32 x x{b'abc'.hex()}"]) == [wanted]
    rng = random.Random(7693)
    cases = [(8, b"", b""), (8, b"", bytes(64)), (32, bytes(range(32)), bytes(range(64)))]
    cases += [(rng.randint(1, 32), rng.randbytes(rng.randint(0, 32)), rng.randbytes(n)) for n in range(1, 65)]
    assert ask(codec, "digest", [f"{size} x{key.hex()} x{message.hex()}" for size, key, message in cases]) == [
        hashlib.blake2s(message, key=key, digest_size=size).hexdigest() for size, key, message in cases
    ]


def nonces(*asked: tuple[float, int]) -> list[str]:
    return [
        f"bytes@{at_s}={encode_frame(CommandFrame(i, CommandCode.NONCE, nonce)).hex()}"
        for i, (at_s, nonce) in enumerate(asked)
    ]


def test_the_core_seals_from_the_first_nonce_on(board: BoardRun) -> None:
    sent = board(3, f"key={KEY.hex()}", *nonces((1, NONCE), (1.5, 0), (2, OTHER)))
    assert [ack.value for ack in sent.acks] == [NONCE, NONCE, OTHER]
    seals = by_seal(sent.data)
    assert seals == sorted(seals, key=[0, NONCE, OTHER].index)
    assert [seals.count(nonce) for nonce in (0, NONCE, OTHER)] == pytest.approx([25, 25, 25], abs=2)
    sent.assert_exact()
    assert sent.missing() == []


def test_the_core_without_a_key_takes_a_nonce_and_seals_nothing(board: BoardRun) -> None:
    sent, unasked = board(2, *nonces((1, NONCE))), board(2)
    assert [ack.value for ack in sent.acks] == [NONCE]
    assert {frame.flags & DataFlags.SEALED for frame in sent.data} == {DataFlags.NONE}
    assert [frame.ir_counts for frame in sent.data] == [frame.ir_counts for frame in unasked.data]


@pytest.fixture(scope="module")
def executed(keyed_sketch: Path) -> Sent:
    commands = [(1.2, CommandCode.NONCE, NONCE), (2.5, CommandCode.NONCE, OTHER)]
    return execute(keyed_sketch, 5, SensorFaultEvent(FaultKind.RESET, 3.5), commands=commands)


def test_the_executed_sketch_seals_as_hashlib_says(executed: Sent) -> None:
    (boot, again) = (i for i, frame in enumerate(executed.frames) if frame.sequence == 0)
    before = [frame for frame in executed.frames[boot:again] if isinstance(frame, DataFrame)]
    seals = by_seal(before)
    assert seals == sorted(seals, key=[0, NONCE, OTHER].index)
    assert [seals.count(nonce) for nonce in (0, NONCE, OTHER)] == pytest.approx([30, 32, 25], abs=3)
    # A board that boots has forgotten its nonce.
    assert set(by_seal([frame for frame in executed.frames[again:] if isinstance(frame, DataFrame)])) == {0}


def test_sealing_loses_no_sample_and_leaves_the_clock_as_it_was(keyed_sketch: Path, sketch: Path) -> None:
    sealed = execute(keyed_sketch, 4, commands=[(1.0, CommandCode.NONCE, NONCE)])
    plain = execute(sketch, 4, commands=[(1.0, CommandCode.NONCE, NONCE)])
    assert {frame.flags & DataFlags.SEALED for frame in plain.data} == {DataFlags.NONE}
    assert by_seal(sealed.data).count(NONCE) > 60
    assert first_position(sealed) == first_position(plain) == 0
    assert sealed.missing() == []
    late_us = [a.t_us - b.t_us for a, b in zip(sealed.data, plain.data, strict=False)]
    assert max(map(abs, late_us)) < 1_500


def test_the_executed_board_is_read_with_its_key(keyed_sketch: Path, tmp_path: Path) -> None:
    assert keyed_sketch.exists()  # and with it the rest of what the command compiles
    key_file = tmp_path / "board.key"
    key_file.write_bytes(key_text(KEY))
    key_file.chmod(0o600)
    command = [sys.executable, "-m", "tests.simulated_uno", "sim://ada?seed=3", "--speed", "0", "--key-file", key_file]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        with process.stdout, BoardReader(process.stdout.readline().strip(), key=KEY) as reader:
            blocks = list(islice((message for message in reader if isinstance(message, SampleBlock)), 20))
            assert reader.statistics().forged == 0
    finally:
        process.terminate()
        assert process.wait(10) == 0
    first = blocks[0].index
    expected = source_of("sim://ada?seed=3").source.read(first + 100)[first:] & SIXTEEN_BITS
    assert np.concatenate([block.ir_counts for block in blocks]).tolist() == expected[:, 0].tolist()


def test_a_sketch_with_a_key_fits_an_uno_too(keyed_sketch: Path) -> None:
    said = subprocess.run(["avr-size", "-A", keyed_sketch], capture_output=True, text=True, check=True, timeout=60)
    sizes = {name: int(size) for name, size in re.findall(r"^\.(text|data|bss)\s+(\d+)", said.stdout, re.MULTILINE)}
    assert sizes["text"] + sizes["data"] <= 16 * 1024
    assert sizes["data"] + sizes["bss"] <= 1024
