"""The options of what hangs on a lock: refused before anything opens, and opened in whole or not at all."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.errors import CommandError, HookError
from device.hooks.change import Change
from device.hooks.command import CommandHook
from device.hooks.options import add_hooks, hooks_of
from tests.device.hooks.conftest import Told, comes_true


@pytest.fixture
def parse() -> Any:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_hooks(parser)
    return lambda *words: parser.parse_args(words)


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    gpiozero = pytest.importorskip("gpiozero", reason="gpiozero is not installed")
    from gpiozero.pins.mock import MockFactory

    factory = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    yield factory
    factory.reset()


def test_nothing_asked_for_is_nothing_loaded(parse: Any, told: Told, unlock: Change) -> None:
    loaded = {name for name in ("gpiozero", "paho.mqtt.client") if sys.modules.pop(name, None)}
    with hooks_of(parse(), told) as hooks:
        hooks.apply(unlock)
    assert not loaded & set(sys.modules)
    assert told.all() == []


def test_all_of_them(parse: Any, pins: Any, told: Told, tmp_path: Path, unlock: Change, lock: Change) -> None:
    mosquitto = pytest.importorskip("tests.device.hooks.mosquitto", reason="paho-mqtt is not installed")
    places = tmp_path / "unlocked", tmp_path / "locked"
    with mosquitto.Mosquitto(tmp_path) as broker, mosquitto.Listener(broker.port) as listener:
        words = ["--on-unlock", f"touch '{places[0]}'", "--on-lock", f"touch '{places[1]}'", "--gpio", "17:active-low"]
        words += ["--mqtt", f"mqtt://127.0.0.1:{broker.port}/{mosquitto.TOPIC}"]
        with hooks_of(parse(*words), told) as hooks:
            listener.until(reason="started")
            assert (pins.pin(17).state, places[0].exists(), places[1].exists()) == (1, False, False)
            hooks.apply(unlock)
            listener.until(state="unlocked")
            assert comes_true(lambda: places[0].exists() and not pins.pin(17).state)
            assert not places[1].exists()
            hooks.apply(lock)
            listener.until(state="locked")
    assert places[1].exists()
    assert [bool(state.state) for state in pins.pin(17).states][-3:] == [True, False, True]
    assert told.all() == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--on-unlock", "surely-not-there"], "--on-unlock: no program 'surely-not-there'"),
        (["--on-lock", "surely-not-there"], "--on-lock: no program 'surely-not-there'"),
        (["--gpio", "x"], "--gpio: 'x' is not PIN"),
        (["--mqtt", "pi"], "--mqtt: not mqtt://"),
    ],
)
def test_bad_options_are_refused_as_they_are_read(parse: Any, words: list[str], why: str) -> None:
    with pytest.raises(argparse.ArgumentError, match=why):
        parse(*words)


def test_a_pin_is_given_back_where_the_rest_fails(
    parse: Any, pins: Any, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSEKEY_MQTT_PASSWORD", "hunter2")
    with pytest.raises(CommandError, match="names no user") as caught:
        hooks_of(parse("--gpio", "17", "--mqtt", "mqtt://127.0.0.1/door"), told)
    assert pins.pin(17).function == "input"
    assert caught.tb is not None  # which holds the pin: it was not merely collected


def test_no_gpio_is_an_error_at_start(parse: Any, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    gpiozero = pytest.importorskip("gpiozero", reason="gpiozero is not installed")
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "surely-not-there")
    with pytest.raises(HookError, match="surely-not-there"):
        hooks_of(parse("--gpio", "17"), told)


def test_one_program_alone(parse: Any, monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    made: list[Any] = []
    monkeypatch.setattr("device.hooks.options.CommandHook", lambda *words: made.append(words) or CommandHook(*words))
    hooks_of(parse("--on-lock", "true"), told).close()
    ((on_unlock, on_lock),) = made
    assert on_unlock is None
    assert [Path(on_lock[0]).name, *on_lock[1:]] == ["true"]
