"""What must hold of any bytes that a device reads from disk: one line of the project's own errors, or a true value.

The committed seeds lie in ``tests/fuzzing/corpus``, a folder a target; ``python -m tests.fuzzing.files`` makes them
anew, from a shipped bundle's manifest and signature and from simulated wearers, and leaves those alone that once broke
a reader.
"""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from device.bundle import MODELS, Bundle, checked_bundle, default_bundle_path
from device.comparison import comparator_of, known_recordings
from device.manifest import COHORT_NAME, MANIFEST_NAME, Manifest
from device.signature import Signature
from firmware_bridge.errors import PulsekeyError
from firmware_bridge.recordings import read_cohort, read_csv, read_wfdb
from firmware_bridge.wearers import WearerSource, load_wearer

CORPUS = Path(__file__).parent / "corpus"
WFDB_SIGNAL = bytes(range(200))


@cache
def scratch() -> Path:
    """A folder of this process."""
    return Path(_kept().name)


@cache
def _kept() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory()


def refused(read: Callable[[], object]) -> bool:
    """Whether it was refused; the error is the project's and one line, or the AssertionError says what it was."""
    try:
        read()
    except PulsekeyError as error:
        told = str(error)
    else:
        return False
    assert len(told.splitlines()) == 1, f"not one line: {told!r}"
    return True


def manifest(data: bytes) -> None:
    """As a shipped bundle's manifest.json, front end and all, and as a signature.json."""
    refused(lambda: checked_bundle(default_bundle_path(), data))
    text = data.decode("utf-8", "replace")
    for kind in (Manifest, Signature):
        found: list[Manifest | Signature] = []
        if not refused(lambda kind=kind, found=found: found.append(kind.from_json(text))):  # type: ignore[misc]
            assert kind.from_json(found[0].to_json()) == found[0]


@cache
def _shipped() -> Bundle:
    return checked_bundle(default_bundle_path(), (default_bundle_path() / MANIFEST_NAME).read_bytes())


class _Held(Bundle):
    """A shipped bundle whose cohort is other bytes."""

    content = b""

    def read(self, name: str) -> bytes:
        assert name == COHORT_NAME
        return self.content


def cohort(data: bytes) -> None:
    """As a bundle's cohort.npz, and as each array of one with a right CRC, which no fuzzer would find by itself."""
    shipped = _shipped()
    held = _Held(shipped.path, shipped.manifest, shipped.front_end)
    for _Held.content in (data, _archive("references", data), _archive("known", data)):
        refused(lambda: comparator_of(held))
        refused(lambda: known_recordings(held))


def _archive(name: str, array: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}.npy"), array)
    return file.getvalue()


def recording(data: bytes) -> None:
    """As each kind of recording."""
    for name, read in (("r.npz", read_cohort), ("r.csv", read_csv), ("r.hea", read_wfdb)):
        path = scratch() / name
        path.write_bytes(data)
        (scratch() / "r.dat").write_bytes(WFDB_SIGNAL)

        def whole(read: Callable[[Path], object] = read, path: Path = path) -> None:  # type: ignore[assignment]
            found = read(path)
            if path.suffix == ".npz":
                for _ in found:  # type: ignore[attr-defined]
                    pass

        refused(whole)


TARGETS = {"manifest": manifest, "cohort": cohort, "recording": recording}


def seeds() -> dict[str, bytes]:
    """Name in the corpus, and content."""
    folder = MODELS / default_bundle_path().name
    made = {f"manifest/{file}": (folder / file).read_bytes() for file in (MANIFEST_NAME, "signature.json")}
    two_lines = json.loads(made[f"manifest/{MANIFEST_NAME}"])
    two_lines["front_end"]["quality"]["a\nb"] = 1
    made["manifest/name_of_two_lines.json"] = json.dumps(two_lines).encode()
    rng = np.random.default_rng(0)
    size = _shipped().manifest.architecture.embedding_size
    for name, save in (("plain", np.savez), ("packed", np.savez_compressed)):
        file = io.BytesIO()
        save(file, references=rng.standard_normal((8, size)).astype(np.float32), known=np.array(["0" * 16]))
        made[f"cohort/{name}.npz"] = file.getvalue()
    for name, array in (
        ("references", rng.standard_normal((4, size)).astype(np.float32)),
        ("known", np.array(["0" * 16])),
    ):
        file = io.BytesIO()
        np.save(file, array)
        made[f"cohort/{name}.npy"] = file.getvalue()
    counts = WearerSource(load_wearer("ada")).read(100)
    file = io.BytesIO()
    names, ppg = np.array(["ann"]), (counts[:, 0] % 1000).astype(np.int16)
    whole = {"ppg": ppg, "start": np.array([0, len(ppg)]), "subject": names, "session": names, "record": names}
    np.savez(file, fs=np.float64(125), ppg_scale=np.ones(1), ppg_offset=np.zeros(1), **whole)
    made["recording/cohort.npz"] = file.getvalue()
    made["recording/timed.csv"] = "\n".join(["t,ir", *(f"{i * 0.008:.3f},{ir}" for i, ir in enumerate(ppg))]).encode()
    made["recording/wfdb.hea"] = b"r 1 125 100\nr.dat 16 200(0)/mV 16 0 0 0 0 PLETH\n"
    bomb = io.BytesIO()
    np.savez_compressed(bomb, references=np.zeros((1, 40_000), np.float32), known=np.array(["0"]))
    claim, header = io.BytesIO(), io.BytesIO()
    claimed = {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**6)}
    np.lib.format.write_array_header_1_0(header, claimed)
    with zipfile.ZipFile(claim, "w") as archive:
        archive.writestr(zipfile.ZipInfo("references.npy"), header.getvalue() + bytes(64))
    made["cohort/claims_a_shape.npz"] = claim.getvalue()
    made["cohort/packed_tightly.npz"] = bomb.getvalue()
    made["recording/device.hea"] = b"r 1 125 100\n/dev/zero 16 200 16 0 0 0 0 PLETH\n"
    made["recording/long_number.hea"] = b"r 1 125 " + b"9" * 5000 + b"\nr.dat 16 200 16 0 0 0 0 PLETH\n"
    made["recording/tiny_steps.csv"] = b"t,ir\n0,1\n5e-324,2\n1e-323,3\n"
    return made


if __name__ == "__main__":
    for name, content in seeds().items():
        (CORPUS / name).parent.mkdir(parents=True, exist_ok=True)
        (CORPUS / name).write_bytes(content)
