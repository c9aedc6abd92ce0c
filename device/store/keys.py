"""From one secret to a key for each purpose."""

import os
from dataclasses import dataclass
from typing import Self

from device.store.sealing import KEY_BYTES, mac, wipe

_SALT_BYTES = 16
# OWASP's recommended floor (Password Storage, 2024): 32 MiB, which the smallest board has, and some 2 s on a Pi 3.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**15, 8, 3
# The numbers come from a file that anybody may have written: no more memory than a board has.
_MAX_N, _MAX_R, _MAX_P = 2**17, 8, 8


@dataclass(frozen=True, slots=True)
class Derivation:
    """How keys follow from the secret; stands in the store in the clear. `scrypt_n` 0: the secret is a key itself."""

    salt: bytes
    scrypt_n: int
    scrypt_r: int
    scrypt_p: int

    @classmethod
    def fresh(cls, *, passphrase: bool) -> Self:
        """A new salt, so that even the same secret gives other keys."""
        salt = os.urandom(_SALT_BYTES)
        return cls(salt, _SCRYPT_N, _SCRYPT_R, _SCRYPT_P) if passphrase else cls(salt, 0, 0, 0)

    @property
    def from_passphrase(self) -> bool:
        """Whether a person types the secret."""
        return self.scrypt_n != 0

    def secret_of(self, typed: bytearray) -> bytearray:
        """The 32 bytes that keys are derived from; `typed` is a passphrase, or those bytes already.

        Raises:
            ValueError: parameters that no pulsekey has written.
        """
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        if not self.from_passphrase:
            return bytearray(typed)
        n, r, p = self.scrypt_n, self.scrypt_r, self.scrypt_p
        if not (2 <= n <= _MAX_N and 1 <= r <= _MAX_R and 1 <= p <= _MAX_P):
            raise ValueError(f"scrypt parameters {n}, {r}, {p}")
        return bytearray(Scrypt(salt=self.salt, length=KEY_BYTES, n=n, r=r, p=p).derive(bytes(typed)))


class StoreKeys:
    """HKDF-SHA-256 of the secret, one key a purpose; `wipe` when done."""

    def __init__(self, secret: bytearray, salt: bytes) -> None:
        self.templates = _derived(secret, salt, "templates")
        self.names = _derived(secret, salt, "names")
        self.lookup = _derived(secret, salt, "lookup")
        self.transform = _derived(secret, salt, "transform")
        self.log = _derived(secret, salt, "log")
        self.chain = _derived(secret, salt, "log chain")
        self.head = _derived(secret, salt, "head")
        self._check = _derived(secret, salt, "check")

    @property
    def check(self) -> bytes:
        """Tells a wrong key from a damaged store; says nothing about any other key."""
        return mac(self._check, "pulsekey")

    def wipe(self) -> None:
        """Overwrite what Python lets us; copies inside OpenSSL and freed objects are out of reach."""
        wipe(self.templates, self.names, self.lookup, self.transform, self.log, self.chain, self.head, self._check)


def _derived(secret: bytearray, salt: bytes, purpose: str) -> bytearray:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = b"pulsekey store 2: " + purpose.encode()
    return bytearray(HKDF(SHA256(), KEY_BYTES, salt, info).derive(bytes(secret)))
