"""Whose bundles this device runs: the public keys that ship with it, and those its user has added.

Keys are PEM files, `*.pub`. Every one is read each time: a file that is no key is a fault, never skipped.
"""

from dataclasses import dataclass
from pathlib import Path

from device.errors import TrustError, TrustReason
from device.public_key import PublicKey, read_public_key
from device.user_data import user_data_folder, write_own_file

SHIPPED_KEYS = Path(__file__).resolve().parent / "models" / "keys"


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key, and the file that makes it trusted."""

    key: PublicKey
    path: Path

    @property
    def ships(self) -> bool:
        """Whether it came with pulsekey; the user added it otherwise."""
        return self.path.parent == SHIPPED_KEYS


def trusted_folder() -> Path | None:
    """Where the user's additions lie: `$XDG_DATA_HOME/pulsekey/trusted`; None for a user without a home."""
    folder = user_data_folder()
    return None if folder is None else folder / "trusted"


def trusted_keys() -> list[TrustedKey]:
    """Every trusted key: those that ship, then the user's.

    Raises:
        TrustError: UNREADABLE or MALFORMED, naming the folder or file.
    """
    folders = (SHIPPED_KEYS, trusted_folder())
    return [
        TrustedKey(read_public_key(path), path)
        for folder in folders
        if folder is not None
        for path in _key_files(folder)
    ]


def trust(key: PublicKey) -> bool:
    """Trust a key from now on; False, and nothing is written, if it is trusted already.

    Raises:
        TrustError: UNWRITABLE, or what `trusted_keys` raises.
    """
    if any(one.key == key for one in trusted_keys()):
        return False
    folder = trusted_folder()
    if folder is None:
        raise TrustError(
            TrustReason.UNWRITABLE, "this user has no home folder: set XDG_DATA_HOME to where trusted keys shall lie"
        )
    path = folder / f"{key.fingerprint.replace(' ', '')}.pub"
    try:
        write_own_file(path, key.to_pem(), mode=0o644)
    except OSError as error:
        raise TrustError(TrustReason.UNWRITABLE, f"cannot write {path}: {error.strerror}") from None
    return True


def distrust(fingerprint: str) -> PublicKey:
    """Remove the user's key of this fingerprint (its spaces may be left out); returns the key.

    Raises:
        TrustError: UNKNOWN_KEY, SHIPS, UNWRITABLE, or what `trusted_keys` raises.
    """
    wanted = "".join(fingerprint.split()).lower()
    found = [one for one in trusted_keys() if one.key.fingerprint.replace(" ", "") == wanted]
    if not found:
        raise TrustError(
            TrustReason.UNKNOWN_KEY, f"no trusted key has the fingerprint {fingerprint!r}: see `pulsekey trust --list`"
        )
    for one in found:
        if one.ships:
            raise TrustError(TrustReason.SHIPS, f"the key {one.key.fingerprint} ships with pulsekey and stays trusted")
    for one in found:
        try:
            one.path.unlink()
        except OSError as error:
            raise TrustError(TrustReason.UNWRITABLE, f"cannot remove {one.path}: {error.strerror}") from None
    return found[0].key


def _key_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".pub")
    except FileNotFoundError:
        return []  # nobody has added a key yet
    except OSError as error:
        raise TrustError(
            TrustReason.UNREADABLE,
            f"cannot read the trusted keys in {folder}: {error.strerror}; make it readable, or set XDG_DATA_HOME",
        ) from None
