"""Simulated pulses, a fake embedder, and a bundle with a tiny real ONNX model, made here and now."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray

from device.bundle import Bundle, load_bundle
from device.calibration import Calibration
from device.comparison import Comparator
from device.frontend import FrontEndSpec, QualitySpec, windows_of
from device.manifest import (
    Architecture,
    Comparison,
    DecisionSpec,
    Golden,
    Manifest,
    TrainingData,
    file_entries,
)
from device.public_key import PublicKey

SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SCORES_AS_THEY_ARE = Calibration(((1.0, 0.0),))
RATE_HZ = 125.0
SIZE = 24
# scipy.signal.butter(2, (0.5, 10.0), "bandpass", fs=125, output="sos")
SECTIONS = (
    (
        0.04221355173994535,
        0.0844271034798907,
        0.04221355173994535,
        1.0,
        -1.3543558763000747,
        0.527699236807818,
    ),
    (1.0, -2.0, 1.0, 1.0, -1.9647670011612528, 0.9654473304634155),
)
# Harmonic weights of simulated people; a window of 2.4 s holds three beats of 1.25 Hz exactly.
PEOPLE = {
    "ann": (1.0, 0.6, 0.1, 0.05),
    "ben": (1.0, 0.15, 0.45, 0.05),
    "eve": (1.0, 0.05, 0.05, 0.6),
}


def make_spec() -> FrontEndSpec:
    return FrontEndSpec(
        rate_hz=RATE_HZ,
        window_samples=300,
        hop_samples=300,
        settle_samples=94,
        sections=SECTIONS,
        resampler_zero_crossings=8,
        resampler_cutoff=0.9,
        max_gap_ms=100.0,
        quality=QualitySpec(
            min_finger_counts=30_000.0,
            saturation_counts=262_143.0,
            min_pulse_counts=20.0,
            max_interpolated_fraction=0.1,
            max_crest=4.0,
            max_imbalance=2.5,
            min_periodicity=0.6,
        ),
    )


def make_pulse(weights: tuple[float, ...], seconds: float, *, rate_hz: float = RATE_HZ, seed: int = 0) -> Any:
    """Pulse upwards, unit amplitude, with a little noise: (n,) float64."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    beats = [w * np.sin(2 * np.pi * 1.25 * (k + 1) * t + 0.7 * k) for k, w in enumerate(weights)]
    return np.sum(beats, axis=0) + 0.02 * rng.standard_normal(t.size)


def make_cohort() -> NDArray[np.float32]:
    """Strangers' spectra: forty random people, (40, SIZE) of unit length."""
    rng = np.random.default_rng(3)
    spectra = rng.exponential(1.0, (40, SIZE)) * np.exp(-np.arange(SIZE) / 4.0)
    return np.asarray(spectra / np.linalg.norm(spectra, axis=1, keepdims=True), dtype=np.float32)


