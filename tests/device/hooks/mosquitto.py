"""A real broker, started on a free port of this machine, and somebody who listens to it."""

import getpass
import json
import queue
import shutil
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.device.hooks.conftest import WAIT_S, comes_true

TOPIC = "home/door"
PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """Start it, stop it, and start it again on the same port; it forgets everything in between."""

    def __init__(self, folder: Path, *settings: str) -> None:
        if PROGRAM is None:
            pytest.skip("no MQTT broker: apt install mosquitto")
        self.port = free_port()
        self._log = folder / "mosquitto.log"
        self._settings = folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"user {getpass.getuser()}",
            "log_type all",
            f"log_dest file {self._log}",
        ]
        self._settings.write_text("\n".join([*lines, *(settings or ["allow_anonymous true"])]) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        self._log.unlink(missing_ok=True)
        words = [str(PROGRAM), "-c", str(self._settings)]
        self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        assert comes_true(self._answers), self.log
        return self

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    @property
    def log(self) -> str:
        """What it has logged since it was started last."""
        return self._log.read_text()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class Listener:
    """Subscribes to the topic; `next` waits for a message, and gives it with whether it was retained."""

    def __init__(self, port: int) -> None:
        self._messages: queue.Queue[tuple[dict[str, Any], bool]] = queue.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(TOPIC, 1)
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _take(self, client: Client, data: Any, message: MQTTMessage) -> None:
        self._messages.put((json.loads(message.payload), message.retain))

    def next(self) -> tuple[dict[str, Any], bool]:
        return self._messages.get(timeout=WAIT_S)

    def until(self, **fields: Any) -> dict[str, Any]:
        """Skip messages until one says so."""
        while True:
            message, _ = self.next()
            if fields.items() <= message.items():
                return message

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def retained(port: int) -> dict[str, Any]:
    """What somebody who comes now is told of the past; whoever came before it was said, comes again."""
    while True:
        with Listener(port) as late:
            message, was_retained = late.next()
        if was_retained:
            return message
