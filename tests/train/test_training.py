import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from train.augment import Augment, standardise
from train.checkpoint import load, load_trained
from train.config import AugmentConfig, Config, load_config
from train.errors import TrainError, TrainReason
from train.frontend_design import design
from train.loop import Trainer, TrainingData
from train.networks import build_network
from train.networks.blocks import kernel_for
from train.networks.measures import mac_count, parameter_count
from train.networks.rounding import set_rounding
from train.selection import score_embeddings
from train.windows import PersonWindows, training_spec

CONFIG = Path(__file__).parents[2] / "train" / "configs" / "mobilenetv1_x025.toml"


def tiny(epochs: int = 3) -> Config:
    config = load_config(CONFIG)
    return replace(
        config,
        threads=1,
        network=replace(config.network, embedding_size=16),
        optimiser=replace(config.optimiser, epochs=epochs, batch_size=16, windows_per_person=16),
    )


def data(people: int = 4, windows: int = 40) -> TrainingData:
    spec = design()
    config = tiny()
    long = training_spec(spec, config.data.hop_samples, config.augment.warp).window_samples

    def person(number: int, samples: int) -> PersonWindows:
        rng = np.random.default_rng(number)
        t = np.arange(samples) / 125.0
        phases = rng.uniform(0, 2 * np.pi, (windows, 1)) + 2 * np.pi * (1.0 + 0.1 * number) * t
        pulse = np.cos(phases) + 0.2 * number * np.cos(2 * phases) + 0.05 * rng.normal(size=phases.shape)
        return PersonWindows(f"p{number}", pulse.astype(np.float32))

    return TrainingData([person(n, long) for n in range(people)], [person(n + 9, 300) for n in range(3)], spec)


