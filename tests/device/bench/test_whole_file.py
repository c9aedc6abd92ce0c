"""Files that are written whole or not at all."""

from pathlib import Path

import pytest

from device.errors import CommandError, CommandReason
from device.whole_file import write_whole


def test_what_was_there_stays_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.json"
    write_whole(path, "older, with ü\n")
    assert path.read_bytes() == "older, with ü\n".encode()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CommandError, match="No space left") as caught:
        write_whole(path, b"newer")
    assert caught.value.reason is CommandReason.UNWRITABLE
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["out.json"]
    assert path.read_bytes() == "older, with ü\n".encode()
