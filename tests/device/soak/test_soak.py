"""A soak in small: in virtual time, on boards that misbehave and devices that are broken on purpose, and once whole."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.bundle import Bundle, load_bundle
from device.embedders import Embedder, load_embedder
from device.frontend import Window
from device.gallery import Gallery
from device.session.lock import Lock
from device.simulation import enrol_simulated
from device.soak.comparing import Comparing
from device.soak.device_path import DevicePath
from device.soak.injecting import OF_A_BOARD
from device.soak.reference import Reference
from device.soak.results import STOPPED, Results, table
from device.soak.running import Soak, SoakPlan
from device.soak.stretches import Stretches
from device.soak.wearing import Sittings, WornSensor
from device.soak.witness import Witness
from firmware_bridge import LightBoard
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.wire_faults import WireDamage, WireFaults

ROOT = Path(__file__).resolve().parents[3]
SEED = 0
BLOCKS_A_S = 25


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(None)


@pytest.fixture(scope="module")
def network(bundle: Bundle) -> Embedder:
    return load_embedder(bundle)


@pytest.fixture(scope="module")
def sittings() -> Sittings:
    return Sittings(SEED)


@pytest.fixture(scope="module")
def gallery(
    tmp_path_factory: pytest.TempPathFactory, bundle: Bundle, network: Embedder, sittings: Sittings
) -> Iterator[Gallery]:
    with Gallery(tmp_path_factory.mktemp("soak") / "gallery.sqlite") as gallery:
        for name in sittings.enrolled:
            enrol_simulated(name, gallery, bundle, network)
        yield gallery


Watch = Callable[..., Witness]


@pytest.fixture
def watch(tmp_path: Path, bundle: Bundle, network: Embedder, sittings: Sittings, gallery: Gallery) -> Iterator[Watch]:
    """So many seconds of the first sittings on a board of ours, and who watched a device of ours meanwhile."""
    with Gallery(tmp_path / "live.sqlite") as live, Gallery(tmp_path / "other.sqlite") as other:

        def watch(seconds: float, board: Any = None, embedder: Embedder | None = None) -> Witness:
            path = DevicePath(gallery, live.store, bundle, embedder or network)
            reference = Reference(sittings, DevicePath(gallery, other.store, bundle, network))
            witness = Witness(path, sittings, Comparing(reference), Stretches(bundle.front_end))
            messages = DirectReader(board or LightBoard(WornSensor(sittings)))
            path.session.run(witness.tap(islice(messages, round(seconds * BLOCKS_A_S))), witness.event)
            witness.end()
            return witness

        yield watch


def first_sitting_s(sittings: Sittings) -> tuple[float, float]:
    """When it begins and ends."""
    sitting = sittings.sitting(0)
    return len(sitting.air) / 125, (len(sitting.air) + len(sitting.worn)) / 125


def test_without_a_fault_everything_is_compared_and_alike(watch: Watch, sittings: Sittings) -> None:
    begins_s, ends_s = first_sitting_s(sittings)
    witness = watch(ends_s + 2.0)
    compared, counts = witness.comparing.counts, witness.counts
    assert compared.signal_s == pytest.approx(ends_s - begins_s, abs=0.05)
    assert compared.windows >= (ends_s - begins_s - 3.15) // 1.2
    assert compared.decisions >= 5
    assert counts.identified >= 3
    assert (compared.windows_lost, compared.differing, witness.stretches.lost) == (0, 0, 0)
    assert (counts.sittings, counts.altered, counts.lost, counts.open_unworn) == (1, 0, 0, 0)
    assert witness.stretches.due > 0


def test_up_to_a_hole_it_is_compared_and_what_is_missing_is_counted(watch: Watch, sittings: Sittings) -> None:
    begins_s, _ = first_sitting_s(sittings)
    board = LightBoard(WornSensor(sittings), faults=[SensorFaultEvent(FaultKind.OVERFLOW, begins_s + 30.0, 0.4)])
    witness = watch(begins_s + 45.0, board)
    assert witness.comparing.counts.signal_s == pytest.approx(30.0, abs=0.5)
    assert witness.comparing.counts.differing == 0
    assert 0 < witness.counts.lost <= 50
    assert witness.stretches.lost == 0


def test_after_a_hole_frames_begin_elsewhere_and_the_next_sitting_is_alike_still(
    watch: Watch, sittings: Sittings
) -> None:
    _, ends_s = first_sitting_s(sittings)
    # Of 52 samples in the FIFO's time 20 are lost: 32 remain, and frames of five begin two samples later.
    board = LightBoard(WornSensor(sittings), faults=[SensorFaultEvent(FaultKind.OVERFLOW, 1.0, 0.43)])
    witness = watch(ends_s + 1.0, board)
    assert witness.counts.lost % 5 != 0
    assert witness.comparing.counts.windows > 20
    assert witness.comparing.counts.differing == 0


def test_a_window_of_the_open_air_before_it_is_not_the_sittings(
    watch: Watch, sittings: Sittings, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[Any] = []
    note = Comparing.note

    def listen(self: Comparing, outcomes: Any) -> None:
        noted.extend(what := list(outcomes))
        note(self, what)

    monkeypatch.setattr(Comparing, "note", listen)
    sensor, skipped = WornSensor(sittings), 109
    sensor.read(skipped)
    begins_s, _ = first_sitting_s(sittings)
    witness = watch(begins_s - skipped / 125 + 4.0, LightBoard(sensor))
    windows = [offset for offset, what in noted if isinstance(what, tuple)]
    assert windows[0] == 1, "the grid of windows is another: look for a number of samples so that one ends here"
    assert (witness.comparing.counts.windows, witness.comparing.counts.differing) == (len(windows) - 1, 0)


def test_a_damaged_wire_makes_holes_and_no_difference(watch: Watch, sittings: Sittings) -> None:
    _, ends_s = first_sitting_s(sittings)
    damage = WireDamage(corrupt=2e-5, duplicate=0.01, reorder=0.01)
    witness = watch(ends_s, WireFaults(LightBoard(WornSensor(sittings)), damage))
    assert witness.counts.lost > 0
    assert (witness.counts.altered, witness.comparing.counts.differing, witness.stretches.lost) == (0, 0, 0)


class Forgetful:
    """A network that answers otherwise from its fortieth window on."""

    def __init__(self, network: Embedder) -> None:
        self._network, self._asked = network, 0
        self.embedding_size, self.runtime = network.embedding_size, network.runtime

    def embed(self, pulse: NDArray[np.float32]) -> NDArray[np.float32]:
        self._asked += 1
        return self._network.embed(pulse if self._asked < 40 else pulse[::-1].copy())


def test_a_device_that_decides_otherwise_is_found(watch: Watch, network: Embedder) -> None:
    counts = watch(80.0, embedder=Forgetful(network)).comparing.counts
    assert counts.windows_lost == 0
    assert counts.differing > 0
    assert "sitting 0" in counts.first_differences[0]
    assert len(counts.first_differences) <= 5


def test_a_device_that_drops_windows_is_found(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    from device.frontend.windows import Windower

    cut = Windower.feed

    def feed(self: Windower, *parts: Any) -> list[Window]:
        return [one for one in cut(self, *parts) if one.start % 1500 > 300]

    whole = Reference.outcomes

    def outcomes(self: Reference, *of: Any) -> Any:
        with monkeypatch.context() as sound:
            sound.setattr(Windower, "feed", cut)
            return whole(self, *of)

    monkeypatch.setattr(Windower, "feed", feed)
    monkeypatch.setattr(Reference, "outcomes", outcomes)
    witness = watch(80.0)
    assert witness.comparing.counts.windows_lost > 5


class Altering:
    """A source of which one sample is another than the one that was measured."""

    rate_hz = 125.0

    def __init__(self, sensor: WornSensor, at: int) -> None:
        self._sensor, self._at = sensor, at

    def read(self, count: int) -> NDArray[np.int32]:
        counts = self._sensor.read(count).copy()
        place = self._at - (self._sensor.lived - count)
        if 0 <= place < count:
            counts[place] += 1
        return counts

    def rewind(self) -> None:
        raise AssertionError("it has no end")


def test_a_sample_altered_unseen_is_found(watch: Watch, sittings: Sittings) -> None:
    begins_s, _ = first_sitting_s(sittings)
    board = LightBoard(Altering(WornSensor(sittings), round(125 * (begins_s + 20.0))))
    witness = watch(begins_s + 25.0, board)
    assert witness.counts.altered == 1
    assert witness.comparing.counts.signal_s == pytest.approx(20.0, abs=0.1)


def test_a_lock_that_stays_open_without_its_wearer_is_found(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lock, "_taken_off", lambda self, reason: None)
    witness = watch(first_sitting_s(Sittings(SEED))[1] + 1.0)
    assert witness.counts.open_unworn > 0


def test_open_air_of_a_fault_is_no_altered_sample(watch: Watch, sittings: Sittings) -> None:
    begins_s, _ = first_sitting_s(sittings)
    faults = [
        SensorFaultEvent(FaultKind.FINGER_OFF, begins_s + 20.0, 1.0),
        SensorFaultEvent(FaultKind.SATURATED, begins_s + 25.0, 1.0),
    ]
    witness = watch(begins_s + 30.0, LightBoard(WornSensor(sittings), faults=faults))
    assert (witness.counts.altered, witness.counts.lost) == (0, 0)
    assert witness.comparing.counts.signal_s == pytest.approx(20.0, abs=0.1)


@pytest.mark.timeout(120)
def test_the_whole_of_it_on_a_pseudo_terminal(tmp_path: Path, bundle: Bundle, network: Embedder) -> None:
    names = ("loss", "truncate", "overflow", "brownout", "reset", "nack", *OF_A_BOARD, "unplug")
    told: list[Results] = []
    # Of this seed the first fault is late enough for some of the first sitting to be whole.
    soak = Soak(SoakPlan(240.0, 150.0, 5, names, gap_s=10.0), bundle, network, tmp_path)
    results = soak.run(told.append)
    assert results.all_hold, table(results)
    assert results.signal_s >= 240.0
    assert results.befell["unplug"] >= 2
    assert sum(results.befell.values()) >= 10
    assert results.compared.windows >= 10
    assert results.link.samples == results.witnessed.samples > 15_000
    assert results.windows_due > 20
    assert not told or told[0].signal_s <= results.signal_s
    assert not (tmp_path / "board").is_symlink()


@pytest.mark.timeout(120)
def test_it_ends_at_ctrl_c_with_what_it_has(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "device.cli", "soak", "--json", str(tmp_path / "out.json")]
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        while not list(Path("/proc").glob(f"{process.pid}/fd/*")) or not serves(process.pid):
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "what ended it" in told
    assert json.loads((tmp_path / "out.json").read_text())["ended"] == STOPPED


def serves(pid: int) -> bool:
    """Whether a process has a pseudo-terminal open at both ends."""
    names = []
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            names.append(os.readlink(handle))
        except FileNotFoundError:
            continue  # it was closed just now
    return any(name.endswith("ptmx") for name in names) and any(name.startswith("/dev/pts/") for name in names)
