"""One connection to an MQTT broker, from the first knock to its end."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from device.hooks.broker import Broker

if TYPE_CHECKING:
    from paho.mqtt.client import Client

KEEPALIVE_S = 10
"""A broker publishes the last will after 1.5 times this without a word (MQTT 3.1.1, 3.1.2.10)."""
_CONNECT_S = 5.0
QOS = 1


def live_connection(client: "Client", broker: Broker, ready: Callable[[], None]) -> str:
    """Connect, and stay until the connection ends; why it did.

    `ready` is called from another thread, once the broker has accepted.
    """
    over, whys = threading.Event(), list[str]()

    def on_connect(_client: "Client", _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            whys.append(str(code))
        else:
            ready()

    def on_disconnect(_client: "Client", _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        whys.append(str(code))
        over.set()

    client.on_connect, client.on_disconnect = on_connect, on_disconnect
    try:
        client.connect(broker.host, broker.port, KEEPALIVE_S)
    except OSError as error:
        return str(error)
    client.loop_start()
    over.wait()
    client.loop_stop()
    return whys[0]


def new_client(broker: Broker, password: str | None, client_id: str, last_will: bytes) -> "Client":
    """A client for one connection: it gives up when the link breaks, instead of sending old messages over a new one."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    client = Client(CallbackAPIVersion.VERSION2, client_id, reconnect_on_failure=False)
    client.connect_timeout = _CONNECT_S
    client.will_set(broker.topic, last_will, QOS, retain=True)
    if broker.user:
        client.username_pw_set(broker.user, password)
    if broker.tls:
        client.tls_set()
    return client


def break_off(client: "Client") -> None:
    """End a connection as a broken link would: the broker publishes the last will."""
    link = cast("socket.socket | None", client.socket())
    if link is not None:
        with suppress(OSError):  # it has broken by itself
            link.shutdown(socket.SHUT_RDWR)
