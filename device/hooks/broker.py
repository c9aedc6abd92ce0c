"""Where `--mqtt URL` publishes."""

import argparse
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

PASSWORD_VARIABLE = "PULSEKEY_MQTT_PASSWORD"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_MAX_TOPIC_BYTES = 65535  # MQTT 3.1.1, 1.5.3: a string's length is two bytes


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker, who to be there, and the topic; `tls`: the certificate is checked against the system's authorities."""

    host: str
    port: int
    user: str
    topic: str
    tls: bool

    @property
    def address(self) -> str:
        """As people are told."""
        return f"{self.host}:{self.port}"


def broker_url(text: str) -> Broker:
    """`mqtt://[user@]host[:port]/topic`, or `mqtts://` with TLS; an argument's type.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    try:
        url = urlsplit(text)
        port = url.port
        host = (url.hostname or "").encode("idna").decode("ascii")
        fault = _fault(text, url)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if fault:
        raise argparse.ArgumentTypeError(fault)
    return Broker(host, port or _PORTS[url.scheme], unquote(url.username or ""), _topic(url), url.scheme == "mqtts")


def _topic(url: SplitResult) -> str:
    return unquote(url.path.removeprefix("/"))


def _fault(text: str, url: SplitResult) -> str:
    """What is wrong with it; never quotes it whole, since it might hold a password."""
    topic = _topic(url)
    if url.scheme not in _PORTS or not url.hostname or not topic:
        return "not mqtt://[user@]host[:port]/topic or mqtts://..."
    if url.password is not None:
        return f"everybody on this machine can read a password there: put it in {PASSWORD_VARIABLE}"
    if set("#?") & set(text) or set("#+\0") & set(topic):
        return "a topic to publish to has no '#', '+' or '?'"
    if len(topic.encode()) > _MAX_TOPIC_BYTES:
        return f"a topic has at most {_MAX_TOPIC_BYTES} bytes"
    return ""
