"""What importing costs, and that no module stands in the way of another's."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("device", "firmware_bridge", "train", "export")
FORBIDDEN = (
    "torch",
    "scipy",
    "onnx",
    "pandas",
    "matplotlib",
    "neurokit2",
    "wfdb",
    "sklearn",
    "train",
    "export",
)


def modules(package: str) -> list[str]:
    files = sorted((ROOT / package).rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names]


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_every_device_module_loads_nothing_heavy() -> None:
    names = [name for package in ("firmware_bridge", "device") for name in modules(package)]
    code = f"""
import importlib, sys
for name in {names!r}:
    importlib.import_module(name)
print(*sorted({{name.partition('.')[0] for name in sys.modules}} & set({FORBIDDEN!r})))
"""
    assert run(code).split() == []


def test_loading_a_model_loads_nothing_heavy(bundle_folder: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    code = f"""
import sys
from device.bundle import load_bundle
from device.embedders import load_embedder
load_embedder(load_bundle({str(bundle_folder)!r}), "onnxruntime")
print(*sorted({{name.partition('.')[0] for name in sys.modules}} & set({FORBIDDEN!r})))
"""
    assert run(code).split() == []


def test_importing_device_loads_nothing_else() -> None:
    assert run("import sys, device; print('numpy' in sys.modules)").split() == ["False"]


def test_help_loads_no_numpy() -> None:
    code = "import sys, device.cli as c; c.main(['--help']); print('numpy' in sys.modules)"
    assert run(code).splitlines()[-1].split()[0] == "False"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_named_like_another(package: str) -> None:
    dependencies = {name.lower() for name in importlib.metadata.packages_distributions()} - set(PACKAGES)
    taken = set(sys.stdlib_module_names) | dependencies | {"torch", "onnx", "onnxruntime", "serial", "cobs", "numpy"}
    own = {name.rpartition(".")[2]: name for name in modules(package)}
    own.pop(package, None)
    clashes = {full for short, full in own.items() if short in taken and not short.startswith("_")}
    assert clashes == set()
