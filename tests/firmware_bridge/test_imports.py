"""What importing the bridge costs, and what it offers."""

import subprocess
import sys
from pathlib import Path

import firmware_bridge


def test_importing_loads_neither_numpy_nor_serial() -> None:
    code = (
        "import sys, firmware_bridge\n"
        "assert not {'numpy', 'serial', 'cobs'} & set(sys.modules)\n"
        "firmware_bridge.BoardReader\n"
        "assert not {'torch', 'scipy', 'pandas', 'device', 'train'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=30)


def test_every_public_name_can_be_had() -> None:
    assert all(getattr(firmware_bridge, name) is not None for name in firmware_bridge.__all__)
    assert len(set(firmware_bridge.__all__)) == len(firmware_bridge.__all__) <= 32


def test_no_module_has_the_name_of_another_library() -> None:
    taken = set(sys.stdlib_module_names) | {"serial", "cobs", "numpy", "wfdb", "onnx", "torch", "scipy"}
    files = Path(firmware_bridge.__file__).parent.rglob("*.py")
    assert not {file.stem for file in files if file.stem != "__init__"} & taken
