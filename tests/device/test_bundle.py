"""Bundles: each fault is found, and told in one line that names the file or the field."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from device.bundle import MODELS, load_bundle, shipped_bundles
from device.errors import BundleError, BundleReason
from device.manifest import Manifest

Change = Callable[[dict[str, Any]], object]
Edit = Callable[[Change], None]


def refuses(reason: BundleReason, *words: str) -> "pytest.RaisesExc[BundleError]":
    def check(error: BundleError) -> bool:
        return error.reason is reason and "\n" not in str(error) and all(word in str(error) for word in words)

    return pytest.raises(BundleError, check=check)


@pytest.fixture
def edit(bundle_copy: Path, sign: Callable[[Path], None]) -> Edit:
    """Changes the manifest, and signs what came of it."""

    def edit(change: Change) -> None:
        path = bundle_copy / "manifest.json"
        value = json.loads(path.read_text())
        change(value)
        path.write_text(json.dumps(value))
        sign(bundle_copy)

    return edit


def test_a_shipped_bundle_goes_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (name, *_) = [folder.name for folder in shipped_bundles()]
    assert load_bundle(name).path == MODELS / name
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()  # a folder of one's own comes first, whatever is in it
    with refuses(BundleReason.MISSING, "no manifest.json"):
        load_bundle(name)
    with refuses(BundleReason.MISSING, f"no bundle at elsewhere/{name}", "the name of one that ships", name):
        load_bundle(Path("elsewhere") / name)


def test_a_whole_bundle_loads(bundle_folder: Path) -> None:
    bundle = load_bundle(bundle_folder)
    assert bundle.manifest.model_id == "fake-1"
    assert bundle.front_end.window_samples == 300
    assert bundle.read("MODEL_CARD.md").startswith(b"A spectrum")


def test_manifest_survives_the_round_trip(bundle_folder: Path) -> None:
    manifest = load_bundle(bundle_folder).manifest
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert Manifest.from_json(manifest.to_json()).to_json() == manifest.to_json()


def test_no_bundle(tmp_path: Path) -> None:
    with refuses(BundleReason.MISSING, str(tmp_path / "none")):
        load_bundle(tmp_path / "none")
    with refuses(BundleReason.MISSING, "manifest.json"):
        load_bundle(tmp_path)


def test_one_flipped_bit_is_damage(bundle_copy: Path) -> None:
    path = bundle_copy / "model.int8.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with refuses(BundleReason.DAMAGED, "model.int8.onnx"):
        load_bundle(bundle_copy)


@pytest.mark.parametrize("content", [b"", b"x" * 10_000_000])
def test_another_length_is_damage(bundle_copy: Path, content: bytes) -> None:
    (bundle_copy / "golden.npz").write_bytes(content)
    with refuses(BundleReason.DAMAGED, "golden.npz"):
        load_bundle(bundle_copy)


def test_damage_after_loading_is_found_when_the_file_is_read(bundle_copy: Path) -> None:
    bundle = load_bundle(bundle_copy)
    (bundle_copy / "model.int8.onnx").write_bytes(b"swapped")
    with refuses(BundleReason.DAMAGED, "model.int8.onnx"):
        bundle.read("model.int8.onnx")


def test_missing_file(bundle_copy: Path) -> None:
    (bundle_copy / "golden.npz").unlink()
    with refuses(BundleReason.MISSING_FILE, "golden.npz"):
        load_bundle(bundle_copy)


def test_a_file_that_the_manifest_does_not_name_is_not_read(bundle_copy: Path) -> None:
    (bundle_copy / "model.int8.tflite").write_bytes(b"smuggled in")
    with refuses(BundleReason.MISSING_FILE, "model.int8.tflite"):
        load_bundle(bundle_copy).read("model.int8.tflite")


@pytest.mark.parametrize(("version", "word"), [(3, "update pulsekey"), (1, "export the bundle again")])
def test_other_format_version(bundle_copy: Path, edit: Edit, version: int, word: str) -> None:
    edit(lambda value: value.update(format_version=version, unheard_of=1))
    with refuses(BundleReason.FORMAT_VERSION, f"format {version}", word):
        load_bundle(bundle_copy)


def test_front_end_that_is_not_the_digests(bundle_copy: Path, edit: Edit) -> None:
    edit(lambda value: value["front_end"].update(settle_samples=95))
    with refuses(BundleReason.FRONT_END, "front_end_digest"):
        load_bundle(bundle_copy)


def test_front_end_that_is_none(bundle_copy: Path, edit: Edit) -> None:
    edit(lambda value: value["front_end"].pop("sections"))
    with refuses(BundleReason.MALFORMED, "front_end", "sections"):
        load_bundle(bundle_copy)


FAULTS: list[tuple[Change, str]] = [
    (lambda v: v.pop("model_id"), "model_id is missing"),
    (lambda v: v.update(model_id=""), "model_id"),
    (lambda v: v.update(model_id=7), "model_id"),
    (lambda v: v.update(format_version="1"), "format_version"),
    (lambda v: v.update(format_version=True), "format_version"),
    (lambda v: v.update(extra=1), "extra is not a field"),
    (lambda v: v["decision"].pop("reject_llr"), "decision: reject_llr is missing"),
    (lambda v: v["decision"].update(reject_llr="0.5"), "decision: reject_llr"),
    (lambda v: v["decision"].update(reject_llr=2e6), "decision: reject_llr"),
    (lambda v: v["decision"].update(min_windows=0), "decision: min_windows"),
    (lambda v: v["decision"].update(max_windows=2.0), "decision: max_windows"),
    (lambda v: v["decision"].update(max_windows=4), "decision: min_windows is above max_windows"),
    (lambda v: v["decision"].update(operating_points=[]), "decision: operating_points must be a list of pairs"),
    (lambda v: v["decision"].update(operating_points=[[0.01, 3.2, 1]]), "decision: operating_points must be"),
    (lambda v: v["decision"].update(operating_points=[[0.01, 2], [0.05, 3]]), "false match rates, falling"),
    (lambda v: v["decision"].update(operating_points=[[0.05, 3], [0.01, 2]]), "rising ratios"),
    (lambda v: v["decision"].update(operating_points=[[0.01, -4]]), "above reject_llr"),
    (lambda v: v["comparison"].update(calibration=[[1.0, True]]), "comparison: calibration must be"),
    (lambda v: v["comparison"].update(cllr=-1), "comparison: cllr"),
    (lambda v: v["decision"].update(tresh=1), "decision: tresh is not a field"),
    (lambda v: v["architecture"].update(embedding_size=-1), "embedding_size"),
    (lambda v: v.update(architecture=[]), "architecture must be an object"),
    (lambda v: v["comparison"].update(kind="euclidean"), "euclidean"),
    (lambda v: v["golden"].update(min_cosine=0.0), "min_cosine"),
    (lambda v: v.update(files={}), "golden.npz is missing"),
    (lambda v: v["files"].update({"../../etc/passwd": {}}), "plain file name"),
    (lambda v: v["files"].update({"a": {"sha256": "00", "bytes": 1}}), "sha256"),
    (lambda v: v["files"]["golden.npz"].pop("bytes"), "golden.npz: bytes is missing"),
    (lambda v: v["training_data"][0].pop("licence"), "training_data[0]: licence is missing"),
    (lambda v: v.update(error_rates=[1]), "error_rates"),
]


@pytest.mark.parametrize(("change", "word"), FAULTS)
def test_malformed_manifest(bundle_copy: Path, edit: Edit, change: Change, word: str) -> None:
    edit(change)
    with refuses(BundleReason.MALFORMED, "manifest.json", word):
        load_bundle(bundle_copy)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b'{"format_version": NaN}', b"[" * 100_000])
def test_manifest_that_is_not_json(bundle_copy: Path, text: bytes, sign: Callable[[Path], None]) -> None:
    (bundle_copy / "manifest.json").write_bytes(text)
    sign(bundle_copy)
    with refuses(BundleReason.MALFORMED, "manifest.json"):
        load_bundle(bundle_copy)
