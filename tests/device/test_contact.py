"""How hard the finger presses: the measure by hand, and what is said along a simulated contact."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from device.contact import Contact, ContactMeter, Pressure, compare, normalised_pulse_area
from device.frontend import BoardFrontEnd, FrontEndSpec, Quality, Reason, Window
from firmware_bridge import DataFlags, SampleBlock
from tests.device.pressed_wearer import PressedWearer

BALANCED_MMHG, RATE_HZ = 95.0, 125.0
BEST = Contact(0.01, 100_000.0, 0.40)


def pressed(
    mmhg_at: Callable[[float], float], seconds: float, spec: FrontEndSpec, name: str = "ada"
) -> Iterator[Window]:
    front_end = BoardFrontEnd(spec)
    counts = PressedWearer(name, mmhg_at).read(round(seconds * RATE_HZ))
    for at in range(0, len(counts) - 4, 5):
        ir, red = counts[at : at + 5].T
        yield from front_end.feed(SampleBlock(at, 0, at + 4, (at + 4) * 8000, ir, red, DataFlags.NONE))


def test_area_of_triangles_by_plain_sums() -> None:
    beat = np.concatenate([np.linspace(0.0, 1.0, 20, endpoint=False), np.linspace(1.0, 0.0, 80, endpoint=False)])
    area = normalised_pulse_area((5.0 + 3.0 * np.tile(beat, 3)).astype(np.float32), RATE_HZ)
    assert area == pytest.approx(sum(beat.tolist()) / 100, abs=0.01)
    assert normalised_pulse_area(np.tile(beat**3, 3).astype(np.float32), RATE_HZ) < 0.6 * area
    assert np.isnan(normalised_pulse_area(np.zeros(300, np.float32), RATE_HZ))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BEST, None),
        (replace(BEST, perfusion=0.005), None),  # a cold hand: the light is as it was
        (replace(BEST, dc_counts=80_000.0), None),
        (replace(BEST, dc_counts=120_000.0, area=0.3), None),
        (Contact(0.005, 90_000.0, 0.42), Pressure.TOO_LIGHT),
        (Contact(0.005, 110_000.0, 0.35), Pressure.TOO_HARD),
        (Contact(0.005, 110_000.0, 0.40), None),  # the form speaks against it
        (Contact(0.005, 110_000.0, float("nan")), Pressure.TOO_HARD),
    ],
)
def test_perfusion_says_that_and_light_and_form_say_which(now: Contact, said: Pressure | None) -> None:
    assert compare(now, BEST) is said


@pytest.mark.parametrize(
    ("name", "mmhg", "said"),
    [
        ("tim", 40.0, Pressure.TOO_LIGHT),
        ("alan", 130.0, Pressure.TOO_HARD),
        ("ada", 150.0, Pressure.TOO_HARD),
        ("ada", 90.0, None),
    ],
)
def test_a_simulated_contact_is_told_from_the_best_one(
    name: str, mmhg: float, said: Pressure | None, spec: FrontEndSpec
) -> None:
    meter = ContactMeter(spec.rate_hz)
    at = [meter.take(window) for window in pressed(lambda t: BALANCED_MMHG if t < 20.0 else mmhg, 38.0, spec, name)]
    assert set(at[:8]) == {None}
    assert set(at[-4:]) == {said}


def test_another_led_current_begins_anew(spec: FrontEndSpec) -> None:
    meter = ContactMeter(spec.rate_hz)
    meter.led_current(7200)
    windows = list(pressed(lambda t: BALANCED_MMHG if t < 20.0 else 40.0, 38.0, spec))
    for window in windows[:-1]:
        meter.led_current(7200)  # said every second
        meter.take(window)
    assert meter.take(windows[-1]) is Pressure.TOO_LIGHT
    meter.led_current(9600)
    assert {meter.take(window) for window in windows[-8:]} == {None}


def test_what_has_no_counts_or_no_finger_says_nothing(spec: FrontEndSpec) -> None:
    meter = ContactMeter(spec.rate_hz)
    for window in pressed(lambda t: BALANCED_MMHG if t < 20.0 else 40.0, 38.0, spec):
        meter.take(window)
    assert meter.take(replace(window, dc_counts=None, ac_counts=None)) is None
    assert meter.take(replace(window, quality=Quality(0.0, Reason.NO_FINGER))) is None
    assert meter.take(window) is None, "what came before was another contact"
