import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.errors import RecordingError, RecordingReason
from tests.train.sources.layouts import write_mimic3, write_mimic4
from train.sources import segments
from train.sources.base import SourceRecord
from train.sources.mimic import Mimic3Source, Mimic4Source

NAME = "p000020-2183-04-28-17-47"


def test_a_run_of_segments_is_a_record_and_what_misses_the_pulse_is_nan(tmp_path: Path) -> None:
    pulses = write_mimic3(tmp_path)
    first, second = Mimic3Source("mimic3", tmp_path).records()
    assert first.person == second.person == "mimic3/p000020"
    assert (first.session, second.session) == (f"2183-04-28/{NAME}", f"2183-04-29/{NAME}")
    got = first.read()
    expected = []  # the record's seconds, one after another
    expected += [*pulses["a"], *pulses["b"]]
    expected += [np.nan] * (125 + 200)
    expected += [*pulses["d"]]
    np.testing.assert_array_equal(got.ppg, expected)
    assert (got.rate_hz, got.subject, got.session) == (125.0, "p000020", first.session)
    np.testing.assert_array_equal(second.read().ppg, pulses["e"])


def _piece(one: SourceRecord, size: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A part's pulse; where it lies in a gap or a segment without pulse, so many NaN."""
    try:
        return one.read().ppg
    except RecordingError as error:
        if error.reason is not RecordingReason.NO_SIGNAL:
            raise
        return np.full(size, np.nan)


@pytest.mark.parametrize("frames", [62, 125, 333, 400, 437, 10_000])
def test_parts_together_are_the_whole_however_long_one_may_be(
    tmp_path: Path, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_mimic3(tmp_path)
    whole = np.concatenate([one.read().ppg for one in Mimic3Source("mimic3", tmp_path).records()])
    monkeypatch.setattr(segments, "PART_S", frames / 125)
    records = Mimic3Source("mimic3", tmp_path).records()
    assert len({one.record for one in records}) == len(records)
    pieces = [_piece(one, min(frames, 1275 - int(one.record.rpartition("+")[2]))) for one in records]
    assert max(one.size for one in pieces) <= frames
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 3000)), min_size=1, max_size=30), st.sampled_from([0.5, 7.0, 99.0])
)
@settings(deadline=None, max_examples=50)
def test_every_frame_outside_long_gaps_is_in_one_part(listed: list[tuple[bool, int]], part_s: float) -> None:
    found, wanted, first, latest = [], set(), 0, None
    for i, (recorded, frames) in enumerate(listed):
        found.append(segments.Segment(f"s{i}" if recorded else "~", first, frames))
        if recorded:
            if latest is not None and all(one <= 1250 for one in latest):  # every gap since is of 10 s at most
                wanted |= set(range(first - sum(latest), first))
            wanted |= set(range(first, first + frames))
            latest = []
        elif latest is not None:
            latest.append(frames)
        first += frames
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "PART_S", part_s)
        parts = segments.parts_of(Path("r.hea"), found, 125.0)
    covered = [frame for part in parts for frame in range(part.first, part.last)]
    assert covered == sorted(wanted)
    for part in parts:
        assert part.last - part.first <= part_s * 125 + 1
        touching = [
            one for one in found if one.name != "~" and one.first < part.last and one.first + one.frames > part.first
        ]
        assert list(part.segments) == touching


def test_only_the_part_that_is_asked_for_is_read(tmp_path: Path) -> None:
    pulses = write_mimic3(tmp_path)
    (tmp_path / "p00" / "p000020" / "3544749_0001.dat").unlink()
    first, second = Mimic3Source("mimic3", tmp_path).records()
    with pytest.raises(RecordingError, match=r"cannot read .*3544749_0001") as caught:
        first.read()
    assert caught.value.reason is RecordingReason.UNREADABLE
    np.testing.assert_array_equal(second.read().ppg, pulses["e"])


def test_a_record_without_pulse_is_listed_and_says_so(tmp_path: Path) -> None:
    write_mimic3(tmp_path, names="II ABP")
    (one,) = Mimic3Source("mimic3", tmp_path).records()
    with pytest.raises(RecordingError, match=rf"{NAME}\.hea has no PLETH signal, only II, ABP; leave it out") as caught:
        one.read()
    assert caught.value.reason is RecordingReason.NO_SIGNAL


def test_a_segment_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    write_mimic3(tmp_path)
    path = tmp_path / "p00" / "p000020" / "3544749_0002.dat"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RecordingError) as caught:
        Mimic3Source("mimic3", tmp_path).records()[0].read()
    assert "\n" not in str(caught.value)


def test_headers_that_are_none(tmp_path: Path) -> None:
    write_mimic3(tmp_path)
    header = tmp_path / "p00" / "p000020" / f"{NAME}.hea"
    header.write_text("")
    with pytest.raises(RecordingError, match="cannot read") as caught:
        Mimic3Source("mimic3", tmp_path).records()
    assert caught.value.reason is RecordingReason.UNREADABLE
    shutil.copy(header.with_name("3544749_0001.hea"), header)
    with pytest.raises(RecordingError, match="a record of one segment"):
        Mimic3Source("mimic3", tmp_path).records()


def test_mimic4_takes_the_person_from_the_folder_and_the_day_from_the_header(tmp_path: Path) -> None:
    pulse = write_mimic4(tmp_path)
    for at in (tmp_path, tmp_path / "waves", tmp_path / "waves" / "p100" / "p10014354" / "81739927"):
        (one,) = Mimic4Source("mimic4", at).records()
        assert one.person == "mimic4/p10014354"
        assert one.session == "2148-02-01/81739927"
        got = one.read()
        assert got.rate_hz == pytest.approx(2 * 62.4725)
        np.testing.assert_array_equal(got.ppg, pulse)


def test_parts_of_several_samples_a_frame_fit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = write_mimic4(tmp_path)
    monkeypatch.setattr(segments, "PART_S", 13.0)
    records = Mimic4Source("mimic4", tmp_path).records()
    assert len(records) == 4  # 3000 frames of 62.4725 Hz are 48 s
    np.testing.assert_array_equal(np.concatenate([one.read().ppg for one in records]), pulse)


def test_mimic4_without_a_date_is_refused(tmp_path: Path) -> None:
    write_mimic4(tmp_path)
    header = tmp_path / "waves" / "p100" / "p10014354" / "81739927" / "81739927.hea"
    header.write_text(header.read_text().replace(" 20:05:00.000 01/02/2148", ""))
    with pytest.raises(RecordingError, match="does not tell when it began"):
        Mimic4Source("mimic4", tmp_path).records()


@pytest.mark.parametrize("kind", [Mimic3Source, Mimic4Source])
def test_an_empty_folder_says_what_to_give(tmp_path: Path, kind: type[Mimic3Source] | type[Mimic4Source]) -> None:
    with pytest.raises(RecordingError, match=r"no p.*\.hea in .*; give the folder"):
        kind("m", tmp_path).records()
    with pytest.raises(RecordingError, match="no such folder"):
        kind("m", tmp_path / "none").records()
