"""One experiment from recordings to its best checkpoint."""

import logging
from pathlib import Path

from tqdm import tqdm

from device.frontend import FrontEndSpec
from train.cohorts import Identity, hold_out, read_challenge, without
from train.config import Config
from train.frontend_design import design
from train.loop import Trainer, TrainingData
from train.windows import PersonWindows, good_windows, training_spec

log = logging.getLogger(__name__)

SPLIT_SEED = 2015
"""The people held out are the same in every experiment, whatever its seed."""


def train(config: Config, recordings: Path, folder: Path) -> Path:
    """Train or resume, and return the best checkpoint.

    Args:
        config: the experiment.
        recordings: the challenge2015 cohort file.
        folder: where checkpoints go; made if missing.

    Raises:
        RecordingError: the recordings cannot be read.
        TrainError: they hold too few people, or the folder another experiment.
    """
    data = prepare(config, recordings)
    log.info("%d people train, %d are held out", len(data.train), len(data.dev))
    folder.mkdir(parents=True, exist_ok=True)
    return Trainer(config, data, folder).run()


def prepare(config: Config, recordings: Path) -> TrainingData:
    """Every window the experiment reads, through the device's front end."""
    spec = design()
    train_identities, dev_identities = people(config, recordings)
    stretched = training_spec(spec, config.data.hop_samples, config.augment.warp)
    return TrainingData(_windows(train_identities, stretched), _windows(dev_identities, spec), spec)


def people(config: Config, recordings: Path) -> tuple[list[Identity], list[Identity]]:
    """Who trains and who is held out, by the cohort's identity rules."""
    held = hold_out(read_challenge(recordings, config.data.min_good_dev), config.data.dev_people, SPLIT_SEED)
    return without(read_challenge(recordings, config.data.min_good_train), held), held


def _windows(identities: list[Identity], spec: FrontEndSpec) -> list[PersonWindows]:
    return [good_windows(one.recording, spec) for one in tqdm(identities, desc="front end", leave=False)]
