"""The gallery: what it keeps, what it refuses, and what survives a kill."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from device.errors import GalleryError, GalleryReason
from device.gallery import Gallery, default_gallery_path
from device.person_names import checked_name


def reference(seed: int = 0) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).standard_normal(8)
    return (values / np.linalg.norm(values)).astype(np.float32)


def refuses(reason: GalleryReason) -> "pytest.RaisesExc[GalleryError]":
    return pytest.raises(GalleryError, check=lambda error: error.reason is reason and "\n" not in str(error))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "gallery.sqlite"


def test_an_enrolled_person_is_there_when_it_is_opened_again(path: Path) -> None:
    with Gallery(path) as gallery:
        gallery.enrol("Ann", "m1", reference(1), 20)
        gallery.enrol("Ben", "m1", reference(2), 25)
    with Gallery(path) as gallery:
        references = gallery.references("m1")
        assert references.names == ("Ann", "Ben")
        np.testing.assert_array_equal(references.embeddings, np.stack([reference(1), reference(2)]))
        assert [(p.name, p.good_windows, p.model_id) for p in gallery.people()] == [
            ("Ann", 20, "m1"),
            ("Ben", 25, "m1"),
        ]


def test_only_the_owner_can_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        with Gallery(path) as gallery:
            gallery.enrol("Ann", "m1", reference(), 20)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}
    assert len(modes) > 1  # the write-ahead log is no way round it
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_loose_permissions_are_tightened(path: Path) -> None:
    Gallery(path).close()
    path.chmod(0o644)
    Gallery(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_default_path_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_gallery_path() == tmp_path / "pulsekey" / "gallery.sqlite"
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_gallery_path() == Path("/home/somebody/.local/share/pulsekey/gallery.sqlite")


def test_a_name_is_enrolled_once(path: Path) -> None:
    with Gallery(path) as gallery:
        gallery.enrol("Zoe\u0301", "m1", reference(), 20)
        with refuses(GalleryReason.ALREADY_ENROLLED):
            gallery.enrol("Zo\u00e9", "m1", reference(1), 20)  # the same letters, composed
        with refuses(GalleryReason.ALREADY_ENROLLED):
            gallery.check_free("Zo\u00e9", "m1")
        assert len(gallery.people()) == 1


def test_models_are_never_mixed(path: Path) -> None:
    with Gallery(path) as gallery:
        gallery.enrol("Ann", "m1", reference(), 20)
        with refuses(GalleryReason.OTHER_MODEL):
            gallery.references("m2")
        with refuses(GalleryReason.OTHER_MODEL):
            gallery.enrol("Ben", "m2", reference(), 20)


def test_forgetting(path: Path) -> None:
    with Gallery(path) as gallery:
        gallery.enrol("Ann", "m1", reference(), 20)
        with refuses(GalleryReason.UNKNOWN_NAME):
            gallery.forget("Ben")
        gallery.forget("Ann")
        with refuses(GalleryReason.EMPTY):
            gallery.references("m1")
        with refuses(GalleryReason.UNKNOWN_NAME):
            gallery.update("Ann", reference(), 20)
        blob = reference().tobytes()
        assert all(blob not in file.read_bytes() for file in path.parent.iterdir())


def test_an_update_replaces_the_reference_alone(path: Path) -> None:
    with Gallery(path) as gallery:
        gallery.enrol("Ann", "m1", reference(1), 20)
        gallery.enrol("Ben", "m1", reference(2), 21)
        since = gallery.people()[0].enrolled_at_utc
        gallery.update("Ann", reference(3), 30)
        np.testing.assert_array_equal(gallery.references("m1").embeddings, np.stack([reference(3), reference(2)]))
        assert [(p.name, p.good_windows) for p in gallery.people()] == [("Ann", 30), ("Ben", 21)]
        assert gallery.people()[0].enrolled_at_utc == since


def test_one_persons_reference(path: Path) -> None:
    with Gallery(path) as gallery:
        gallery.enrol("Zo\u00e9", "m1", reference(1), 20)
        gallery.enrol("Ben", "m1", reference(2), 20)
        found = gallery.reference_of("Zoe\u0301", "m1")
        assert found.names == ("Zo\u00e9",)
        np.testing.assert_array_equal(found.embeddings, reference(1)[None, :])
        with refuses(GalleryReason.OTHER_MODEL):
            gallery.reference_of("Ben", "m2")
        with refuses(GalleryReason.UNKNOWN_NAME):
            gallery.reference_of("Eve", "m1")


@pytest.mark.parametrize(
    "name", ["", " ", " Ann", "Ann ", "a\nb", "a\x1b[2J", "a\u202eb", "x" * 65, "\udcff", "a\u2028b"]
)
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    with refuses(GalleryReason.INVALID_NAME):
        checked_name(name)


@pytest.mark.parametrize(
    "name",
    ["Ann", "Zoë", "李小龍", "O'Brien", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "a b", "x" * 64],
)
def test_names_of_people_are_taken(name: str) -> None:
    assert checked_name(name) == name


def test_absent_store_is_empty_and_stays_absent(path: Path) -> None:
    with Gallery(path, create=False) as gallery:
        assert gallery.people() == []
        with refuses(GalleryReason.EMPTY):
            gallery.references("m1")
    assert not path.exists()


def test_damaged_file_is_named(path: Path) -> None:
    with Gallery(path) as gallery:
        gallery.enrol("Ann", "m1", reference(), 20)
    content = bytearray(path.read_bytes())
    content[5000:] = b"\xff" * (len(content) - 5000)
    path.write_bytes(content)
    with refuses(GalleryReason.DAMAGED):
        Gallery(path)
    path.write_bytes(b"not a database, but long enough to look like one" * 20)
    with refuses(GalleryReason.DAMAGED):
        Gallery(path)


def test_foreign_and_newer_stores_are_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("CREATE TABLE theirs (x)")
    path.chmod(0o644)
    before = path.read_bytes()
    with refuses(GalleryReason.FOREIGN):
        Gallery(path)
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.unlink()
    Gallery(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 99")
    with refuses(GalleryReason.FORMAT_VERSION):
        Gallery(path)


def test_a_locked_store_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Gallery(path).close()
    monkeypatch.setattr("device.store.database._BUSY_SECONDS", 0.0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with Gallery(path) as gallery:
        assert gallery.people() == []
        with refuses(GalleryReason.BUSY):
            gallery.enrol("Ann", "m1", reference(), 20)
    other.close()


def test_a_folder_is_no_gallery(tmp_path: Path) -> None:
    with refuses(GalleryReason.UNWRITABLE):
        Gallery(tmp_path)


WRITER = """
import sys
import numpy as np
from device.gallery import Gallery
vector = np.zeros(128, dtype=np.float32)
vector[0] = 1.0
with Gallery(sys.argv[1]) as gallery:
    for i in range(10_000):
        gallery.enrol(f"person {i}", "m1", vector, 20)
        print(i, flush=True)
"""


@pytest.mark.parametrize("after", [0, 1, 2, 5, 9, 17, 30])
def test_kill_in_the_middle_leaves_whole_people(path: Path, after: int) -> None:
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(after + 1):
        child.stdout.readline()
    child.kill()  # wherever it is by now: between, before or within the next commit
    told = after + 1 + len(child.stdout.read().splitlines())
    child.wait()
    child.stdout.close()
    with Gallery(path) as gallery:
        references = gallery.references("m1")
        assert len(references.names) in (told, told + 1)  # nothing lost that was told, nothing half-written
        assert references.embeddings.shape == (len(references.names), 128)
