"""The simulated sensor: worn, taken off, unplugged, and people enrolled with it in no time."""

from pathlib import Path

import numpy as np
import pytest

from device.bundle import Bundle
from device.embedders import load_embedder
from device.gallery import Gallery
from device.session.finger import OFF_COUNTS, ON_COUNTS
from device.simulation import ChangingSource, Simulation, enrol_simulated
from firmware_bridge import PortError


def test_it_is_worn_and_taken_off() -> None:
    source = ChangingSource()
    assert source.read(50)[:, 0].max() < OFF_COUNTS
    source.wear("ada")
    assert source.read(75)[:, 0].max() < OFF_COUNTS
    worn = source.read(250)
    assert worn.shape == (250, 2)
    assert worn[:, 0].min() > ON_COUNTS
    source.rewind()
    assert not np.array_equal(source.read(250), worn)
    source.wear("grace")
    assert source.read(5)[:, 0].max() < OFF_COUNTS
    source.read(75)
    assert source.read(5)[:, 0].min() > ON_COUNTS
    source.wear("")
    assert source.read(5)[:, 0].max() < OFF_COUNTS


def test_nobody_unknown_wears_it() -> None:
    source = ChangingSource()
    source.wear("ada")
    with pytest.raises(PortError):
        source.wear("nobody known")
    assert source.wearer == "ada"


def test_its_port_goes_and_comes_under_one_name(tmp_path: Path) -> None:
    with Simulation(tmp_path) as simulation:
        port = Path(simulation.path)
        assert port.exists()
        simulation.plug(False)
        simulation.plug(False)
        assert not port.is_symlink()
        simulation.plug(True)
        assert port.exists()
    assert not port.is_symlink()


def test_a_simulated_wearer_is_enrolled_at_once(bundle: Bundle, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    with Gallery(tmp_path / "gallery.sqlite") as gallery:
        enrol_simulated("ada", gallery, bundle, load_embedder(bundle, "onnxruntime"))
        assert [person.name for person in gallery.people()] == ["ada"]
