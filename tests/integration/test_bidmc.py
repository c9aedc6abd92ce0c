"""Real recordings, a real tty, the shipped model: the whole path at once."""

import math
from pathlib import Path

import numpy as np
import pytest

from device.bundle import Bundle, load_bundle
from device.comparison import comparator_of
from device.decision import Boundaries, boundaries_at
from device.embedders import Embedder, load_embedder
from device.enrolment import Enrolment
from device.events import Identified, Summary
from device.frontend import BoardFrontEnd, Window, windows_of
from device.gallery import Gallery
from device.pipeline import Recogniser, enrol_from
from firmware_bridge import BoardReader, LightBoard, LinkStatistics, PtyBoard, Recording, SampleBlock, read_wfdb
from firmware_bridge.sources import RecordingSource

SPEED = 100.0
ENROLLED = ("bidmc01", "bidmc02")
STRANGER = "bidmc05"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle()


@pytest.fixture(scope="module")
def embedder(bundle: Bundle) -> Embedder:
    return load_embedder(bundle)


def recording(data_folder: Path, name: str) -> Recording:
    return read_wfdb(data_folder / "bidmc" / f"{name}.hea")


def test_windows_through_a_tty_are_those_of_the_file(data_folder: Path, bundle: Bundle, embedder: Embedder) -> None:
    part = recording(data_folder, ENROLLED[0]).cut(0.0, 120.0)
    front_end, live, samples, lost = BoardFrontEnd(bundle.front_end), [], 0, 0
    with PtyBoard(LightBoard(RecordingSource(part)), speed=SPEED) as board, BoardReader(board.path) as reader:
        for message in reader:
            if isinstance(message, SampleBlock):
                samples += message.ir_counts.size
                live += front_end.feed(message)
            elif isinstance(message, LinkStatistics):
                lost = message.lost
    assert (samples, lost) == (part.ppg.size, 0)
    assert front_end.rate_hz == pytest.approx(part.rate_hz, rel=5e-4)
    offline = {window.start: window for window in windows_of(part.ppg, part.rate_hz, bundle.front_end)}
    pairs: list[tuple[Window, Window]] = [(window, offline[window.start]) for window in live]
    assert len(pairs) >= 45
    cosines = [
        float(embedder.embed(a.pulse) @ embedder.embed(b.pulse)) for a, b in pairs if a.quality.good and b.quality.good
    ]
    assert len(cosines) >= 40
    assert np.mean(cosines) > 0.99


def test_two_are_enrolled_one_is_named_and_a_stranger_is_not(
    data_folder: Path, bundle: Bundle, embedder: Embedder, tmp_path: Path
) -> None:
    with Gallery(tmp_path / "gallery.sqlite") as gallery:
        for name in ENROLLED:
            enrolment = Enrolment(embedder, bundle.front_end)
            minute = RecordingSource(recording(data_folder, name).cut(0.0, 62.0))
            with PtyBoard(LightBoard(minute), speed=SPEED) as board, BoardReader(board.path) as reader:
                list(enrol_from(reader, front_end=BoardFrontEnd(bundle.front_end), enrolment=enrolment))
            gallery.enrol(name, bundle.manifest.model_id, enrolment.reference(), enrolment.good_windows)
        references = gallery.references(bundle.manifest.model_id)

    def run(name: str, boundaries: Boundaries) -> tuple[list[Identified], Summary]:
        recogniser = Recogniser(
            front_end=BoardFrontEnd(bundle.front_end),
            embedder=embedder,
            references=references,
            comparator=comparator_of(bundle),
            boundaries=boundaries,
        )
        part = RecordingSource(recording(data_folder, name).cut(60.0, 240.0))
        with PtyBoard(LightBoard(part), speed=SPEED) as board, BoardReader(board.path) as reader:
            events = [event for event in recogniser.events(reader) if isinstance(event, Identified)]
        return events, recogniser.summary()

    for name in ENROLLED:
        # Every 12 s somebody is named, whoever is most alike.
        named, summary = run(name, Boundaries(9, 9, -math.inf, -math.inf))
        assert summary.lost_samples == 0
        assert len(named) >= 10
        assert sum(event.person == name for event in named) >= 0.95 * len(named)
    accepted, summary = run(STRANGER, boundaries_at(bundle.manifest.decision))
    assert summary.decisions >= 10
    assert len(accepted) <= 0.02 * summary.decisions