class FakeEmbedder:
    """The window's spectrum, which tells the simulated people apart whatever the phase."""

    embedding_size = SIZE
    runtime = "fake"

    def embed(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        spectrum = np.abs(np.fft.rfft(pulse.astype(np.float64)))[1 : SIZE + 1]
        return np.asarray(spectrum / np.linalg.norm(spectrum), dtype=np.float32)


@pytest.fixture(scope="session")
def spec() -> FrontEndSpec:
    return make_spec()


@pytest.fixture
def comparator() -> Comparator:
    return Comparator(make_cohort(), 20, SCORES_AS_THEY_ARE)


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture(scope="session")
def pulse_of() -> Callable[..., Any]:
    def pulse_of(name: str, seconds: float, **options: Any) -> Any:
        return make_pulse(PEOPLE[name], seconds, **options)

    return pulse_of


def _onnx_model() -> bytes:
    """FakeEmbedder as an ONNX graph: |DFT| of a window at bins 1..SIZE, normalised."""
    onnx = pytest.importorskip("onnx", reason="a tiny model is made with onnx, which is not installed")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    angle = 2 * np.pi * np.outer(np.arange(300), np.arange(1, SIZE + 1)) / 300
    constants = [
        onnx.numpy_helper.from_array(np.array([1, 300], dtype=np.int64), "shape"),
        onnx.numpy_helper.from_array(np.cos(angle).astype(np.float32), "cos"),
        onnx.numpy_helper.from_array(np.sin(angle).astype(np.float32), "sin"),
        onnx.numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"),
    ]
    nodes = [
        helper.make_node("Reshape", ["window", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "cos"], ["re"]),
        helper.make_node("MatMul", ["flat", "sin"], ["im"]),
        helper.make_node("Mul", ["re", "re"], ["re2"]),
        helper.make_node("Mul", ["im", "im"], ["im2"]),
        helper.make_node("Add", ["re2", "im2"], ["power"]),
        helper.make_node("Sqrt", ["power"], ["magnitude"]),
        helper.make_node("ReduceL2", ["magnitude", "axis"], ["length"], keepdims=1),
        helper.make_node("Div", ["magnitude", "length"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "spectrum",
        [helper.make_tensor_value_info("window", floats, [1, 1, 1, 300])],
        [helper.make_tensor_value_info("embedding", floats, [1, SIZE])],
        initializer=constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())


def make_manifest(folder: Path, **changes: Any) -> Manifest:
    """The manifest of whatever files lie in a folder."""
    spec = make_spec()
    values: dict[str, Any] = {
        "model_id": "fake-1",
        "architecture": Architecture("spectrum", 1.0, SIZE, 1, 1),
        "front_end": spec.to_dict(),
        "front_end_digest": spec.digest(),
        "comparison": Comparison(nearest=20, calibration=SCORES_AS_THEY_ARE, cllr_before=0.3, cllr=0.2),
        "decision": DecisionSpec(
            min_windows=5,
            max_windows=5,
            operating_points=((0.05, 2.2), (0.01, 3.2)),
            reject_llr=-3.0,
            gallery_slope=0.0,
            set_on="simulated people",
            people=30,
        ),
        "golden": Golden(min_cosine=0.99),
        "files": file_entries(folder),
        "training_data": (TrainingData("none", "none", "none", "none"),),
        "operators": {},
        "error_rates": (),
    }
    return Manifest(**(values | changes))


@pytest.fixture(scope="session")
def manifest_of() -> Callable[..., Manifest]:
    return make_manifest


def sign_with(key: Ed25519PrivateKey, folder: Path) -> None:
    """Write signature.json for the manifest that lies there, whatever it is."""
    signed = key.sign(b"pulsekey bundle v1\0" + (folder / "manifest.json").read_bytes())
    content = {
        "algorithm": "ed25519",
        "public_key": key.public_key().public_bytes_raw().hex(),
        "signature": signed.hex(),
    }
    (folder / "signature.json").write_text(json.dumps(content))


@pytest.fixture(scope="session")
def sign() -> Callable[..., None]:
    """Sign a bundle anew, by default with the key that these tests trust."""

    def sign(folder: Path, key: Ed25519PrivateKey = SIGNING_KEY) -> None:
        sign_with(key, folder)

    return sign


@pytest.fixture(scope="session")
def public_key() -> PublicKey:
    """The key that these tests trust."""
    return PublicKey(SIGNING_KEY.public_key().public_bytes_raw())


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole bundle, ONNX only; read-only by convention: copy it to change it."""
    folder = tmp_path_factory.mktemp("bundle")
    model = _onnx_model()
    spec, embedder = make_spec(), FakeEmbedder()
    pulses = [w.pulse for name in PEOPLE for w in windows_of(make_pulse(PEOPLE[name], 10), RATE_HZ, spec)]
    expected = np.stack([embedder.embed(pulse) for pulse in pulses])
    golden = io.BytesIO()
    np.savez(golden, windows=np.stack(pulses), embeddings_fp32=expected, embeddings_int8=expected)
    (folder / "golden.npz").write_bytes(golden.getvalue())
    np.savez(folder / "cohort.npz", references=make_cohort())
    for precision in ("int8", "fp32"):
        (folder / f"model.{precision}.onnx").write_bytes(model)
    (folder / "MODEL_CARD.md").write_text("A spectrum, for tests.\n", encoding="utf-8")
    (folder / "manifest.json").write_text(make_manifest(folder).to_json(), encoding="utf-8")
    sign_with(SIGNING_KEY, folder)
    return folder


@pytest.fixture
def bundle(bundle_folder: Path) -> Bundle:
    return load_bundle(bundle_folder)


@pytest.fixture
def bundle_copy(bundle_folder: Path, tmp_path: Path) -> Path:
    """A bundle that a test may damage."""
    folder = tmp_path / "bundle-copy"
    folder.mkdir()
    for file in bundle_folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public_key: PublicKey) -> None:
    """No test may touch the gallery or the trusted keys of whoever runs it; the tests' own key is trusted."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    folder = tmp_path / "xdg" / "pulsekey" / "trusted"
    folder.mkdir(parents=True)
    (folder / "tests.pub").write_bytes(public_key.to_pem())
