"""`pulsekey micro`: what it writes, and what it refuses and leaves as it was."""

from pathlib import Path
from typing import Any

import pytest

from device.bundle import default_bundle_path, load_bundle
from device.cli import main
from export.errors import ExportError, ExportReason
from export.flatbuffer import slimmed
from export.micro import build
from tests.export.micro.small_model import MARKS

pytestmark = MARKS


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, build.MicroReport]:
    target = tmp_path_factory.mktemp("micro") / "made"
    return target, build.build_micro(load_bundle(default_bundle_path()), target, 1 << 20)


def test_the_shipped_bundle_is_written_as_the_command_says(
    written: tuple[Path, build.MicroReport], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, report = written
    target = tmp_path / "new" / "folder"
    assert main(["micro", str(default_bundle_path()), "--out", str(target), "--arena-limit", "1000000"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert sorted(path.name for path in target.iterdir()) == [
        "pulsekey_golden.h",
        "pulsekey_model.cc",
        "pulsekey_model.h",
    ]
    for path in target.iterdir():
        assert path.read_bytes() == (made / path.name).read_bytes()
    assert report.agreement.reference == 0
    assert said[0].startswith(f"{target}: {report.model.model_id} as ")
    assert (
        said[1] == f"flash: {len(slimmed((default_bundle_path() / 'model.int8.tflite').read_bytes()))} bytes of model"
    )
    assert said[2] == f"arena: {report.model.arena_bytes} bytes with portable kernels"
    low = report.cycles["Cortex-M4"].low
    assert f"{low / 1e6:.1f}-" in said[5]
    assert f" {low / 64e6 * 1e3:.0f}-" in said[5]
    assert [line.split(":")[0].strip() for line in said[5:]] == ["Cortex-M4", "Cortex-M7", "Cortex-M55"]


def test_an_arena_over_the_limit_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["micro", str(default_bundle_path()), "--out", str(tmp_path / "x"), "--arena-limit", "2048"]) == 2
    said = capsys.readouterr().err
    assert "bytes, 2048 are allowed: give --arena-limit" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").mkdir()
    assert main(["micro", str(default_bundle_path()), "--out", str(tmp_path / "x")]) == 2
    assert "exists; remove it or give another --out" in capsys.readouterr().err
    assert list((tmp_path / "x").iterdir()) == []


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(path: Path, text: str, **options: Any) -> int:
        if path.suffix == ".cc":
            raise OSError(28, "No space left on device")
        return write(path, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ExportError, match="No space left on device") as caught:
        build._write(tmp_path / "x", {"a.h": "1", "b.cc": "2"})
    assert caught.value.reason is ExportReason.UNWRITABLE
    assert list(tmp_path.iterdir()) == []
