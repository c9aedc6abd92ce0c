import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from device.bundle import load_bundle
from device.comparison import comparator_of
from device.embedders import load_embedder
from device.errors import BundleError, BundleReason
from device.evaluation import Settings
from device.evaluation.protocol import Selector
from device.manifest import Manifest
from export import build, operating
from export.build import Source, build_bundle, golden_windows
from export.errors import ExportError, ExportReason
from export.operating import FIRST_S, LAST_S
from train.windows import PersonWindows

# The converters' own deprecations are theirs to mend.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def bundle(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("bundles") / "tiny"
    build_bundle(source, target)
    return target


def test_the_bundle_is_one_the_device_reads_in_both_runtimes_and_precisions(bundle: Path, source: Source) -> None:
    read = load_bundle(bundle)
    assert read.front_end == replace(source.trained.front_end, hop_samples=150)
    window = source.dev[0].pulse[0]
    answers = {
        (runtime, precision): load_embedder(read, runtime, precision).embed(window)
        for runtime in ("litert", "onnxruntime")
        for precision in ("int8", "fp32")
    }
    floats = answers["litert", "fp32"]
    assert float(floats @ answers["onnxruntime", "fp32"]) > 0.99999
    for answer in answers.values():
        assert float(floats @ answer) > 0.98


def test_the_manifest_states_the_decision_and_its_people(bundle: Path, source: Source) -> None:
    read = load_bundle(bundle)
    decision = read.manifest.decision
    assert decision.people == len(source.dev) == 6
    fitting = [start for start in range(0, 10_000, 150) if start + 300 <= LAST_S * 125]
    assert decision.max_windows == len(fitting) == len(read.manifest.comparison.calibration.rows)
    assert decision.min_windows == sum(start + 300 <= FIRST_S * 125 for start in fitting)
    # Six people are fifteen pairs: by the rule of three they tell no rate below 3/15.
    assert [fmr for fmr, _ in decision.operating_points] == [0.2]


