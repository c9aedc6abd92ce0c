"""The shipped network, taken back from its ONNX file, and simulated wearers to export it anew with."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from device.bundle import default_bundle_path
from device.manifest import TrainingData
from export import operating
from export.build import Source
from export.operating import HeldOut
from export.signing import signing_key
from firmware_bridge import Recording, wearer_names
from firmware_bridge.wearers import WearerSource, load_wearer
from train.checkpoint import Trained
from train.config import NetworkConfig, load_config
from train.frontend_design import design
from train.networks import EmbeddingNetwork, build_network
from train.windows import good_windows

CONFIG = Path(__file__).parents[2] / "train" / "configs" / "fcn_x025.toml"


def wearer_recording(name: str, seed: int, seconds: float) -> Recording:
    counts = WearerSource(load_wearer(name), seed).read(math.ceil(seconds * 125))
    return Recording(-counts[:, 0].astype(np.float64), 125.0, name, str(seed), f"{name}-{seed}")


def shipped_network(config: NetworkConfig) -> EmbeddingNetwork:
    """Batch norms are folded in the file: here they only add what was folded."""
    model = onnx.load(default_bundle_path() / "model.fp32.onnx")
    values = {i.name: torch.from_numpy(onnx.numpy_helper.to_array(i).copy()) for i in model.graph.initializer}
    network = build_network(config.name, config.width, config.embedding_size).eval()
    pairs = [(f"features.{n}.0", block[0], block[1]) for n, block in enumerate(network.features)]
    with torch.no_grad():
        for name, convolution, norm in pairs:
            convolution.weight.copy_(values[f"{name}.weight"])
            norm.running_var.fill_(1.0 - norm.eps)
            norm.bias.copy_(values[f"{name}.bias"])
        network.embedding.weight.copy_(values["embedding.weight"])
        network.norm.running_var.fill_(1.0 - network.norm.eps)
        network.norm.bias.copy_(values["embedding.weight_bias"])
    return network


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where signing and trusted keys lie: never those of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("XDG_DATA_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def few_people() -> Iterator[None]:
    """There are six simulated wearers: enough to try what becomes of them, too few for a bundle that ships."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operating, "MIN_PEOPLE", 2)
        yield


@pytest.fixture(scope="session")
def source(own_home: Path) -> Source:
    spec, config = design(), load_config(CONFIG)
    held_out = tuple(wearer_recording(name, 2, 1500.0) for name in wearer_names())
    return Source(
        trained=Trained(shipped_network(config.network), config, spec, (), (), 1),
        train=[good_windows(wearer_recording(name, 1, 300.0), spec) for name in wearer_names()],
        others=[good_windows(wearer_recording(wearer_names()[0], 3, 60.0), spec)],
        known=("0123456789abcdef",),
        dev=[good_windows(one, spec) for one in held_out],
        held_out=HeldOut(held_out, "simulated wearers"),
        training_data=(TrainingData("simulated wearers", "MIT", "this project", "training"),),
        test_cohorts=(),
        signing=signing_key(None, lambda _: None),
        command="pulsekey train tests",
    )
