import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.frontend import FrontEnd, FrontEndSpec, Reason, Window, windows_of
from train.frontend_design import design

SPEC = design()


def pulse(seconds: float, rate_hz: float = 125.0, hz: float = 1.2) -> np.ndarray:
    phase = 2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz
    return 1000.0 * (np.cos(phase) + 0.4 * np.cos(2 * phase - 1))


def same(a: list[Window], b: list[Window]) -> bool:
    return len(a) == len(b) and all(
        (x.epoch, x.start, x.interpolated, x.quality) == (y.epoch, y.start, y.interpolated, y.quality)
        and x.pulse.tobytes() == y.pulse.tobytes()
        for x, y in zip(a, b, strict=True)
    )


def feed(signal: np.ndarray, sizes: list[int], rate_hz: float, lost: set[int]) -> list[Window]:
    """Feed in chunks, leaving the lost chunks out but counting their samples."""
    front_end, at, windows = FrontEnd(SPEC), 0, []
    for number, size in enumerate(sizes):
        if number not in lost:
            windows += front_end.feed(at, signal[at : at + size], 1 / rate_hz)
        at += size
    return windows + front_end.break_epoch()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=12), st.sampled_from([31.25, 119.5, 125.0, 200.0]))
def test_any_chunking_is_one_block_bit_for_bit(sizes: list[int], rate_hz: float) -> None:
    signal = np.random.default_rng(len(sizes)).normal(size=sum(sizes))
    assert same(feed(signal, sizes, rate_hz, set()), feed(signal, [sum(sizes)], rate_hz, set()))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 60), min_size=5, max_size=60), st.data())
def test_a_dropped_frame_is_never_silently_joined(sizes: list[int], data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.integers(1, len(sizes) - 1), max_size=6))
    signal = pulse(sum(sizes) / 125.0 + 1)
    edges = np.cumsum([0, *sizes])
    windows = feed(signal, sizes, 125.0, lost)
    present = np.ones(edges[-1], dtype=bool)
    for number in lost:
        present[edges[number] : edges[number + 1]] = False
    holes = np.split(np.flatnonzero(~present), np.flatnonzero(np.diff(np.flatnonzero(~present)) > 1) + 1)
    inner = [hole for hole in holes if hole.size and present[hole[-1] + 1 :].any()]
    long = [hole for hole in inner if hole.size * 8.0 > SPEC.max_gap_ms]
    starts = [0, *(int(hole[-1]) + 1 for hole in long)]
    for window in windows:
        # Epochs begin where long holes end; inside a window no long hole can lie, and every short one is marked.
        begin = starts[window.epoch] + window.start
        inside = present[begin : begin + 300]
        assert window.interpolated == int((~inside).sum())
        assert not any(begin <= hole[0] < begin + 300 for hole in long)


@pytest.mark.parametrize(("missing", "epochs"), [(12, 1), (13, 2)])
def test_a_gap_of_100_ms_is_the_longest_that_is_bridged(missing: int, epochs: int) -> None:
    front_end, signal = FrontEnd(SPEC), pulse(30)
    windows = front_end.feed(0, signal[:1500], 1 / 125)
    windows += front_end.feed(1500 + missing, signal[1500 + missing :], 1 / 125) + front_end.break_epoch()
    assert {window.epoch for window in windows} == set(range(epochs))
    assert sum(window.interpolated for window in windows) == (missing if epochs == 1 else 0)


def test_windows_are_standardised_and_settled() -> None:
    windows = windows_of(pulse(20) * 37 + 5e4, 125.0, SPEC)
    assert [window.start for window in windows] == [94 + 300 * n for n in range(len(windows))]
    assert len(windows) == (20 * 125 - 94) // 300
    for window in windows:
        assert window.pulse.dtype == np.float32
        assert float(window.pulse.mean()) == pytest.approx(0, abs=1e-5)
        assert float(window.pulse.std()) == pytest.approx(1, abs=1e-5)
        assert window.quality.good


def test_nan_and_infinity_are_missing_samples() -> None:
    signal = pulse(20)
    signal[1000:1005] = np.nan
    signal[1100] = np.inf
    windows = windows_of(signal, 125.0, SPEC)
    assert {window.epoch for window in windows} == {0}
    assert sum(window.interpolated for window in windows) == 6
    assert windows_of(np.full(5000, np.nan), 125.0, SPEC) == []


@pytest.mark.parametrize(("every", "reason"), [(12, None), (8, Reason.GAP)])
def test_a_window_of_which_more_than_a_tenth_is_interpolated_has_a_gap(every: int, reason: Reason | None) -> None:
    signal = pulse(20)
    signal[994:1594:every] = np.nan
    reasons = {window.start: window.quality.reason for window in windows_of(signal, 125.0, SPEC)}
    inside = [start for start in reasons if 994 <= start < 1594]
    assert inside
    assert {start for start, found in reasons.items() if found is not None} == (set(inside) if reason else set())
    assert {reasons[start] for start in inside} == {reason}


def test_a_constant_signal_gives_windows_that_are_refused() -> None:
    windows = windows_of(np.full(2000, 3.3), 125.0, SPEC)
    assert windows
    assert all(window.quality.reason is Reason.WEAK_PULSE for window in windows)


def test_an_index_that_goes_back_is_an_error() -> None:
    front_end = FrontEnd(SPEC)
    front_end.feed(10, np.zeros(5), 1 / 125)
    with pytest.raises(ValueError, match="sample 14 comes after sample 14"):
        front_end.feed(14, np.zeros(1), 1 / 125)


def test_the_same_pulse_at_any_rate_is_the_same_window() -> None:
    reference = windows_of(pulse(20), 125.0, SPEC)[3].pulse
    for rate_hz in (31.25, 64.0, 100.0, 250.0, 400.0):
        other = windows_of(pulse(20, rate_hz), rate_hz, SPEC)[3].pulse
        assert float(reference @ other) / 300 > 0.999


def test_a_specification_survives_json_and_its_digest_tells_a_change() -> None:
    again = FrontEndSpec.from_dict(SPEC.to_dict())
    assert again == SPEC
    assert again.digest() == SPEC.digest()
    changed = SPEC.to_dict() | {"hop_samples": 150}
    assert FrontEndSpec.from_dict(changed).digest() != SPEC.digest()


@pytest.mark.parametrize(
    "change",
    [{"extra": 1}, {"sections": [[1, 2, 3]]}, {"quality": {"max_crest": 1}}, {"sections": [[1, 0, 0, 2, 0, 0]]}],
)
def test_a_malformed_specification_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"front end|filter section"):
        FrontEndSpec.from_dict(SPEC.to_dict() | change)
