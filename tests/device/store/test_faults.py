"""Disks that are full or read-only, two programs at once, and kills: one line each, and nothing lost."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import GalleryReason
from device.gallery import Gallery

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a disk can be mounted by root alone")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(small_disk: Path, path: Path, reference: Any, refuses: Any) -> None:
    path = small_disk / path.name
    with Gallery(path) as gallery:
        for seed in range(5):
            gallery.enrol(f"person {seed}", "m1", reference(seed), 20)
        fill = small_disk / "fill"
        with fill.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        with refuses(GalleryReason.UNWRITABLE, "nothing was changed"):
            for seed in range(5, 200):  # what SQLite has set aside lasts for some
                gallery.enrol(f"person {seed}", "m1", reference(seed), 20)
        enrolled = gallery.people()
        fill.unlink()
        gallery.enrol("the next", "m1", reference(999), 20)
    with Gallery(path) as gallery:
        assert len(gallery.people()) == len(enrolled) + 1
        assert len(gallery.references("m1").names) == len(enrolled) + 1


def test_a_disk_full_for_the_state_file_alone(enrolled: Path, monkeypatch: pytest.MonkeyPatch, refuses: Any) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Gallery(enrolled) as gallery, monkeypatch.context() as patched:
        patched.setattr("device.store.store.write_state", full)
        with refuses(GalleryReason.UNWRITABLE, "was changed, but", "No space left"):
            gallery.forget("Ann")
    with Gallery(enrolled) as gallery:
        assert [person.name for person in gallery.people()] == ["Ben", "Eve"]


def test_a_read_only_disk(small_disk: Path, path: Path, reference: Any, refuses: Any) -> None:
    path = small_disk / path.name
    with Gallery(path) as gallery:
        gallery.enrol("Ann", "m1", reference(0), 20)
    before = path.read_bytes()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with refuses(GalleryReason.UNWRITABLE):
        Gallery(path)
    with refuses(GalleryReason.UNWRITABLE):
        Gallery(small_disk / "folder" / "another.sqlite")
    assert path.read_bytes() == before
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    with Gallery(path) as gallery:
        assert len(gallery.people()) == 1


WRITER = """
import sys
import numpy as np
from device.gallery import Gallery
vector = np.zeros(96, dtype=np.float32)
vector[0] = 1.0
with Gallery(sys.argv[1]) as gallery:
    for i in range(12):
        gallery.enrol(f"{sys.argv[2]} {i}", "m1", vector, 20)
"""


def test_two_programs_at_once_lose_nothing(path: Path) -> None:
    """Not even where both find that there is no store yet, and no key."""
    words = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*words, name], cwd=ROOT) for name in ("one", "two")]
    assert [writer.wait(timeout=100) for writer in writers] == [0, 0]
    with Gallery(path) as gallery:
        people = {person.name for person in gallery.people()}
        entries = gallery.log_entries()
        references = gallery.references("m1").embeddings
    assert people == {f"{name} {i}" for name in ("one", "two") for i in range(12)}
    assert len(entries) == 1 + 24
    np.testing.assert_allclose(references, np.eye(1, 96).repeat(24, axis=0), atol=1e-15)


def test_kills_at_random_moments() -> None:
    """Twenty here; `python tests/benchmarks/kill_store.py` does a thousand."""
    words = [sys.executable, "tests/benchmarks/kill_store.py", "--kills", "20", "--seed", str(os.getpid())]
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False, env=os.environ | {"PYTHONPATH": "."}
    )
    assert done.returncode == 0, done.stderr
    assert "20 kills: the store opened each time, whole" in done.stdout
