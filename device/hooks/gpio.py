"""`--gpio PIN`: a pin that is on while the lock is open, for a relay, an electric strike or a light."""

import argparse
import logging
import warnings
from dataclasses import dataclass
from typing import Any

from device.errors import CommandError, CommandReason, HookError, HookReason
from device.hooks.change import Change

_log = logging.getLogger(__name__)

LAST_PIN = 27
"""Of those on a Raspberry Pi's header, by Broadcom's numbers."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Broadcom's number, as in GPIO17, and whether a low level means open."""

    number: int
    active_low: bool


def gpio_pin(text: str) -> Pin:
    """`17`, or `17:active-low`; an argument's type.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    number, colon, level = text.partition(":")
    if not (number.isascii() and number.isdecimal() and int(number) <= LAST_PIN) or (colon and level != "active-low"):
        raise argparse.ArgumentTypeError(f"{text!r} is not PIN or PIN:active-low, with a GPIO number up to {LAST_PIN}")
    return Pin(int(number), bool(colon))


class GpioHook:
    """Drives one pin. Once closed it is an input: a pull-up or pull-down at the relay must mean locked."""

    name = "gpio"
    in_order = False

    def __init__(self, pin: Pin) -> None:
        """Take the pin, and drive it as locked.

        Raises:
            CommandError: NOT_INSTALLED, without gpiozero.
            HookError: NO_GPIO: this machine has none, or not for this user, or the pin is taken.
        """
        self._pin = pin
        self._output = _opened(pin)

    def apply(self, change: Change) -> None:
        """Drive it.

        Raises:
            HookError: NO_GPIO, where it can no longer be written.
        """
        try:
            self._output.value = not change.locked
        except Exception as error:
            raise _no_gpio(self._pin, error) from error

    def close(self) -> None:
        """Locked, and then given back."""
        try:
            self._output.off()
        finally:
            self._output.close()


def _opened(pin: Pin) -> Any:
    try:
        from gpiozero import OutputDevice
    except ImportError as error:
        raise CommandError(
            CommandReason.NOT_INSTALLED, f"--gpio needs gpiozero ({error}): pip install 'pulsekey[gpio]'"
        ) from error
    # It tries one library after the other, and says in warnings why each would not do.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            device = OutputDevice(pin.number, active_high=not pin.active_low, initial_value=False)
        except Exception as error:  # each of its libraries raises exceptions of its own
            raise _no_gpio(pin, error, *(str(one.message) for one in caught)) from error
    for one in caught:
        _log.warning("gpio: %s", one.message)
    return device


def _no_gpio(pin: Pin, error: Exception, *before: str) -> HookError:
    whys = "; ".join([one.removeprefix("Falling back from ") for one in before] + [str(error) or type(error).__name__])
    return HookError(
        HookReason.NO_GPIO,
        f"pin {pin.number} cannot be driven ({whys}): a Raspberry Pi needs pip install 'pulsekey[gpio]' and this user "
        "in the group gpio",
    )
