"""The PIN of a device: kept as a salted scrypt hash, inside the sealed head."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from device.errors import GalleryError, GalleryReason
from device.store.keys import Derivation
from device.store.sealing import same

MIN_DIGITS, MAX_DIGITS = 6, 12


@dataclass(frozen=True, slots=True)
class Pin:
    """What a PIN is checked against."""

    derivation: Derivation
    digest: bytes

    @classmethod
    def of(cls, digits: str) -> Self:
        """A new PIN.

        Raises:
            GalleryError: WRONG_PIN, for one that is none.
        """
        if not (digits.isascii() and digits.isdecimal() and MIN_DIGITS <= len(digits) <= MAX_DIGITS):
            raise GalleryError(
                GalleryReason.WRONG_PIN, f"a PIN is {MIN_DIGITS} to {MAX_DIGITS} digits: choose another one"
            )
        derivation = Derivation.fresh(passphrase=True)
        return cls(derivation, _digest(digits, derivation))

    def matches(self, digits: str) -> bool:
        """Whether these are its digits."""
        return same(_digest(digits, self.derivation), self.digest)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {**asdict(self.derivation), "salt": self.derivation.salt.hex(), "digest": self.digest.hex()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """What `to_dict` made."""
        scrypt = values["scrypt_n"], values["scrypt_r"], values["scrypt_p"]
        return cls(Derivation(bytes.fromhex(values["salt"]), *scrypt), bytes.fromhex(values["digest"]))


def _digest(digits: str, derivation: Derivation) -> bytes:
    return bytes(derivation.secret_of(bytearray(digits.encode("utf-8", "replace"))))