def test_every_operator_of_the_int8_model_is_integer_but_its_two_ends(bundle: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        str(bundle / "model.int8.tflite"),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    operators = interpreter._get_ops_details()
    names = Counter(operator["op_name"] for operator in operators)
    assert names["QUANTIZE"] == names["DEQUANTIZE"] == 1
    assert not names.keys() & {"TRANSPOSE", "PAD", "ADD", "MUL", "SELECT", "CUSTOM"}
    types = {tensor["index"]: tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    for operator in operators:
        if operator["op_name"] not in ("QUANTIZE", "DEQUANTIZE"):
            assert types[operator["outputs"][0]] == np.int8, operator["op_name"]


def test_the_onnx_model_is_quantised_and_says_nothing_of_where_it_was_made(bundle: Path) -> None:
    model = onnx.load(bundle / "model.int8.onnx")
    kinds = Counter(node.op_type for node in model.graph.node)
    assert kinds["QuantizeLinear"] > kinds["Conv"] > 0
    assert kinds["BatchNormalization"] == 0
    content = (bundle / "model.int8.onnx").read_bytes() + (bundle / "model.fp32.onnx").read_bytes()
    assert str(Path.home()).encode() not in content
    assert b"site-packages" not in content
    assert b".py" not in content


def test_the_card_names_data_threshold_and_parity(bundle: Path) -> None:
    card = (bundle / "MODEL_CARD.md").read_text()
    for word in (
        "simulated wearers",
        "false match",
        "model.int8.tflite",
        "pulsekey train tests",
        "second factor",
        "No cohort was given",
    ):
        assert word in card


def test_exported_twice_is_the_same_bytes(bundle: Path, source: Source, tmp_path: Path) -> None:
    build_bundle(source, tmp_path / "tiny")
    for path in bundle.iterdir():
        assert path.read_bytes() == (tmp_path / "tiny" / path.name).read_bytes(), path.name


def test_a_tampered_model_is_refused(bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in bundle.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    content = bytearray((copy / "model.int8.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "model.int8.tflite").write_bytes(content)
    with pytest.raises(BundleError, match=r"model\.int8\.tflite is damaged") as caught:
        load_bundle(copy)
    assert caught.value.reason is BundleReason.DAMAGED


def test_golden_windows_are_nobodys_and_standardised() -> None:
    windows = golden_windows(300)
    assert windows.shape == (build.GOLDEN_WINDOWS, 300)
    np.testing.assert_allclose(windows.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(windows.std(axis=1), 1, atol=1e-5)


def test_nothing_is_written_over_an_existing_folder(bundle: Path, source: Source) -> None:
    before = sorted(path.name for path in bundle.parent.iterdir())
    with pytest.raises(ExportError, match="exists; remove it") as caught:
        build_bundle(source, bundle)
    assert caught.value.reason is ExportReason.OUTPUT_EXISTS
    assert sorted(path.name for path in bundle.parent.iterdir()) == before


def test_too_little_to_calibrate_with(source: Source, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="99 windows to calibrate with, 100 are needed"):
        build_bundle(replace(source, train=[PersonWindows("a", source.train[0].pulse[:99])], others=[]), tmp_path / "x")
    still = source.train[0].pulse[:120].copy()
    still[60] = 0.25
    with pytest.raises(ExportError, match="a window to calibrate with is constant"):
        build_bundle(replace(source, train=[PersonWindows("a", still)], others=[]), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_gate_leaves_nothing_behind(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ExportError(ExportReason.PARITY, "refused")

    monkeypatch.setattr(build, "_gate", refuse)
    with pytest.raises(ExportError, match="refused"):
        build_bundle(source, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_and_no_half_bundle(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build, "_stage", full)
    with pytest.raises(ExportError, match="No space left on device") as caught:
        build_bundle(source, tmp_path / "x")
    assert caught.value.reason is ExportReason.UNWRITABLE
    assert list(tmp_path.iterdir()) == []


def test_the_operating_point_and_the_calibration_are_those_of_the_people_held_out(bundle: Path, source: Source) -> None:
    from device.evaluation.attempts import attempt
    from device.evaluation.protocol import references_of
    from device.evaluation.timelines import timelines_of

    read = load_bundle(bundle)
    decision, comparison = read.manifest.decision, read.manifest.comparison
    lines = timelines_of(source.held_out.recordings, load_embedder(read), read.front_end, windowed=False)
    selector = Selector(Settings(), read.front_end)
    plans = [selector.plan(line.subject, [line]) for line in lines]
    attempts = attempt(plans, comparator_of(read).against(references_of(plans)), decision.max_windows)
    ((fmr, accept_llr),) = decision.operating_points
    wrong = sum(
        max(llr[decision.min_windows - 1 :]) >= accept_llr
        for row, own in zip(attempts.llr, attempts.own, strict=True)
        for person, llr in enumerate(row.T.tolist())
        if person != own
    )
    claims = len(attempts.own) * (len(plans) - 1)
    assert wrong / claims <= fmr
    last = attempts.llr[:, -1]
    own_bits, other_bits = [], []
    for row, own in zip(last.tolist(), attempts.own, strict=True):
        own_bits.append(math.log2(1 + math.exp(-row[own])))
        other_bits += [math.log2(1 + math.exp(llr)) for person, llr in enumerate(row) if person != own]
    cost = (sum(own_bits) / len(own_bits) + sum(other_bits) / len(other_bits)) / 2
    assert comparison.cllr == pytest.approx(cost)
    assert comparison.cllr < comparison.cllr_before


def test_too_few_people_for_a_threshold(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operating, "MIN_PEOPLE", 12)
    with pytest.raises(
        ExportError, match="6 people of simulated wearers could be enrolled; a threshold takes 12"
    ) as caught:
        build_bundle(source, tmp_path / "x")
    assert caught.value.reason is ExportReason.CALIBRATION
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_is_what_was_returned(bundle: Path) -> None:
    content = json.loads((bundle / "manifest.json").read_text())
    assert Manifest.from_dict(content).to_dict() == content
