"""A real recording through the executed firmware and a tty: whose it is does not depend on the board."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from device.bundle import Bundle, load_bundle
from device.comparison import pooled
from device.embedders import Embedder, load_embedder
from device.enrolment import Enrolment
from device.frontend import BoardFrontEnd
from device.pipeline import enrol_from
from firmware_bridge import BoardReader, PtyBoard, SampleBlock
from firmware_bridge.source_urls import source_of
from tests.simulated_uno import SimulatedUno
from tests.simulated_uno.shim import SimulatorMissingError, load_shim
from tests.simulated_uno.sketch import build_sketch

PEOPLE = ("bidmc01", "bidmc02", "bidmc03")
WINDOWS = 5
PROBE_S = 30.0


@pytest.fixture
def sketch() -> Path:
    try:
        load_shim()
        return build_sketch()
    except SimulatorMissingError as error:
        pytest.skip(str(error))


def probe_of(url: str, bundle: Bundle, embedder: Embedder) -> NDArray[np.float32]:
    """The pooled embedding of the first good windows."""
    front_end = BoardFrontEnd(bundle.front_end)
    with BoardReader(url) as reader:
        blocks = (message for message in reader if isinstance(message, SampleBlock))
        windows = (window for block in blocks for window in front_end.feed(block) if window.quality.good)
        return pooled([embedder.embed(window.pulse) for window in islice(windows, WINDOWS)])


def test_who_is_recognised_by_replay_is_through_the_executed_board(sketch: Path, data_folder: Path) -> None:
    bundle = load_bundle()
    embedder = load_embedder(bundle)
    url = f"replay://{data_folder / 'bidmc'}/{{}}.hea?speed=0&start={{}}&seconds={{}}"
    references = []
    for name in PEOPLE:
        enrolment = Enrolment(embedder, bundle.front_end)
        with BoardReader(url.format(name, 0, 62)) as reader:
            list(enrol_from(reader, front_end=BoardFrontEnd(bundle.front_end), enrolment=enrolment))
        references.append(enrolment.reference())
    url = url.format(PEOPLE[0], 120, PROBE_S)
    replayed = probe_of(url, bundle, embedder)
    with PtyBoard(SimulatedUno(sketch, source_of(url).source), speed=0.0) as board:
        executed = probe_of(board.path, bundle, embedder)
    # The sensor's 16 bits and the board's clock are all the difference there is.
    assert executed @ replayed > 0.99
    scores = np.stack(references) @ np.stack([replayed, executed]).T
    assert np.abs(scores[:, 0] - scores[:, 1]).max() < 0.03
    assert scores.argmax(axis=0).tolist() == [0, 0]
