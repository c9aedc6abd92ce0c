"""The state file: the newest generation that a store has reached, kept outside it, so that an old copy is told."""

import json
from dataclasses import dataclass
from pathlib import Path

from device.errors import GalleryError, GalleryReason
from device.store.sealing import mac, same
from device.user_data import write_own_file

_MAX_BYTES = 1024


@dataclass(frozen=True, slots=True)
class State:
    """Which store, how far it had come, and the proof of both."""

    store_id: bytes
    generation: int
    proof: bytes

    def proved_by(self, key: bytes) -> bool:
        """Whether it was written with this key."""
        return same(self.proof, _proof(key, self.store_id, self.generation))


def state_path(store: Path) -> Path:
    """Where the state of a store is kept: beside it and its key."""
    return store.with_name(store.name + ".state")


def read_state(store: Path) -> State | None:
    """The state, not yet proved; None where there is none.

    Raises:
        GalleryError: ALTERED, where the file is something else, or UNWRITABLE, where it cannot be read.
    """
    path = state_path(store)
    try:
        with path.open("rb") as file:
            values = json.loads(file.read(_MAX_BYTES))
        return State(bytes.fromhex(values["store"]), int(values["generation"]), bytes.fromhex(values["proof"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GalleryError(GalleryReason.UNWRITABLE, f"cannot read {path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError):
        raise GalleryError(
            GalleryReason.ALTERED,
            f"{path} is damaged: put it back from your copy, or, where the gallery is known to be the newest, remove "
            "it and run `pulsekey rekey --accept-restored`",
        ) from None


def write_state(store: Path, key: bytes, store_id: bytes, generation: int) -> None:
    """Replace the state, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    values = {"store": store_id.hex(), "generation": generation, "proof": _proof(key, store_id, generation).hex()}
    write_own_file(state_path(store), json.dumps(values).encode(), mode=0o600)


def refuse_if_begun_before(store: Path, what: str) -> None:
    """Refuse to begin a store anew where one was finished before: it may have been taken away.

    Raises:
        GalleryError: ROLLED_BACK, or ALTERED.
    """
    state = read_state(store)
    if state is not None and state.generation:
        raise GalleryError(
            GalleryReason.ROLLED_BACK,
            f"gallery {store} is {what}, but {state_path(store)} knows a newer one: put that back, or, to begin anew, "
            "remove the latter",
        )


def fault_of_age(store: Path, state: State | None, store_id: bytes, generation: int, key: bytes) -> str:
    """Why a store cannot be taken for the newest; empty where it can."""
    path = state_path(store)
    if state is None:
        return f"has lost {path}, which tells whether it is the newest"
    if state.store_id != store_id:
        return f"is not the one that {path} is of"
    if not state.proved_by(key):
        return f"does not fit {path}, which was altered"
    return f"is an old copy (change {generation}, not {state.generation})" if state.generation > generation else ""


def _proof(key: bytes, store_id: bytes, generation: int) -> bytes:
    return mac(bytearray(key), "state", store_id, generation)
