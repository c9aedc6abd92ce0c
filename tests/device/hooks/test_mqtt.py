"""The lock's state at a real broker: while it answers, while it does not, and when the lock's process is gone."""

import datetime
import gc
import ipaddress
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")

from device.errors import CommandError, CommandReason, HookError, HookReason
from device.hooks import mqtt
from device.hooks.broker import Broker
from device.hooks.change import Change
from device.hooks.hooks import Hooks
from device.hooks.mqtt import MqttHook
from tests.device.hooks.conftest import WAIT_S, Told, comes_true
from tests.device.hooks.mosquitto import TOPIC, Listener, Mosquitto, free_port, retained

ROOT = Path(__file__).resolve().parents[3]


def at(port: int, *, user: str = "", tls: bool = False) -> Broker:
    return Broker("127.0.0.1", port, user, TOPIC, tls)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as broker:
        yield broker


def wait_for_start(broker: Mosquitto) -> None:
    with Listener(broker.port) as listener:
        listener.until(reason="started")


def test_the_newest_state_is_there_for_whoever_asks(
    broker: Mosquitto, told: Told, unlock: Change, lock: Change
) -> None:
    hook = MqttHook(at(broker.port), None, told)
    with Listener(broker.port) as listener:
        first, _ = listener.next()
        assert (first["state"], first["person"], first["reason"]) == ("locked", "", "started")
        with Hooks([hook], told) as hooks:
            hooks.apply(unlock)
            assert listener.next()[0] == {
                "state": "unlocked",
                "person": "Ada",
                "reason": "a reason",
                "time_utc": "2026-01-02T03:04:05+00:00",
            }
            assert retained(broker.port)["state"] == "unlocked"
            hooks.apply(lock)
            message, _ = listener.next()
            assert (message["state"], message["person"]) == ("locked", "")
            hooks.apply(unlock)
            listener.until(state="unlocked")
    assert retained(broker.port)["reason"] == "stopped"
    assert told.all() == []
    assert "(d0, q1, r1, m1, 'home/door'" in broker.log  # at least once, retained


def test_a_process_that_dies_while_open_leaves_locked(broker: Mosquitto) -> None:
    code = (
        "import sys, time\n"
        "from device.hooks.broker import Broker\n"
        "from device.hooks.change import Change\n"
        "from device.hooks.mqtt import MqttHook\n"
        f"hook = MqttHook(Broker('127.0.0.1', {broker.port}, '', {TOPIC!r}, False), None, print)\n"
        "while hook._connected is None:\n"
        "    time.sleep(0.01)\n"
        "hook.apply(Change(False, 'Ada', 'recognised', ''))\n"
        "print('open', flush=True)\n"
        "time.sleep(600)\n"
    )
    with (
        Listener(broker.port) as listener,
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child,
    ):
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        listener.until(state="unlocked")
        child.kill()
        assert listener.next()[0] == {"state": "locked", "person": "", "reason": "connection lost"}
    assert retained(broker.port)["reason"] == "connection lost"


def test_a_broker_that_is_away_at_first(tmp_path: Path, told: Told, unlock: Change, lock: Change) -> None:
    broker = Mosquitto(tmp_path)
    hook = MqttHook(at(broker.port), None, told, retry_s=0.05)
    with Hooks([hook], told) as hooks:
        away = told.next()
        assert away.startswith(f"mqtt: 127.0.0.1:{broker.port} is away ([Errno 111]")
        hooks.apply(unlock)
        assert told.next() == (
            f"mqtt: 127.0.0.1:{broker.port} has not confirmed 'unlocked': it gets the newest state when it is back"
        )
        hooks.apply(lock)
        assert "has not confirmed 'locked'" in told.next()
        with broker:
            assert told.next() == f"mqtt: 127.0.0.1:{broker.port} is back, and gets the newest state"
            assert retained(broker.port)["reason"] == "a reason"
            hooks.close()
            assert broker.log.count("Received PUBLISH from pulsekey") == 1  # of three states, two were over
    assert told.all() == []


def test_what_was_under_way_when_the_broker_died_is_not_sent_to_the_next(
    broker: Mosquitto, told: Told, unlock: Change, lock: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "_CONFIRM_S", 0.2)
    hook = MqttHook(at(broker.port), None, told, retry_s=0.05)
    wait_for_start(broker)
    broker.signal(signal.SIGSTOP)
    with pytest.raises(HookError, match="has not confirmed 'unlocked'") as caught:
        hook.apply(unlock)
    assert caught.value.reason is HookReason.BROKER_AWAY
    broker.kill()
    assert "is away" in told.next()
    with pytest.raises(HookError, match="has not confirmed 'locked'"):
        hook.apply(lock)
    broker.start()
    assert "is back" in told.next()
    assert retained(broker.port)["state"] == "locked"
    hook.close()
    assert broker.log.count("Received PUBLISH from pulsekey") == 1


