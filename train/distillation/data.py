"""Everybody's windows, made once and kept beside the runs."""

import hashlib
import json
import logging
import os
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
from tqdm import tqdm

from train.distillation.delay import delay_of
from train.errors import TrainError, TrainReason
from train.frontend_design import design
from train.protocols.config import ProtocolConfig
from train.synchronous import (
    HOP_SAMPLES,
    MARGIN_SAMPLES,
    PersonPairs,
    SynchronousRecording,
    ecg_front_end,
    pairs_of,
    read_synchronous,
)

log = logging.getLogger(__name__)

FORMAT_VERSION = 1


def load_people(recordings: Path, config: ProtocolConfig, cache: Path) -> list[PersonPairs]:
    """Everyone's windows; they take a minute or two, so the file they are kept in is read where it fits.

    Args:
        recordings: the folder of ``read_synchronous``.
        config: least quality, and whether the pulse's delay is taken out.
        cache: folder of the file; made if missing.

    Raises:
        RecordingError: the recordings cannot be read.
        TrainError: NO_DATA, the kept file is damaged.
    """
    path = cache / f"windows-{_digest(recordings, config)}.npz"
    if path.exists():
        return _read(path)
    people = []
    for one in tqdm(read_synchronous(recordings, config.min_good), desc="front end", leave=False):
        people.append(pairs_of(one, _delay(one) if config.align_delay else 0))
    cache.mkdir(parents=True, exist_ok=True)
    _write(path, people)
    return people


def _delay(one: SynchronousRecording) -> int:
    if one.ecg is None:
        return 0
    recording = one.identity.recording
    return round(delay_of(one.ecg, recording.ppg, recording.rate_hz) * recording.rate_hz)


def _digest(recordings: Path, config: ProtocolConfig) -> str:
    """Of everything the windows depend on; a file counts by its name, size and time of change."""
    files = [recordings / "challenge2015" / "challenge2015.npz", *sorted((recordings / "bidmc").glob("bidmc*"))]
    content = {
        "version": FORMAT_VERSION,
        "front ends": [design().digest(), ecg_front_end().digest()],
        "protocol": [config.min_good, config.align_delay],
        "windows": [HOP_SAMPLES, MARGIN_SAMPLES],
        "files": [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.exists()],
    }
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


_ARRAYS = ("start", "ppg", "wide", "ecg", "has_ecg")


def _write(path: Path, people: list[PersonPairs]) -> None:
    arrays = {name: np.concatenate([getattr(one, name) for one in people]) for name in _ARRAYS}
    arrays["count"] = np.array([one.start.size for one in people])
    for field in fields(PersonPairs):
        if field.name not in _ARRAYS:
            arrays[field.name] = np.array([getattr(one, field.name) for one in people])
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    os.replace(part, path)


def _read(path: Path) -> list[PersonPairs]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            content = dict(arrays.items())
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise TrainError(TrainReason.NO_DATA, f"{path} is damaged; remove it and it is made again") from error
    cuts = np.cumsum(content["count"])[:-1]
    parts = {name: np.split(content[name], cuts) for name in _ARRAYS}
    return [
        PersonPairs(
            subject=str(content["subject"][i]),
            number=int(content["number"][i]),
            slots=int(content["slots"][i]),
            **{name: part[i] for name, part in parts.items()},
        )
        for i in range(len(content["count"]))
    ]
