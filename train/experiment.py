"""One experiment from recordings to its best checkpoint."""

import logging
from itertools import groupby
from pathlib import Path

import numpy as np
from tqdm import tqdm

from device.frontend import FrontEndSpec
from train.cohorts import Identity, read_challenge
from train.config import Config
from train.frontend_design import design
from train.loop import Trainer, TrainingData
from train.parallel import is_first
from train.people import assert_apart, assert_strangers, hold_out, record_of, without
from train.windows import PersonWindows, good_windows, training_spec

log = logging.getLogger(__name__)

SPLIT_SEED = 2015
"""The people held out are the same in every experiment, whatever its seed."""


def train(config: Config, recordings: Path, folder: Path) -> Path:
    """Train or resume, and return the best checkpoint.

    Args:
        config: the experiment.
        recordings: as ``training_data`` takes them.
        folder: where checkpoints go; made if missing.

    Raises:
        RecordingError: the recordings cannot be read.
        TrainError: they hold too few people, or the folder another experiment; or as ``training_data``.
    """
    data = training_data(config, recordings)
    log.info("%d people train, %d are held out", len(data.train), len(data.dev))
    folder.mkdir(parents=True, exist_ok=True)
    return Trainer(config, data, folder).run()


def training_data(config: Config, recordings: Path) -> TrainingData:
    """Every window the experiment reads.

    Args:
        config: the experiment.
        recordings: the challenge2015 cohort file, or a folder of ``pulsekey data prepare``.

    Raises:
        RecordingError: the file cannot be read.
        TrainError: as ``people`` or ``train.prepared.prepared_data``.
    """
    if not recordings.is_dir():
        return prepare(config, recordings)
    from train.prepared import prepared_data  # it takes pyarrow, which nothing else of a training does

    return prepared_data(config, recordings, SPLIT_SEED)


def prepare(config: Config, recordings: Path) -> TrainingData:
    """Every window the experiment reads, through the device's front end."""
    spec = design()
    train_identities, dev_identities = people(config, recordings)
    stretched = training_spec(spec, config.data.hop_samples, config.augment.warp)
    return TrainingData(_windows(train_identities, stretched), _windows(dev_identities, spec), spec)


def people(config: Config, recordings: Path) -> tuple[list[Identity], list[Identity]]:
    """Who trains and who is held out, by the cohort's identity rules.

    Raises:
        RecordingError: the recordings cannot be read.
        TrainError: LEAK, the rules let through what ``train.people`` refuses.
    """
    held = hold_out(read_challenge(recordings, config.data.min_good_dev), config.data.dev_people, SPLIT_SEED)
    everybody = read_challenge(recordings, config.data.min_good_train, every=config.data.all_records)
    trained = without(everybody, held)
    known = [record_of(one.recording, one.number) for one in held]
    assert_apart([record_of(one.recording) for one in trained], known, ("trains", "is held out"))
    assert_strangers(known)
    return trained, held


def _windows(identities: list[Identity], spec: FrontEndSpec) -> list[PersonWindows]:
    windows = [
        good_windows(one.recording, spec)
        for one in tqdm(identities, desc="front end", leave=False, disable=not is_first())
    ]
    return [
        PersonWindows(subject, np.concatenate([one.pulse for one in records]))
        for subject, records in groupby(windows, key=lambda one: one.subject)
    ]
