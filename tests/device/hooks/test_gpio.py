"""A pin that follows the lock, on gpiozero's simulated Raspberry Pi."""

import argparse
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from device.errors import CommandError, CommandReason, HookError, HookReason
from device.hooks.change import Change
from device.hooks.gpio import GpioHook, Pin, gpio_pin
from device.hooks.hooks import Hooks
from tests.device.hooks.conftest import Told, comes_true

gpiozero = pytest.importorskip("gpiozero", reason="gpiozero is not installed")


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The simulated pins: `pins.pin(17)`."""
    from gpiozero.pins.mock import MockFactory

    factory = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    yield factory
    factory.reset()


@pytest.mark.parametrize("active_low", [False, True])
def test_it_follows_the_lock_and_ends_locked(
    pins: Any, told: Told, unlock: Change, lock: Change, active_low: bool
) -> None:
    pin, is_open = pins.pin(17), not active_low
    pin.clear_states()
    hook = GpioHook(Pin(17, active_low))
    assert (pin.function, pin.state) == ("output", not is_open)
    hook.apply(unlock)
    assert pin.state == is_open
    hook.apply(lock)
    assert pin.state == (not is_open)
    hook.apply(unlock)
    hook.close()
    assert [bool(one.state) for one in pin.states][-2:] == [is_open, not is_open]
    assert pin.function == "input"


def test_it_is_never_open_before_the_lock_is(pins: Any) -> None:
    pin = pins.pin(17)
    pin.clear_states()
    GpioHook(Pin(17, active_low=False)).close()
    assert not any(one.state for one in pin.states)


def test_a_run_that_ends_while_open_closes_the_pin(pins: Any, told: Told, unlock: Change) -> None:
    pin = pins.pin(4)
    with Hooks([GpioHook(Pin(4, active_low=False))], told) as hooks:
        hooks.apply(unlock)
        assert comes_true(lambda: pin.state)
    assert [bool(one.state) for one in pin.states][-2:] == [True, False]
    assert told.all() == []


def test_a_pin_that_can_no_longer_be_written(
    pins: Any, told: Told, unlock: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = GpioHook(Pin(17, active_low=False))

    def refuse(device: Any, value: Any) -> None:
        raise OSError(5, "Input/output error")

    with Hooks([hook], told) as hooks, monkeypatch.context() as broken:
        broken.setattr(gpiozero.OutputDevice, "_write", refuse)
        hooks.apply(unlock)
        assert told.next().startswith("gpio: pin 17 cannot be driven ([Errno 5] Input/output error)")
    assert pins.pin(17).function == "input"


def test_a_taken_pin(pins: Any) -> None:
    hook = GpioHook(Pin(17, active_low=False))
    with pytest.raises(HookError, match="already in use") as caught:
        GpioHook(Pin(17, active_low=False))
    assert caught.value.reason is HookReason.NO_GPIO
    hook.close()


def test_without_gpio_it_says_what_each_library_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_will_do() -> Any:
        warnings.warn(gpiozero.PinFactoryFallback("Falling back from lgpio: no chip"), stacklevel=1)
        raise gpiozero.BadPinFactory("Unable to load any default pin factory!")

    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setattr(gpiozero.Device, "_default_pin_factory", staticmethod(none_will_do))
    with pytest.raises(HookError) as caught:
        GpioHook(Pin(17, active_low=False))
    assert caught.value.reason is HookReason.NO_GPIO
    assert "(lgpio: no chip; Unable to load any" in str(caught.value)


def test_a_library_that_will_do_after_another_would_not_is_logged(
    pins: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def second_will_do() -> Any:
        warnings.warn(gpiozero.PinFactoryFallback("Falling back from lgpio: no chip"), stacklevel=1)
        return pins

    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setattr(gpiozero.Device, "_default_pin_factory", staticmethod(second_will_do))
    GpioHook(Pin(17, active_low=False)).close()
    assert "gpio: Falling back from lgpio: no chip" in caplog.text


def test_without_gpiozero_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(CommandError, match=r"pip install 'pulsekey\[gpio\]'") as caught:
        GpioHook(Pin(17, active_low=False))
    assert caught.value.reason is CommandReason.NOT_INSTALLED


def test_pins() -> None:
    assert gpio_pin("17") == Pin(17, active_low=False)
    assert gpio_pin("0:active-low") == Pin(0, active_low=True)


@pytest.mark.parametrize("text", ["", "28", "-1", "GPIO17", "17:", "17:active-high", "\u0661", "1.0"])
def test_bad_pins(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="PIN:active-low"):
        gpio_pin(text)
