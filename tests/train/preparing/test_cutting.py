import hashlib
import math
import struct
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.frontend import windows_of
from firmware_bridge.recordings import Recording
from tests.train.preparing.fakes import pulse
from train.frontend_design import design
from train.preparing import cutting
from train.preparing.cutting import content_hash, timed_windows
from train.windows import training_spec

SPEC = training_spec(design(), 75, 0.15)


def recording(ppg: np.ndarray, rate_hz: float = 125.0) -> Recording:
    return Recording(ppg, rate_hz, "somebody", "1", "r")


def epoch_begins_s(ppg: Sequence[float], rate_hz: float) -> list[float]:
    """Sample by sample: the first one present, and each that comes after more than 100 ms of nothing."""
    begins, missing, seen = [], 0, False
    for i, value in enumerate(ppg):
        if math.isnan(value):
            missing += 1
            continue
        if not seen or missing * 1000.0 / rate_hz > SPEC.max_gap_ms:
            begins.append(i / rate_hz)
        seen, missing = True, 0
    return begins


@settings(max_examples=15, deadline=None)
@given(
    gaps=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 60)), max_size=6),
    rate_hz=st.sampled_from([125.0, 64.0, 31.25]),
    block_s=st.sampled_from([0.5, 3.7, 300.0]),
)
def test_windows_are_those_of_the_whole_recording_each_at_its_time(
    gaps: list[tuple[int, int]], rate_hz: float, block_s: float
) -> None:
    ppg = pulse(1, 25.0)[:3000]
    for first, length in gaps:
        ppg[first : first + length] = np.nan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "BLOCK_S", block_s)
        found = list(timed_windows(recording(ppg, rate_hz), SPEC))
    whole = windows_of(ppg, rate_hz, SPEC)
    begins_s = epoch_begins_s(ppg.tolist(), rate_hz)
    assert len(found) == len(whole)
    for one, window in zip(found, whole, strict=True):
        assert one.window.pulse.tobytes() == window.pulse.tobytes()
        assert one.window.quality == window.quality
        assert (one.window.epoch, one.window.start) == (window.epoch, window.start)
        assert one.start_s == pytest.approx(begins_s[window.epoch] + window.start / 125.0, abs=1e-9)


def test_nothing_measured_gives_no_window() -> None:
    assert list(timed_windows(recording(np.full(2000, np.nan)), SPEC)) == []
    assert list(timed_windows(recording(np.empty(0)), SPEC)) == []


def test_the_hash_is_of_the_samples_as_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    ppg = pulse(2, 3.0)
    ppg[7] = np.nan
    plain = hashlib.sha256()
    for value in ppg.tolist():
        plain.update(struct.pack("<d", value))
    assert content_hash(recording(ppg)) == plain.hexdigest()
    monkeypatch.setattr(cutting, "HASH_SAMPLES", 10)
    assert content_hash(recording(ppg)) == plain.hexdigest()


def test_one_kind_of_missing_sample_and_every_other_bit_counts() -> None:
    ppg = pulse(2, 3.0)
    ppg[7] = np.nan
    odd = ppg.copy()
    odd[7] = struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_0001))[0]
    assert content_hash(recording(odd)) == content_hash(recording(ppg))
    odd[8] = np.nextafter(odd[8], 9.0)
    assert content_hash(recording(odd)) != content_hash(recording(ppg))