def test_every_view_of_a_person_is_somebody_else(tmp_path: Path) -> None:
    config = tiny()
    config = replace(
        config,
        data=replace(config.data, views=["inverted", "backwards"]),
        optimiser=replace(config.optimiser, windows_per_person=5, windows_per_view=2),
    )
    given = data(people=3, windows=25)
    windows, labels = Trainer(config, given, tmp_path)._draw()
    assert sorted(labels.tolist()) == sorted([*range(3)] * 5 + [*range(3, 12)] * 2)
    own = [{row.tobytes() for row in one.pulse} for one in given.train]
    back = [lambda row: row, lambda row: row[::-1], lambda row: -row, lambda row: -row[::-1]]
    for window, label in zip(windows.numpy(), labels.tolist(), strict=True):
        assert np.ascontiguousarray(back[label // 3](window)).tobytes() in own[label % 3]


def test_of_a_persons_centres_the_nearest_counts(tmp_path: Path) -> None:
    config = tiny()
    config = replace(config, data=replace(config.data, views=[]), loss=replace(config.loss, centres=2, scale=8.0))
    trainer = Trainer(config, data(people=3), tmp_path)
    loss = trainer._loss
    rows = torch.nn.functional.normalize(torch.randn(4, 16, generator=torch.Generator().manual_seed(0)))
    labels = torch.tensor([0, 1, 2, 1])
    loss.margin = 0.1
    centres = loss.W.detach().double().numpy()
    wanted = 0.0
    for row, label in zip(rows.double().numpy(), labels.tolist(), strict=True):
        cosines = []
        for person in range(3):
            both = [centres[:, 2 * person + k] for k in range(2)]
            cosines.append(max(float(row @ one) / float(np.linalg.norm(one)) for one in both))
        logits = [8.0 * c for c in cosines]
        logits[label] = 8.0 * np.cos(np.arccos(cosines[label]) + 0.1)
        wanted += float(np.log(np.sum(np.exp(logits))) - logits[label]) / 4
    assert loss(rows, labels).item() == pytest.approx(wanted, rel=1e-5)


def test_a_training_that_was_cut_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = load(Trainer(tiny(), data(), _folder(tmp_path / "whole")).run().with_name("last.ckpt"))

    class KilledError(Exception):
        pass

    cut = Trainer(tiny(), data(), _folder(tmp_path / "cut"))
    report = cut._report

    def kill_in_the_second_epoch(*args: object) -> None:
        report(*args)  # type: ignore[arg-type]
        if cut._epoch == 2:
            raise KilledError

    cut._report = kill_in_the_second_epoch  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        cut.run()
    assert load(tmp_path / "cut" / "last.ckpt")["epoch"] == 1
    resumed = load(Trainer(tiny(), data(), tmp_path / "cut").run().with_name("last.ckpt"))
    assert resumed["epoch"] == whole["epoch"] == 3
    for name, weights in whole["network"].items():
        assert torch.equal(weights, resumed["network"][name]), name


def test_the_best_checkpoint_rebuilds_the_network(tmp_path: Path) -> None:
    best = Trainer(tiny(), data(), _folder(tmp_path / "a")).run()
    trained = load_trained(best)
    assert trained.config == tiny()
    assert trained.front_end == design()
    assert trained.train_subjects == ("p0", "p1", "p2", "p3")
    assert trained.dev_subjects == ("p9", "p10", "p11")
    with torch.inference_mode():
        assert trained.network(torch.zeros(2, 1, 1, 300)).shape == (2, 16)


def test_a_folder_of_another_experiment_is_refused(tmp_path: Path) -> None:
    Trainer(tiny(1), data(), _folder(tmp_path / "a")).run()
    with pytest.raises(TrainError, match="another configuration"):
        Trainer(tiny(2), data(), tmp_path / "a").run()


def test_too_few_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="1 people have") as caught:
        Trainer(tiny(), data(people=1), tmp_path)
    assert caught.value.reason is TrainReason.TOO_FEW_PEOPLE


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_damaged_and_foreign_checkpoints_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    with pytest.raises(TrainError, match="no checkpoint"):
        load(path)
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(TrainError, match="damaged"):
        load(path)
    torch.save({"format_version": 99}, path)
    with pytest.raises(TrainError, match="another format"):
        load(path)


def test_weights_of_another_width_do_not_fit(tmp_path: Path) -> None:
    best = Trainer(tiny(1), data(), _folder(tmp_path / "a")).run()
    content = load(best)
    content["config"]["network"]["width"] = 0.5
    torch.save(content, best)
    with pytest.raises(TrainError, match="do not fit"):
        load_trained(best)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"unknown": 1}, "unknown key 'unknown'"),
        ({"seed": "one"}, "seed = 'one' is no int"),
        ({"network": {"name": "mobilenetv1", "width": 0.25}}, "'embedding_size' is missing"),
        ({"network": 3}, r"add a section \[network\]"),
    ],
)
def test_a_bad_config_names_its_key(change: dict[str, object], says: str) -> None:
    with pytest.raises(TrainError, match=says):
        Config.from_dict(tiny().to_dict() | change, "x.toml")


