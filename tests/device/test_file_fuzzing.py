"""Every committed file through every reader's property, and that the property would see what it looks for."""

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from device.errors import BundleError, BundleReason
from firmware_bridge.npz_check import check_npz
from tests.fuzzing import files, guided

SEEDS = sorted(path for path in files.CORPUS.rglob("*") if path.is_file())
MOST_PEAK = 16 * 1024 * 1024


def test_the_targets_are_the_fuzzers() -> None:
    assert tuple(files.TARGETS) == guided.FILES
    assert {seed.parent.name for seed in SEEDS} == set(guided.FILES)
    assert sum(seed.stat().st_size for seed in SEEDS) < 100_000


@pytest.mark.parametrize("target", files.TARGETS)
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.parent.name}-{seed.name}")
def test_every_seed_to_every_reader(seed: Path, target: str) -> None:
    data = seed.read_bytes()
    files.TARGETS[target](data)  # what is imported and cached once is no file's
    tracemalloc.start()
    try:
        files.TARGETS[target](data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_PEAK


def test_another_error_or_a_second_line_is_seen() -> None:
    def lines() -> None:
        raise BundleError(BundleReason.MALFORMED, "one\ntwo")

    with pytest.raises(AssertionError, match="not one line"):
        files.refused(lines)
    with pytest.raises(ZeroDivisionError):
        files.refused(lambda: 1 / 0)
    assert not files.refused(lambda: None)


@pytest.mark.parametrize("name", ["references", "references.npy"])
def test_a_bomb_and_a_claim_are_refused_before_they_are_unpacked(name: str) -> None:
    claim = io.BytesIO()
    np.lib.format.write_array_header_1_0(claim, {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**6)})
    for content, words in ((claim.getvalue(), "claims a shape"), (b"plain", "magic"), (bytes(80 << 20), "unpacks to")):
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        with pytest.raises(ValueError, match=words):
            check_npz(bomb)
