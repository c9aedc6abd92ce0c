"""The options that hang something on a lock."""

import argparse
import os
from contextlib import ExitStack

from device.hooks.broker import PASSWORD_VARIABLE, broker_url
from device.hooks.change import Hook, Tell
from device.hooks.command import TIMEOUT_S, CommandHook, program
from device.hooks.gpio import GpioHook, gpio_pin
from device.hooks.hooks import Hooks
from device.hooks.mqtt import MqttHook


def add_hooks(parser: argparse.ArgumentParser) -> None:
    """What an unlock and a lock do beside being told."""
    group = parser.add_argument_group("what it moves")
    for name, when in (("--on-unlock", "opens"), ("--on-lock", "closes")):
        group.add_argument(
            name,
            type=program,
            metavar="CMD",
            help=f"run when it {when}, without a shell, for at most {TIMEOUT_S:g} s; PULSEKEY_PERSON, _STATE, _REASON "
            "and _TIME are in its environment",
        )
    group.add_argument(
        "--gpio",
        type=gpio_pin,
        metavar="PIN[:active-low]",
        help="drive a pin, by its GPIO number, while it is open (pip install 'pulsekey[gpio]')",
    )
    group.add_argument(
        "--mqtt",
        type=broker_url,
        metavar="URL",
        help="keep a retained message of its state, and who opened it, at mqtt[s]://[user@]host[:port]/topic; "
        f"password in {PASSWORD_VARIABLE}; mqtt:// is not encrypted (pip install 'pulsekey[mqtt]')",
    )


def hooks_of(args: argparse.Namespace, tell: Tell) -> Hooks:
    """Everything that was asked for, at work and locked; to be closed.

    `tell` takes a line about each failure, from other threads.

    Raises:
        CommandError: NOT_INSTALLED, where a library is missing; BAD_ARGUMENT.
        HookError: NO_GPIO.
    """
    hooks: list[Hook] = []
    if args.on_unlock is not None or args.on_lock is not None:
        hooks.append(CommandHook(args.on_unlock, args.on_lock))
    with ExitStack() as opened:
        if args.gpio is not None:
            hooks.append(pin := GpioHook(args.gpio))
            opened.callback(pin.close)
        if args.mqtt is not None:
            hooks.append(MqttHook(args.mqtt, os.environ.get(PASSWORD_VARIABLE), tell))
        opened.pop_all()
    return Hooks(hooks, tell)
