"""Where a store's secret comes from: a key file, a systemd credential, or a passphrase.

For a new store: a passphrase where PULSEKEY_PASSPHRASE_FILE is set; else the credential `pulsekey.key`, where systemd
(or whoever sets CREDENTIALS_DIRECTORY) gives one; else a key file beside the store, which is made. A store remembers
whether its secret is a key or a passphrase.
"""

import getpass
import os
import stat
import sys
from pathlib import Path

from device.errors import GalleryError, GalleryReason
from device.store.sealing import KEY_BYTES, wipe
from device.user_data import write_own_file

PASSPHRASE_FILE = "PULSEKEY_PASSPHRASE_FILE"
CREDENTIAL = "pulsekey.key"
MIN_PASSPHRASE_CHARACTERS = 8  # NIST SP 800-63B-4, 3.1.1.2, beside another factor: here, having the file.
_MAX_SECRET_BYTES = 1024


class KeySource:
    """The secret of the store at one path."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.key_file = store.with_name(store.name + ".key")

    @property
    def wants_passphrase(self) -> bool:
        """Whether a store that is made now is to be opened with a passphrase."""
        return bool(os.environ.get(PASSPHRASE_FILE))

    @property
    def place(self) -> Path:
        """Where the key is, or would be."""
        folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
        credential = Path(folder) / CREDENTIAL
        return credential if folder and credential.is_file() else self.key_file

    def made_key(self) -> bytearray:
        """The key for a new store; the key file is made where there is none.

        Raises:
            GalleryError: WRONG_KEY, for a file that is no key or that others can read.
            OSError: it cannot be written.
        """
        if self.place == self.key_file and not self.key_file.exists():
            key = bytearray(os.urandom(KEY_BYTES))
            write_own_file(self.key_file, bytes(key), mode=0o600, replace=False)
            wipe(key)
            _sync_folder(self.key_file.parent)  # before anything is encrypted with it
        return self.key()

    def key(self) -> bytearray:
        """The key of a store that is there.

        Raises:
            GalleryError: NO_KEY, or WRONG_KEY for a file that is no key or that others can read.
        """
        try:
            key = _read_private(self.place, private=self.place == self.key_file)
        except FileNotFoundError:
            raise GalleryError(
                GalleryReason.NO_KEY,
                f"the key of gallery {self._store} is gone: put {self.key_file} back from your copy; without it "
                "nobody in it can be read, and all must enrol anew in another --gallery",
            ) from None
        if len(key) != KEY_BYTES:
            raise GalleryError(
                GalleryReason.WRONG_KEY, f"{self.place} is not a key of {KEY_BYTES} bytes: put the right one back"
            )
        return key

    def passphrase(self, *, new: bool = False) -> bytearray:
        """What PULSEKEY_PASSPHRASE_FILE holds, or a person types; a new one is typed twice.

        Raises:
            GalleryError: NO_KEY, where nobody can be asked, or WRONG_KEY for one too short or typed differently.
        """
        named = os.environ.get(PASSPHRASE_FILE)
        if named:
            try:
                typed = _read_private(Path(named), private=True)
            except FileNotFoundError:
                raise GalleryError(
                    GalleryReason.NO_KEY, f"no passphrase file {named}: set {PASSPHRASE_FILE} to where it is"
                ) from None
            typed = typed.rstrip(b"\r\n")
        else:
            typed = self._asked(new=new)
        if new and len(typed.decode("utf-8", "replace")) < MIN_PASSPHRASE_CHARACTERS:
            raise GalleryError(
                GalleryReason.WRONG_KEY, f"a passphrase needs at least {MIN_PASSPHRASE_CHARACTERS} characters"
            )
        return typed

    def _asked(self, *, new: bool) -> bytearray:
        if not sys.stdin.isatty():
            raise GalleryError(
                GalleryReason.NO_KEY,
                f"gallery {self._store} wants a passphrase: set {PASSPHRASE_FILE} to a file that holds it",
            )
        typed = getpass.getpass(f"{'new ' if new else ''}passphrase of {self._store}: ")
        if new and getpass.getpass("again: ") != typed:
            raise GalleryError(GalleryReason.WRONG_KEY, "the two passphrases differ: try again")
        return bytearray(typed.encode("utf-8"))


def _read_private(path: Path, *, private: bool) -> bytearray:
    with path.open("rb", buffering=0) as file:
        if private and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise GalleryError(GalleryReason.WRONG_KEY, f"{path} can be read by others: chmod 600 {path}")
        buffer = bytearray(_MAX_SECRET_BYTES + 1)
        count = file.readinto(buffer)
    if count is None or count > _MAX_SECRET_BYTES:
        raise GalleryError(GalleryReason.WRONG_KEY, f"{path} is larger than {_MAX_SECRET_BYTES} bytes: not a secret")
    secret = buffer[:count]
    wipe(buffer)
    return secret


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
