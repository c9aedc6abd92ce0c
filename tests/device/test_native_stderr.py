"""What C++ writes to file descriptor 2 while a model is loaded."""

import os
import subprocess
import sys

import pytest

from device.embedders.native_stderr import quiet_stderr


def test_chatter_is_dropped_and_the_rest_comes_out(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_stderr():
        os.write(2, b"INFO: Created a delegate.\nWARNING: no such kernel\n")
        assert capfd.readouterr().err == ""
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "WARNING: no such kernel\nlater\n"


def test_all_of_it_comes_out_where_loading_fails(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with quiet_stderr():
            os.write(2, b"INFO: about to fail\nERROR: it did\n")
            raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"):
        fail()
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "INFO: about to fail\nERROR: it did\nlater\n"


def test_no_file_descriptor_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with quiet_stderr():
            pass
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_process_without_stderr() -> None:
    code = (
        "import os; from device.embedders.native_stderr import quiet_stderr; os.close(2)\n"
        "with quiet_stderr():\n"
        "    print('loaded')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "loaded\n"
