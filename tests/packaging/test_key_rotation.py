"""Releases in which the project's key changes (docs/supply-chain.md): what each runs, and what its user sees."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device import trust as trust_module
from device.bundle import load_bundle
from device.cli import main
from device.errors import BundleError, BundleReason
from device.public_key import PublicKey
from device.trust import trust, trusted_folder, trusted_keys
from export.signing import SigningKey
from tests.packaging.building import ROOT

OLD, NEW = (SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2))
UseRelease = Callable[..., None]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UseRelease:
    """Install a release that ships these keys; what its user has added stays."""

    def release(*keys: SigningKey) -> None:
        folder = tmp_path / "keys"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for number, key in enumerate(keys):
            (folder / f"pulsekey-{number}.pub").write_bytes(key.public.to_pem())
        monkeypatch.setattr(trust_module, "SHIPPED_KEYS", folder)

    return release


@pytest.fixture
def signed_by(tmp_path: Path) -> Callable[[SigningKey], Path]:
    """The model that ships, signed with one of the keys."""

    def signed_by(key: SigningKey) -> Path:
        folder = tmp_path / key.public.fingerprint.replace(" ", "")
        if not folder.exists():
            name = (ROOT / "device" / "models" / "DEFAULT").read_text(encoding="utf-8").strip()
            shutil.copytree(ROOT / "device" / "models" / name, folder)
            key.sign_bundle(folder)
        return folder

    return signed_by


def refuses(folder: Path, key: PublicKey) -> None:
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    assert caught.value.reason is BundleReason.UNTRUSTED
    assert key.fingerprint in str(caught.value)
    assert "pulsekey trust KEY.pub" in str(caught.value)


def test_a_rotation_from_release_to_release(release: UseRelease, signed_by: Callable[[SigningKey], Path]) -> None:
    release(OLD)
    assert load_bundle(signed_by(OLD)).manifest.model_id
    refuses(signed_by(NEW), NEW.public)

    release(OLD, NEW)
    assert load_bundle(signed_by(OLD)).manifest.model_id == load_bundle(signed_by(NEW)).manifest.model_id
    assert not trust(NEW.public)  # nothing for its user to do
    folder = trusted_folder()
    assert folder is not None
    assert not folder.exists()

    release(NEW)
    assert load_bundle(signed_by(NEW)).manifest.model_id
    refuses(signed_by(OLD), OLD.public)


def test_who_stays_at_an_older_release_trusts_the_new_key(
    release: UseRelease, signed_by: Callable[[SigningKey], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release(OLD)
    key_file = tmp_path / "pulsekey-new.pub"
    key_file.write_bytes(NEW.public.to_pem())
    assert main(["trust", str(key_file)]) == 0
    assert capsys.readouterr().out == f"trusted: {NEW.public.fingerprint}\n"
    assert load_bundle(signed_by(NEW)).manifest.model_id

    release(NEW)  # who added it by hand has it twice then, and may take the own one back
    assert [one.ships for one in trusted_keys() if one.key == NEW.public] == [True, False]
    assert load_bundle(signed_by(NEW)).manifest.model_id


def test_a_leaked_key_leaves_with_the_release_but_not_a_users_own_list(
    release: UseRelease, signed_by: Callable[[SigningKey], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    release(NEW)
    refuses(signed_by(OLD), OLD.public)
    assert trust(OLD.public)  # as by a user who had pinned it
    assert load_bundle(signed_by(OLD)).manifest.model_id
    assert main(["trust", "--remove", *OLD.public.fingerprint.split()]) == 0
    assert capsys.readouterr().out == f"no longer trusted: {OLD.public.fingerprint}\n"
    refuses(signed_by(OLD), OLD.public)


def test_a_new_signature_is_all_that_a_rotation_changes(signed_by: Callable[[SigningKey], Path]) -> None:
    old, new = signed_by(OLD), signed_by(NEW)
    names = sorted(path.name for path in old.iterdir())
    assert names == sorted(path.name for path in new.iterdir())
    assert [name for name in names if (old / name).read_bytes() != (new / name).read_bytes()] == ["signature.json"]
