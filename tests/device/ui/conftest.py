"""What the browser's tests need: skipped, loudly, where it is missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.bundle import load_bundle
from device.embedders import load_embedder
from device.gallery import Gallery
from device.simulation import Simulation, enrol_simulated

SPEED = 8.0
"""Times real time; the page and its session keep pace, and nobody waits half a minute for an enrolment."""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("selenium", reason="selenium is not installed: the page is not tested in a browser")
    from tests.device.ui.browsing import CHROMIUM, DRIVER, Browser

    for needed in (CHROMIUM, DRIVER):
        if not needed.exists():
            pytest.skip(f"no {needed}: the page is not tested in a browser")
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


@pytest.fixture
def browser(chromium: Any) -> Any:
    """A `Browser` that has forgotten the last test's page."""
    chromium.leave()
    return chromium


@pytest.fixture
def simulation(tmp_path: Path) -> Iterator[Simulation]:
    with Simulation(tmp_path, SPEED) as simulation:
        yield simulation


@pytest.fixture
def enrolled(tmp_path: Path) -> Path:
    """A gallery with ada in it."""
    path = tmp_path / "gallery.sqlite"
    bundle = load_bundle(None)
    with Gallery(path) as gallery:
        enrol_simulated("ada", gallery, bundle, load_embedder(bundle))
    return path
