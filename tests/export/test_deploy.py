import numpy as np
import onnx
import pytest
import torch
from torch import nn

from device.embedders.litert import LiteRtEmbedder
from device.embedders.onnx_runtime import OnnxRuntimeEmbedder
from export.deploy import BOUND, LARGEST_GAIN, deployable
from export.flatbuffer import output_quantisation
from export.models import make_models, operator_counts
from train.networks import EmbeddingNetwork, build_network
from train.networks.blocks import ChannelShuffle
from train.windows import PersonWindows

NAMES = ["fcn", "mobilenetv1", "resnet34", "shufflenetv1"]


def windows(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, (count, 1)) + 2 * np.pi * rng.uniform(0.8, 2.0, (count, 1)) * np.arange(300) / 125.0
    pulse = np.cos(phase) + rng.uniform(0.1, 0.6, (count, 1)) * np.cos(2 * phase - 1.0)
    return ((pulse - pulse.mean(axis=1, keepdims=True)) / pulse.std(axis=1, keepdims=True)).astype(np.float32)


def batch(pulse: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pulse)[:, None, None, :]


def settled(name: str) -> EmbeddingNetwork:
    torch.manual_seed(0)
    network = build_network(name, 0.25, 16).train()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.3, 1.5)
                module.bias.normal_(0.0, 0.3)
        for _ in range(30):
            network(batch(windows(32, 1)))
    return network.eval()


@pytest.mark.parametrize("name", NAMES)
def test_what_ships_answers_as_what_was_trained(name: str) -> None:
    network, pulse = settled(name), windows(40, 2)
    deployed = deployable(network, pulse)
    with torch.inference_mode():
        # The windows that ranges were taken from: none of them is clipped anew.
        torch.testing.assert_close(deployed(batch(pulse)), network(batch(pulse)), rtol=1e-3, atol=1e-4)
    kinds = {type(module) for module in deployed.features.modules()}
    assert not kinds & {nn.BatchNorm2d, ChannelShuffle}


def test_the_trained_network_is_left_as_it_was() -> None:
    network = settled("shufflenetv1")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    deployable(network, windows(8, 2))
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_shuffle_is_dealt_out_as_by_hand() -> None:
    network = settled("shufflenetv1")
    branch = network.features[4].branch  # the second unit: grouped throughout
    grouped, groups = branch[0][0], 3
    deployed = deployable(network, windows(8, 2)).features[4].branch[0][0]
    outputs, size = grouped.out_channels, grouped.in_channels // groups
    folded_bias = deployed.bias
    assert folded_bias is not None
    for dealt in range(outputs):
        # Channel c of group g goes to place c * groups + g.
        source = (dealt % groups) * (outputs // groups) + dealt // groups
        group = source // (outputs // groups)
        row = deployed.weight[dealt, :, 0, 0]
        inside = row[group * size : (group + 1) * size]
        assert torch.count_nonzero(row) == torch.count_nonzero(inside)
        cosine = torch.cosine_similarity(inside, grouped.weight[source, :, 0, 0], dim=0).detach()
        assert float(cosine.abs()) > 0.9999  # the same direction; the batch norm scales it


@pytest.mark.parametrize("name", ["fcn", "mobilenetv1"])
def test_channels_of_a_chain_use_more_of_their_range(name: str) -> None:
    network, pulse = settled(name), windows(60, 2)
    deployed = deployable(network, pulse)
    for at in range(1, len(network.features) + 1):
        with torch.inference_mode():
            before = network.features[:at](batch(pulse)).amax(dim=(0, 2, 3))
            after = deployed.features[:at](batch(pulse)).amax(dim=(0, 2, 3))
        for low, high in zip(before.tolist(), after.tolist(), strict=True):
            gain = min(max(BOUND / max(low, 1e-3), 1.0), LARGEST_GAIN) ** 0.5
            assert high == pytest.approx(low * gain, rel=1e-3, abs=1e-5)
            assert high <= BOUND


@pytest.mark.parametrize("name", ["resnet34", "shufflenetv1"])
def test_what_is_summed_is_not_scaled(name: str) -> None:
    network, pulse = settled(name), windows(30, 2)
    deployed = deployable(network, pulse)
    with torch.inference_mode():
        expected = network.features(batch(pulse))
        torch.testing.assert_close(deployed.features(batch(pulse)), expected, rtol=1e-3, atol=1e-4)


def concatenated_scales(model: bytes) -> list[set[float]]:
    """Of each concatenation, the scales that its parts and its whole are quantised with."""
    graph = onnx.load_from_string(model).graph
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    scales = {
        name: float(values[node.input[1]])
        for node in graph.node
        if node.op_type == "DequantizeLinear"
        for name in node.output
        if values[node.input[1]].ndim == 0
    }
    quantised = {node.input[0]: float(values[node.input[1]]) for node in graph.node if node.op_type == "QuantizeLinear"}
    concatenations = [node for node in graph.node if node.op_type == "Concat"]
    return [{*(scales[part] for part in node.input), quantised[node.output[0]]} for node in concatenations]


@pytest.mark.filterwarnings("ignore")  # the converters' own deprecations are theirs to mend
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", NAMES)
def test_every_network_exports_in_integers_alike_in_both_formats(name: str) -> None:
    people = [PersonWindows(str(seed), windows(60, seed)) for seed in range(4)]
    models = make_models(settled(name), people)
    int8 = models["model.int8.tflite"]
    counts = operator_counts("model.int8.tflite", int8)
    allowed = {"QUANTIZE", "DEQUANTIZE", "CONV_2D", "DEPTHWISE_CONV_2D", "RESHAPE", "MEAN"}
    if name in ("resnet34", "shufflenetv1"):
        allowed |= {"ADD", "MAX_POOL_2D", "CONCATENATION"}
    assert set(counts) <= allowed
    assert all(len(scales) == 1 for scales in concatenated_scales(models["model.int8.onnx"]))
    steps = 8 if "ADD" in counts else 2
    assert len(int8) < 0.46 * len(models["model.fp32.tflite"])
    sizes = {"window_samples": 300, "embedding_size": 16}
    tflite = LiteRtEmbedder(int8, name="a", module="ai_edge_litert.interpreter", **sizes)
    graph = OnnxRuntimeEmbedder(models["model.int8.onnx"], name="b", **sizes)
    probes = windows(50, 9)
    answers = [np.array([embedder.answer(one) for one in probes]) for embedder in (tflite, graph)]
    assert np.abs(answers[0] - answers[1]).max() <= (steps + 0.5) * output_quantisation(int8).scale
