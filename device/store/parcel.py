"""One person in a file, to be enrolled on another device: encrypted with a passphrase, never otherwise."""

import base64
import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from device.errors import GalleryError, GalleryReason
from device.store.keys import Derivation
from device.store.sealing import Altered, padded, seal, unpadded, unseal, wipe

VERSION = 1
MAX_BYTES = 64 * 1024  # Far above one person; a wrong file may be of any length.
MIN_PASSPHRASE_CHARACTERS = 12  # The file is made to leave the device: nothing else slows down who guesses.
_BLOCK = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """What an enrolment needs; `reference` is (d,) of unit length."""

    name: str
    model_id: str
    good_windows: int
    reference: NDArray[np.float32]


def packed(parcel: Parcel, passphrase: str) -> bytes:
    """The file's content.

    Raises:
        GalleryError: BAD_PARCEL, for a passphrase that is too short.
    """
    if len(passphrase) < MIN_PASSPHRASE_CHARACTERS:
        raise GalleryError(
            GalleryReason.BAD_PARCEL, f"a passphrase for a file needs at least {MIN_PASSPHRASE_CHARACTERS} characters"
        )
    derivation = Derivation.fresh(passphrase=True)
    reference = base64.b64encode(parcel.reference.astype("<f4").tobytes()).decode()
    content = json.dumps([parcel.name, parcel.model_id, parcel.good_windows, reference]).encode()
    key = derivation.secret_of(bytearray(passphrase.encode("utf-8")))
    sealed = seal(key, padded(content, _BLOCK), "person", VERSION)
    wipe(key)
    values = {"pulsekey_person": VERSION, **asdict(derivation), "salt": derivation.salt.hex(), "sealed": sealed.hex()}
    return json.dumps(values).encode()


def unpacked(content: bytes, passphrase: str, origin: str) -> Parcel:
    """What was packed; `origin` begins the fault's line.

    Raises:
        GalleryError: BAD_PARCEL, or FORMAT_VERSION for a newer file.
    """
    try:
        values = json.loads(content)
        version = values["pulsekey_person"]
        scrypt = values["scrypt_n"], values["scrypt_r"], values["scrypt_p"]
        derivation, sealed = Derivation(bytes.fromhex(values["salt"]), *scrypt), bytes.fromhex(values["sealed"])
        if version != VERSION:
            raise GalleryError(
                GalleryReason.FORMAT_VERSION, f"{origin} has version {version}, this pulsekey knows {VERSION}"
            )
        key = derivation.secret_of(bytearray(passphrase.encode("utf-8")))
    except (ValueError, TypeError, KeyError):
        raise GalleryError(
            GalleryReason.BAD_PARCEL, f"{origin} is not a person's file: write it anew with `pulsekey transfer`"
        ) from None
    try:
        name, model_id, good_windows, reference = json.loads(unpadded(unseal(key, sealed, "person", VERSION)))
    except Altered:
        raise GalleryError(
            GalleryReason.BAD_PARCEL, f"{origin} does not open: that is not its passphrase, or it is damaged"
        ) from None
    wipe(key)
    return Parcel(name, model_id, good_windows, np.frombuffer(base64.b64decode(reference), dtype="<f4"))
