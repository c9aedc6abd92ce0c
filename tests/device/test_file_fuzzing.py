"""Every committed file through every reader's property, and that the property would see what it looks for."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.bundle import load_bundle
from device.embedders.golden import check_golden
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


def _saved(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _bomb() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, windows=np.zeros((70_000, 300), np.float32), embeddings_int8=np.zeros((70_000, 24)))
    return file.getvalue()


def _claim() -> bytes:
    file, header = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**10, 300)})
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("windows.npy", header.getvalue())
    return file.getvalue()


GOLDEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "packed tightly": (_bomb, "unpacks to"),
    "claims a shape": (_claim, "claims a shape"),
    "one number": (lambda: _saved(windows=np.float32(1), embeddings_int8=np.float32(1)), "do not fit"),
    "words": (lambda: _saved(windows=np.array([["a"]]), embeddings_int8=np.ones((1, 24))), "cannot be read"),
    "objects": (lambda: _saved(windows=np.array([[None]]), embeddings_int8=np.ones((1, 24))), "cannot be read"),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_golden_vectors_are_held_against_a_bound(
    case: str, bundle_copy: Path, manifest_of: Any, sign: Any, embedder: Any
) -> None:
    made, words = GOLDEN[case]
    (bundle_copy / "golden.npz").write_bytes(made())
    (bundle_copy / "manifest.json").write_text(manifest_of(bundle_copy).to_json())
    sign(bundle_copy)
    bundle = load_bundle(bundle_copy)
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match=words) as caught:
            check_golden(bundle, embedder, precision="int8", model_name="model.int8.onnx")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.reason is BundleReason.GOLDEN
    assert len(str(caught.value).splitlines()) == 1
    assert peak < MOST_PEAK