def test_without_a_confirmed_lock_it_leaves_without_a_farewell(
    broker: Mosquitto, told: Told, unlock: Change, lock: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "_CONFIRM_S", 0.2)
    hook = MqttHook(at(broker.port), None, told)
    wait_for_start(broker)
    broker.signal(signal.SIGSTOP)
    with pytest.raises(HookError):
        hook.apply(unlock)
    hook.close()
    broker.signal(signal.SIGCONT)
    assert comes_true(lambda: retained(broker.port)["reason"] == "connection lost")
    assert "Received PUBLISH from pulsekey" in broker.log
    assert "Received DISCONNECT from pulsekey" not in broker.log


def test_a_broker_that_stays_away_is_told_once(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def knock(*arguments: Any) -> str:
        tries.append("nobody there")
        return tries[-1]

    monkeypatch.setattr(mqtt, "live_connection", knock)
    hook = MqttHook(at(free_port()), None, told, retry_s=1e-3)
    assert comes_true(lambda: len(tries) > 3)
    hook.close()
    assert len(told.all()) == 1


def test_nobody_to_tell_does_not_keep_the_broker_from_the_state(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def tell(text: str) -> None:
        raise BrokenPipeError("nobody reads")

    broker = Mosquitto(tmp_path)
    hook = MqttHook(at(broker.port), None, tell, retry_s=0.05)
    assert comes_true(lambda: "is away" in caplog.text)
    with broker:
        wait_for_start(broker)
        hook.close()


def test_closing_while_the_broker_is_away_waits_for_nothing(told: Told) -> None:
    with Hooks([MqttHook(at(free_port()), None, told, retry_s=WAIT_S)], told, close_s=WAIT_S):
        assert "is away" in told.next()
    assert told.all() == []


def test_users_and_passwords(tmp_path: Path, told: Told) -> None:
    program = shutil.which("mosquitto_passwd")
    if program is None:
        pytest.skip("no mosquitto_passwd: apt install mosquitto")
    passwords = tmp_path / "passwords"
    subprocess.run([program, "-b", "-c", str(passwords), "ada", "hunter2"], check=True, capture_output=True)
    with Mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords}") as broker:
        for user, password in (("", None), ("ada", None), ("ada", "hunter3")):
            hook = MqttHook(at(broker.port, user=user), password, told)
            assert "is away (Not authorized)" in told.next()
            hook.close()
        hook = MqttHook(at(broker.port, user="ada"), "hunter2", told)
        assert comes_true(lambda: "Received PUBLISH from pulsekey" in broker.log)
        hook.close()
    assert told.all() == []


def certificate(folder: Path) -> tuple[Path, Path]:
    """One that 127.0.0.1 signed itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a broker")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    files = folder / "broker.crt", folder / "broker.key"
    files[0].write_bytes(made.public_bytes(pem))
    files[1].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return files


# paho leaves the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings(
    r"ignore:Exception ignored in. <(ssl\.SSLSocket|socket\.socket):pytest.PytestUnraisableExceptionWarning"
)
def test_tls_trusts_only_known_authorities(tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    certfile, keyfile = certificate(tmp_path)
    settings = ["allow_anonymous true", f"certfile {certfile}", f"keyfile {keyfile}"]
    with Mosquitto(tmp_path, *settings) as broker:
        stranger = MqttHook(at(broker.port, tls=True), None, told)
        assert "certificate verify failed" in told.next()
        stranger.close()
        gc.collect()
        monkeypatch.setenv("SSL_CERT_FILE", str(certfile))
        hook = MqttHook(at(broker.port, tls=True), None, told)
        assert comes_true(lambda: "Received PUBLISH from pulsekey" in broker.log)
        hook.close()
    assert told.all() == []


def test_without_paho_it_names_the_extra(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    with pytest.raises(CommandError, match=r"pip install 'pulsekey\[mqtt\]'") as caught:
        MqttHook(at(1883), None, told)
    assert caught.value.reason is CommandReason.NOT_INSTALLED


def test_a_password_of_nobody_is_refused(told: Told) -> None:
    with pytest.raises(CommandError, match="mqtt://USER@HOST") as caught:
        MqttHook(at(1883), "hunter2", told)
    assert caught.value.reason is CommandReason.BAD_ARGUMENT
    assert "hunter2" not in str(caught.value)


def test_names_of_any_script(broker: Mosquitto, told: Told) -> None:
    hook = MqttHook(at(broker.port), None, told)
    with Listener(broker.port) as listener:
        listener.until(reason="started")
        hook.apply(Change(False, 'Ädä "x"', "recognised", ""))
        assert listener.until(state="unlocked") == json.loads(
            '{"state": "unlocked", "person": "Ädä \\"x\\"", "reason": "recognised", "time_utc": ""}'
        )
    hook.apply(Change(True, "", "stopped", ""))
    hook.close()
