"""A small model really trained on simulated wearers, and everything an export of it needs."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device.manifest import TrainingData
from export.build import Source
from export.threshold import HeldOut
from firmware_bridge import Recording, wearer_names
from firmware_bridge.wearers import WearerSource, load_wearer
from train.checkpoint import load_trained
from train.config import load_config
from train.frontend_design import design
from train.loop import Trainer
from train.loop import TrainingData as Windows
from train.windows import good_windows, training_spec

CONFIG = Path(__file__).parents[2] / "train" / "configs" / "mobilenetv1_x025.toml"


def wearer_recording(name: str, seed: int, seconds: float) -> Recording:
    counts = WearerSource(load_wearer(name), seed).read(math.ceil(seconds * 125))
    return Recording(-counts[:, 0].astype(np.float64), 125.0, name, str(seed), f"{name}-{seed}")


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    config = load_config(CONFIG)
    config = replace(
        config,
        threads=1,
        network=replace(config.network, embedding_size=16),
        optimiser=replace(config.optimiser, epochs=4, batch_size=32, windows_per_person=64),
    )
    spec = design()
    stretched = training_spec(spec, config.data.hop_samples, config.augment.warp)
    train = [wearer_recording(name, 1, 300.0) for name in wearer_names()]
    held_out = [wearer_recording(name, 2, 1500.0) for name in wearer_names()]
    dev = [good_windows(one, spec) for one in held_out]
    data = Windows([good_windows(one, stretched) for one in train], dev, spec)
    checkpoint = Trainer(config, data, tmp_path_factory.mktemp("run")).run()
    return Source(
        trained=load_trained(checkpoint),
        train=[good_windows(one, spec) for one in train],
        dev=dev,
        held_out=HeldOut(tuple(held_out), "simulated wearers"),
        training_data=(TrainingData("simulated wearers", "MIT", "this project", "training"),),
        test_cohorts=(),
        command="pulsekey train tests",
    )
