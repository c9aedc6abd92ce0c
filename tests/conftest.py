"""What all tests share: where the real recordings are, and a collector that is off."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is gone without the garbage collector is gone at once."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The recordings that are never committed: PULSEKEY_DATA, or shared/data beside the checkout."""
    folder = Path(os.environ.get("PULSEKEY_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}: set PULSEKEY_DATA to a folder with bidmc/ and challenge2015/")
    return folder
