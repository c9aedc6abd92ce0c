"""`--mqtt URL`: the lock's state as a retained message, and "locked" as last will, for home automation.

A message is JSON: state, person (while unlocked), reason, time_utc; nothing of anybody's pulse.
"""

import json
import secrets
import threading
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from device.errors import CommandError, CommandReason, HookError, HookReason
from device.hooks.broker import PASSWORD_VARIABLE, Broker
from device.hooks.change import Change, Tell, unfailing
from device.hooks.connection import QOS, break_off, live_connection, new_client

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessageInfo

_CONFIRM_S = 3.0
_LONGEST_RETRY_S = 30.0
_LAST_WILL = json.dumps({"state": "locked", "person": "", "reason": "connection lost"}).encode()


class MqttHook:
    """Keeps a broker at the newest state, whenever it can be reached.

    Each connection is a client of its own: one that reconnects sends again what was under way when the link broke, and
    an old "unlocked" could come after a new "locked".
    """

    name = "mqtt"
    in_order = False

    def __init__(self, broker: Broker, password: str | None, tell: Tell, *, retry_s: float = 1.0) -> None:
        """Connect in the background; `retry_s`: before the second attempt, doubled up to half a minute.

        `tell` takes a line when the broker cannot be reached, and when it is back.

        Raises:
            CommandError: NOT_INSTALLED, without paho-mqtt; BAD_ARGUMENT, for a password of nobody.
        """
        try:
            import_module("paho.mqtt.client")
        except ImportError as error:
            raise CommandError(
                CommandReason.NOT_INSTALLED, f"--mqtt needs paho-mqtt ({error}): pip install 'pulsekey[mqtt]'"
            ) from error
        if password is not None and not broker.user:
            raise CommandError(
                CommandReason.BAD_ARGUMENT,
                f"{PASSWORD_VARIABLE} is set, but --mqtt names no user: mqtt://USER@HOST/...",
            )
        self._broker = broker
        self._password = password
        self._tell = unfailing(tell)
        self._retry_s = retry_s
        # The same through all connections: the broker ends the one before, with its will, as the next one begins.
        self._client_id = f"pulsekey-{secrets.token_hex(6)}"
        self._newest = Change.now(locked=True, person="", reason="started")
        self._guard = threading.Lock()
        self._connected: Client | None = None
        self._sent: MQTTMessageInfo | None = None
        self._told_away = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._stay_connected, name="mqtt", daemon=True)
        self._thread.start()

    def apply(self, change: Change) -> None:
        """Publish it, and wait some seconds for the broker to confirm.

        Raises:
            HookError: BROKER_AWAY; the newest state is published once it is back.
        """
        with self._guard:
            self._newest = change
            if self._connected is not None:
                self._publish(self._connected)
        if not self._is_confirmed():
            raise HookError(
                HookReason.BROKER_AWAY,
                f"{self._broker.address} has not confirmed {change.state!r}: it gets the newest state when it is back",
            )

    def close(self) -> None:
        """Leave; where "locked" was not confirmed without a farewell, so that the last will speaks."""
        self._closing.set()
        with self._guard:
            client = self._connected
        if client is None:
            return
        if self._is_confirmed():
            client.disconnect()
        else:
            break_off(client)
        self._thread.join(_CONFIRM_S)

    def _is_confirmed(self) -> bool:
        """Whether the broker has the newest message; waits for its answer."""
        with self._guard:
            sent = self._sent if self._connected is not None else None
        if sent is None:
            return False
        try:
            sent.wait_for_publish(_CONFIRM_S)
        except RuntimeError:  # the link broke before it was sent
            return False
        return sent.is_published()

    def _publish(self, client: "Client") -> None:
        self._sent = client.publish(self._broker.topic, _payload(self._newest), QOS, retain=True)

    def _stay_connected(self) -> None:
        wait_s = self._retry_s
        while not self._closing.is_set():
            client = new_client(self._broker, self._password, self._client_id, _LAST_WILL)
            why = live_connection(client, self._broker, partial(self._ready, client))
            with self._guard:
                was_up, self._connected = self._connected is not None, None
            if self._closing.is_set():
                return
            if not self._told_away:
                self._told_away = True
                self._tell(f"mqtt: {self._broker.address} is away ({why}): the lock goes on, and it is tried again")
            wait_s = self._retry_s if was_up else wait_s
            self._closing.wait(wait_s)
            wait_s = min(2.0 * wait_s, _LONGEST_RETRY_S)

    def _ready(self, client: "Client") -> None:
        with self._guard:
            self._connected = client
            self._publish(client)
        if self._told_away:
            self._told_away = False
            self._tell(f"mqtt: {self._broker.address} is back, and gets the newest state")


def _payload(change: Change) -> bytes:
    """A name stays no longer than it is of use: a retained message is there for whoever asks later."""
    person = "" if change.locked else change.person
    fields = {"state": change.state, "person": person, "reason": change.reason, "time_utc": change.time_utc}
    return json.dumps(fields, ensure_ascii=False).encode()
