import numpy as np
import pytest

from device.frontend.quality import Reason, assess, periodicity
from train.frontend_design import design

SPEC = design().quality
SECONDS = np.arange(300) / 125.0


def pulse(hz: float = 1.2, scale: float = 500.0) -> np.ndarray:
    phase = 2 * np.pi * hz * SECONDS
    return scale * (np.cos(phase) + 0.4 * np.cos(2 * phase - 1))


def counts(level: float = 120_000.0) -> np.ndarray:
    return np.full(300, level)


def test_periodicity_equals_a_plain_loop() -> None:
    x = pulse(1.1) + np.random.default_rng(0).normal(size=300) * 200
    r = []
    for lag in range(int(125 / 3.0), int(125 * 1.5) + 2):
        r.append(np.corrcoef(x[: 300 - lag], x[lag:])[0, 1])
    peaks = [r[i] for i in range(1, len(r) - 1) if r[i] >= r[i - 1] and r[i] > r[i + 1]]
    assert periodicity(x, 125.0) == pytest.approx(max(peaks), abs=1e-9)


@pytest.mark.parametrize("hz", [0.75, 1.0, 1.5, 2.5])
def test_a_pulse_of_any_rate_is_good(hz: float) -> None:
    quality = assess(pulse(hz), counts(), 0.0, 125.0, SPEC, counts=True)
    assert quality.good
    assert quality.sqi > 0.95


def test_noise_is_irregular() -> None:
    noise = np.random.default_rng(4).normal(size=300)
    assert assess(noise, noise, 0.0, 125.0, SPEC, counts=False).reason is Reason.IRREGULAR


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("offset", [0.0, 4.4e-16])
def test_what_the_filters_rounding_leaves_of_a_constant_is_no_pulse(unit: float, offset: float) -> None:
    """Rounding noise may be small beside its own offset or not: it is small beside what came in."""
    noise = 2.2e-16 * np.sign(pulse(1.2))
    quality = assess(unit * (offset + noise), np.full(300, unit * 3.3), 0.0, 125.0, SPEC, counts=False)
    assert quality.reason is Reason.WEAK_PULSE


@pytest.mark.parametrize("left", [0.0, 1e-13])
def test_nothing_but_an_offset_is_no_pulse(left: float) -> None:
    quality = assess(np.full(300, left), np.full(300, 3.3), 0.0, 125.0, SPEC, counts=False)
    assert (quality.reason, quality.sqi) == (Reason.WEAK_PULSE, 0.0)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_pulse_in_any_unit_is_judged_by_its_shape(unit: float) -> None:
    assert assess(unit * pulse(), unit * (pulse() + 5e4), 0.0, 125.0, SPEC, counts=False).good


@pytest.mark.parametrize(
    ("filtered", "raw", "interpolated", "reason"),
    [
        (pulse(), counts(800.0), 0.0, Reason.NO_FINGER),
        (pulse(), counts(262_143.0), 0.0, Reason.SATURATED),
        (pulse(scale=2.0), counts(), 0.0, Reason.WEAK_PULSE),
        (np.zeros(300), counts(), 0.0, Reason.WEAK_PULSE),
        (pulse(), counts(), 0.11, Reason.GAP),
        (
            pulse() + np.where(SECONDS > 1.2, 8000.0 * np.exp(-((SECONDS - 1.6) ** 2) * 400), 0),
            counts(),
            0,
            Reason.MOTION,
        ),
        (pulse() * np.where(SECONDS < 1.2, 0.1, 1.0), counts(), 0.0, Reason.MOTION),
    ],
)
def test_each_fault_has_its_reason(filtered, raw, interpolated, reason) -> None:  # type: ignore[no-untyped-def]
    quality = assess(filtered, raw, interpolated, 125.0, SPEC, counts=True)
    assert quality.reason is reason
    assert 0.0 <= quality.sqi <= 1.0
