"""LiteRT's forerunner tflite-runtime, with the NumPy it was built for, in the environment of `make tflite`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
PYTHON = REPOSITORY / ".venv-tflite" / "bin" / "python"
BUNDLES = sorted(path.parent for path in (REPOSITORY / "device" / "models").glob("*/manifest.json"))

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="tflite-runtime has no wheels for Python 3.12 and newer"
)

LOAD = """
import json, sys
import numpy, tflite_runtime
from device.bundle import load_bundle
from device.embedders import load_embedder

bundle = load_bundle(sys.argv[1])
loaded = {}
for name in sorted(bundle.manifest.files):
    if name.endswith(".tflite"):
        precision = name.split(".")[1]
        embedder = load_embedder(bundle, "litert", precision)
        with numpy.load(bundle.path / "golden.npz") as golden:
            answer = embedder.embed(golden["windows"][0].astype(numpy.float32))
            expected = golden[f"embeddings_{precision}"][0]
        loaded[name] = [embedder.runtime, float(answer @ (expected / numpy.linalg.norm(expected)))]
print(json.dumps({"numpy": numpy.__version__, "tflite": tflite_runtime.__version__, "loaded": loaded}))
"""


def run(bundle: Path, folder: Path) -> Any:
    if not PYTHON.exists():
        pytest.fail("no .venv-tflite: run `make tflite`, as `make test` does")
    done = subprocess.run(
        [str(PYTHON), "-W", "error", "-c", LOAD, str(bundle)],
        env={**os.environ, "XDG_DATA_HOME": str(folder)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_there_are_bundles() -> None:
    assert BUNDLES


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_every_shipped_model_passes_its_golden_vectors(bundle: Path, tmp_path: Path) -> None:
    said = run(bundle, tmp_path)
    assert int(said["numpy"].split(".")[0]) < 2
    assert said["tflite"].startswith("2.14.")
    models = {path.name for path in bundle.glob("*.tflite")}
    assert models == said["loaded"].keys()
    assert "model.int8.tflite" in models
    bound = json.loads((bundle / "manifest.json").read_text())["golden"]["min_cosine"]
    for runtime, cosine in said["loaded"].values():
        assert runtime == "tflite-runtime"
        assert cosine >= bound


def test_litert_is_not_there_to_answer_instead() -> None:
    if not PYTHON.exists():
        pytest.fail("no .venv-tflite: run `make tflite`, as `make test` does")
    done = subprocess.run([str(PYTHON), "-c", "import ai_edge_litert"], capture_output=True, text=True, check=False)
    assert "No module named 'ai_edge_litert'" in done.stderr