def test_a_missing_or_broken_config_file(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="cannot read"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_text("= 3")
    with pytest.raises(TrainError, match="is no TOML"):
        load_config(tmp_path / "x.toml")
    with pytest.raises(TrainError, match="no network 'vgg'"):
        build_network("vgg", 1.0, 8)


@pytest.mark.parametrize("length", range(2, 40))
@pytest.mark.parametrize("stride", [1, 2])
def test_symmetric_padding_is_the_converters_same_padding(length: int, stride: int) -> None:
    kernel = kernel_for(length, stride)
    out = math.ceil(length / stride)
    same_total = max((out - 1) * stride + kernel - length, 0)
    assert same_total == 2 * ((kernel - 1) // 2)


@pytest.mark.parametrize("width", [0.25, 0.5, 1.0])
def test_the_network_maps_windows_to_embeddings_at_every_width(width: float) -> None:
    network = build_network("mobilenetv1", width, 128).eval()
    with torch.inference_mode():
        assert network(torch.randn(3, 1, 1, 300)).shape == (3, 128)
    assert parameter_count(network) == sum(p.numel() for p in network.parameters())
    assert mac_count(network) > 1_000_000 * width


def test_macs_equal_a_plain_loop() -> None:
    network = build_network("mobilenetv1", 0.25, 128)
    total, length = 0, 300
    for block in network.features:
        convolution = block[0]
        length = math.ceil(length / convolution.stride[1])
        total += length * convolution.weight.numel()
    assert mac_count(network) == total + network.embedding.weight.numel()


def test_augmented_windows_are_standardised_and_repeatable() -> None:
    config = AugmentConfig(warp=0.2, noise=0.1, wander=0.2, derivative=0.3, smooth=0.3, bend=0.1)
    windows = standardise(torch.randn(64, 420))
    first, again = (Augment(config, 300, torch.Generator().manual_seed(1))(windows) for _ in range(2))
    assert first.shape == (64, 300)
    assert torch.equal(first, again)
    assert torch.allclose(first.mean(dim=1), torch.zeros(64), atol=1e-4)
    assert torch.allclose(first.std(dim=1, correction=0), torch.ones(64), atol=1e-3)


def test_without_bounds_augmentation_only_crops() -> None:
    config = AugmentConfig(warp=0.0, noise=0.0, wander=0.0, derivative=0.0, smooth=0.0, bend=0.0)
    ramp = torch.arange(420.0)[None].repeat(32, 1)
    out = Augment(config, 300, torch.Generator().manual_seed(2))(ramp)
    assert torch.allclose(out, standardise(torch.arange(300.0)[None]).expand(32, -1), atol=1e-4)


def test_held_out_score_equals_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    people = []
    for _ in range(4):
        e = rng.normal(size=16) + 1.2 * rng.normal(size=(37, 16))
        people.append((e / np.linalg.norm(e, axis=1, keepdims=True)).astype(np.float32))
    mated, other = [], []
    references = [e[:25].mean(axis=0) / np.linalg.norm(e[:25].mean(axis=0)) for e in people]
    for i, e in enumerate(people):
        for at in (25, 30):
            probe = e[at : at + 5].mean(axis=0) / np.linalg.norm(e[at : at + 5].mean(axis=0))
            for j, reference in enumerate(references):
                (mated if i == j else other).append(float(probe @ reference))
    best = min((abs(np.mean([s < t for s in mated]) - np.mean([s >= t for s in other])), t) for t in [*mated, *other])
    fnmr, fmr = np.mean([s < best[1] for s in mated]), np.mean([s >= best[1] for s in other])
    assert min(fnmr, fmr) - 1e-9 <= score_embeddings(people).eer_decision <= max(fnmr, fmr) + 1e-9


def test_rounding_is_that_of_int8_and_lets_gradients_through() -> None:
    network = build_network("mobilenetv1", 0.25, 16).train()
    windows = torch.randn(8, 1, 1, 300)
    block = network.features[2]
    seen: list[torch.Tensor] = []
    block.register_forward_hook(lambda *inputs: seen.append(inputs[2]))
    set_rounding(network, True)
    network(windows).square().sum().backward()
    activations = seen[0].detach()
    steps = activations * 255.0 / 6.0
    assert torch.allclose(steps, steps.round(), atol=1e-3)
    assert 0 <= float(activations.min()) <= float(activations.max()) <= 6.0
    weight = block[0].weight.detach()
    scale = weight.abs().amax(dim=(1, 2, 3), keepdim=True) / 127.0
    expected = torch.nn.functional.conv2d(torch.ones(1, weight.shape[1], 1, 4), (weight / scale).round() * scale)
    assert torch.allclose(block[0](torch.ones(1, weight.shape[1], 1, 4)), expected, atol=1e-5)
    assert all(float(p.grad.abs().sum()) > 0 for p in network.parameters() if p.grad is not None)
    network.eval()
    assert not torch.allclose(block[0](torch.ones(1, weight.shape[1], 1, 4)), expected, atol=1e-7)
