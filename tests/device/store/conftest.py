"""A gallery with people, and its file as somebody without the key sees and changes it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.errors import GalleryError, GalleryReason
from device.gallery import Gallery

Refuses = Callable[..., "pytest.RaisesExc[GalleryError]"]
Reference = Callable[[int], NDArray[np.float32]]


@pytest.fixture(scope="session")
def reference() -> Reference:
    """Unit vectors (96,), another for each number."""

    def reference(seed: int) -> NDArray[np.float32]:
        values = np.random.default_rng(seed).standard_normal(96)
        return np.asarray(values / np.linalg.norm(values), dtype=np.float32)

    return reference


@pytest.fixture(scope="session")
def refuses() -> Refuses:
    """One line, of this reason, with these words."""

    def refuses(reason: GalleryReason, *words: str) -> "pytest.RaisesExc[GalleryError]":
        def fits(error: GalleryError) -> bool:
            return error.reason is reason and "\n" not in str(error) and all(word in str(error) for word in words)

        return pytest.raises(GalleryError, check=fits)

    return refuses


@pytest.fixture(autouse=True)
def _fast_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept with a passphrase or PIN is small here: its cost is not what is tested."""
    monkeypatch.setattr("device.store.keys._SCRYPT_N", 16)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PULSEKEY_PASSPHRASE_FILE", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    return tmp_path / "gallery.sqlite"


@pytest.fixture
def enrolled(path: Path, reference: Reference) -> Path:
    """The path of a gallery with Ann, Ben and Eve."""
    with Gallery(path) as gallery:
        for seed, name in enumerate(("Ann", "Ben", "Eve")):
            gallery.enrol(name, "m1", reference(seed), 20)
    return path


@pytest.fixture
def attack() -> Callable[..., list[Any]]:
    """One statement on the file of a gallery, as whoever can write it but has no key."""

    def attack(path: Path, statement: str, *values: object) -> list[Any]:
        db = sqlite3.connect(path)
        try:
            with db:
                return db.execute(statement, values).fetchall()
        finally:
            db.close()

    return attack


@pytest.fixture
def copies() -> Callable[[Path], dict[Path, bytes]]:
    """All files of a gallery and beside it, to be put back later."""

    def copies(path: Path) -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in path.parent.iterdir() if file.name.startswith(path.name)}

    return copies
