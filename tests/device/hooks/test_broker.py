"""`--mqtt`'s URLs."""

import argparse

import pytest

from device.hooks.broker import Broker, broker_url


def test_urls() -> None:
    assert broker_url("mqtt://pi/home/door") == Broker("pi", 1883, "", "home/door", tls=False)
    assert broker_url("mqtts://ada%40home@broker.example:9999/d%C3%B6r") == Broker(
        "broker.example", 9999, "ada@home", "d\u00f6r", tls=True
    )
    assert broker_url("mqtts://[::1]/x").host == "::1"
    assert broker_url("mqtts://pi/x").port == 8883
    assert broker_url("mqtt://pi//x").topic == "/x"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("pi/door", "not mqtt://"),
        ("http://pi/door", "not mqtt://"),
        ("mqtt:///door", "not mqtt://"),
        ("mqtt://pi", "not mqtt://"),
        ("mqtt://pi/", "not mqtt://"),
        ("mqtt://pi:door/x", "[Pp]ort"),
        ("mqtt://pi:99999/x", "[Pp]ort"),
        ("mqtt://[::1/x", "IPv6"),
        (f"mqtt://{'a' * 70}.example/x", "long"),
        ("mqtt://pi/x/#", "no '#'"),
        ("mqtt://pi/x/+", "no '#'"),
        ("mqtt://pi/x%00", "no '#'"),
        ("mqtt://pi/x?y", "no '#'"),
        (f"mqtt://pi/{'x' * 65536}", "65535"),
    ],
)
def test_bad_urls(url: str, told: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=told):
        broker_url(url)


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        broker_url("mqtt://ada:hunter2@pi/door")
    assert "PULSEKEY_MQTT_PASSWORD" in str(caught.value)
    assert "hunter2" not in str(caught.value)
