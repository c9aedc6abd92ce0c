"""The head of a store: all that must be true of it as a whole, sealed anew at every change."""

import json
import os
from dataclasses import dataclass, field
from typing import Any, Self

from device.store.keys import StoreKeys
from device.store.lockout import Lockout
from device.store.pin import Pin
from device.store.sealing import KEY_BYTES, MAC_BYTES, padded, seal, unpadded, unseal

WRITE_BYTES = 16
_BLOCK = 1024  # Above what it ever holds, so that its length tells nothing.

HEAD_SCHEMA = """
CREATE TABLE store (
    id BLOB NOT NULL,
    salt BLOB NOT NULL,
    scrypt_n INTEGER NOT NULL,
    scrypt_r INTEGER NOT NULL,
    scrypt_p INTEGER NOT NULL,
    key_check BLOB NOT NULL,
    generation INTEGER NOT NULL,
    head BLOB NOT NULL
) STRICT
"""


@dataclass(slots=True)
class Head:
    """Mutable within a transaction."""

    state_key: bytes = field(default_factory=lambda: os.urandom(KEY_BYTES), repr=False)
    """Authenticates the state file; outlives a change of keys, since the two files cannot change at once."""
    people_write: bytes = bytes(WRITE_BYTES)
    """Names the write that the people's rows are of: no other row fits."""
    rows: int = 0
    """Rows of people, real and dummy."""
    embedding_size: int = 0
    log_first: int = 1
    """The oldest log entry that is kept."""
    log_next: int = 1
    log_anchor: bytes = bytes(MAC_BYTES)
    """The chain before the oldest entry."""
    log_chain: bytes = bytes(MAC_BYTES)
    """The chain at the newest entry."""
    lockout: Lockout = field(default_factory=Lockout)
    pin: Pin | None = None

    def sealed(self, keys: StoreKeys, store_id: bytes, generation: int) -> bytes:
        """Encrypted, for this generation of this store only."""
        values: dict[str, Any] = {
            "state_key": self.state_key.hex(),
            "people_write": self.people_write.hex(),
            "rows": self.rows,
            "embedding_size": self.embedding_size,
            "log_first": self.log_first,
            "log_next": self.log_next,
            "log_anchor": self.log_anchor.hex(),
            "log_chain": self.log_chain.hex(),
            "lockout": self.lockout.to_dict(),
            "pin": None if self.pin is None else self.pin.to_dict(),
        }
        return seal(keys.head, padded(json.dumps(values).encode(), _BLOCK), "head", store_id, generation)

    @classmethod
    def unsealed(cls, sealed: bytes, keys: StoreKeys, store_id: bytes, generation: int) -> Self:
        """What was sealed.

        Raises:
            Altered: it is not this store's head of this generation.
        """
        values = json.loads(unpadded(unseal(keys.head, sealed, "head", store_id, generation)))
        return cls(
            state_key=bytes.fromhex(values["state_key"]),
            people_write=bytes.fromhex(values["people_write"]),
            rows=values["rows"],
            embedding_size=values["embedding_size"],
            log_first=values["log_first"],
            log_next=values["log_next"],
            log_anchor=bytes.fromhex(values["log_anchor"]),
            log_chain=bytes.fromhex(values["log_chain"]),
            lockout=Lockout.from_dict(values["lockout"]),
            pin=None if values["pin"] is None else Pin.from_dict(values["pin"]),
        )
