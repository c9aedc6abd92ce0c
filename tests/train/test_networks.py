import math
from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

from export.to_tflite import float_tflite, int8_tflite
from export.whiten import whitened
from train.errors import TrainError, TrainReason
from train.networks import EmbeddingNetwork, build_network
from train.networks.blocks import ChannelShuffle, MeanPool
from train.networks.measures import mac_count, parameter_count
from train.networks.rounding import BoundedReLU, RoundedSignal, set_rounding
from train.networks.shufflenet import HalvingUnit, ShuffleUnit
from train.selection import embed
from train.whitening import whitening
from train.windows import PersonWindows

NAMES = ["fcn", "mobilenetv1", "resnet34", "shufflenetv1"]


def windows(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, (count, 1)) + 2 * np.pi * rng.uniform(0.8, 2.0, (count, 1)) * np.arange(300) / 125.0
    pulse = np.cos(phase) + rng.uniform(0.1, 0.6, (count, 1)) * np.cos(2 * phase - 1.0) + 0.05 * rng.normal(size=300)
    return ((pulse - pulse.mean(axis=1, keepdims=True)) / pulse.std(axis=1, keepdims=True)).astype(np.float32)


def batch(count: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(windows(count, seed))[:, None, None, :]


def settled(name: str, embedding_size: int = 32) -> EmbeddingNetwork:
    """Untrained, with the statistics of its batch norms those of pulses, as folding needs to be tested."""
    torch.manual_seed(0)
    network = build_network(name, 0.25, embedding_size).train()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0.0, 0.2)
        for _ in range(30):
            network(batch(32, seed=1))
    return network.eval()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [0.25, 0.3, 0.5, 1.0])
def test_windows_become_embeddings_at_every_width(name: str, width: float) -> None:
    network = build_network(name, width, 24).eval()
    with torch.inference_mode():
        features = network.features(batch(2))
        assert network(batch(2)).shape == (2, 24)
    assert features.shape == (2, network.embedding.in_channels, 1, 10)
    expected = network.norm(network.embedding(features.mean(dim=3, keepdim=True)))[:, :, 0, 0]
    torch.testing.assert_close(network(batch(2)), expected)


@pytest.mark.parametrize(
    ("name", "width", "says"),
    [
        ("vgg", 1.0, "no network 'vgg'; there is: fcn, mobilenetv1, resnet34, shufflenetv1"),
        ("resnet34", 0.2, "no resnet34 of width 0.2; there is: 0.25 to 1.0"),
        ("shufflenetv1", 1.5, "no shufflenetv1 of width 1.5"),
        ("mobilenetv1", math.nan, "no mobilenetv1 of width nan"),
    ],
)
def test_what_there_is_not_is_refused_in_one_line(name: str, width: float, says: str) -> None:
    with pytest.raises(TrainError, match=says) as caught:
        build_network(name, width, 8)
    assert caught.value.reason is TrainReason.BAD_CONFIG
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [0.25, 0.4, 0.75, 1.0])
def test_every_convolution_folds_and_pads_as_the_converter_does(name: str, width: float) -> None:
    network = build_network(name, width, 16).eval()
    seen: list[tuple[nn.Module, int]] = []
    layers = [m for m in network.features.modules() if isinstance(m, nn.Conv2d | nn.MaxPool2d | MeanPool)]
    for layer in layers:
        layer.register_forward_hook(lambda module, inputs, _: seen.append((module, inputs[0].shape[3])))
    with torch.inference_mode():
        network(batch(1))
    for layer, length in seen:
        if isinstance(layer, nn.MaxPool2d):
            kernel, stride, padding = layer.kernel_size[1], layer.stride[1], layer.padding
        elif isinstance(layer, nn.Conv2d):
            kernel, stride, padding = layer.kernel_size[1], layer.stride[1], layer.padding[1]
            assert layer.bias is None
            assert layer.kernel_size[0] == layer.stride[0] == layer.padding[0] + 1 == 1
        else:
            kernel, stride, padding = layer.weight.shape[3], 2, 1
        same = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
        assert same == 2 * padding, (layer, length)
    followers = {id(one[0]): one[1] for one in network.modules() if isinstance(one, nn.Sequential) and len(one) > 1}
    for layer, _ in seen:
        if isinstance(layer, nn.Conv2d):
            assert isinstance(followers[id(layer)], nn.BatchNorm2d)
            assert followers[id(layer)].num_features == layer.out_channels


def test_resnet34_has_the_papers_blocks_and_a_plain_loops_macs() -> None:
    network = build_network("resnet34", 0.25, 128)
    kernel = {150: 8, 75: 3, 38: 4, 19: 3, 300: 8}
    total, length, inputs = 150 * 8 * 16, 75, 16
    for channels, blocks in ((16, 3), (32, 4), (64, 6), (128, 3)):
        for block in range(blocks):
            first = 3
            if channels > 16 and block == 0:
                first = kernel[length]
                length = math.ceil(length / 2)
                total += length * inputs * channels
            total += length * channels * (first * inputs + 3 * channels)
            inputs = channels
    assert mac_count(network) == total + 128 * 128
    assert mac_count(network) < 8_000_000
    assert len(network.features) == 2 + 16
    weighted = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.kernel_size != (1, 1)]
    assert len(weighted) + 1 == 34
    assert sum(p.numel() for p in network.parameters()) == parameter_count(network)


def test_shufflenetv1_has_a_plain_loops_macs() -> None:
    network = build_network("shufflenetv1", 0.25, 128)
    total, length, inputs = 150 * 6 * 12, 75, 12
    for channels, units in ((60, 4), (120, 8), (240, 4)):
        for unit in range(units):
            narrow, grown = channels // 4, channels - inputs if unit == 0 else channels
            first = inputs if inputs == 12 else inputs // 3
            total += length * first * narrow
            kernel = 6 if unit == 0 and length % 2 == 0 else 5
            length = math.ceil(length / 2) if unit == 0 else length
            total += length * (kernel * narrow + narrow // 3 * grown)
            inputs = channels
    assert mac_count(network) == total + 240 * 128
    assert mac_count(network) < 4_000_000


@pytest.mark.parametrize("width", [0.25, 0.3, 0.5, 0.8, 1.0])
def test_groups_of_shufflenetv1_are_the_papers(width: float) -> None:
    network = build_network("shufflenetv1", width, 16)
    units = [m for m in network.features if isinstance(m, HalvingUnit | ShuffleUnit)]
    assert [isinstance(unit, HalvingUnit) for unit in units] == [
        True,
        *[False] * 3,
        True,
        *[False] * 7,
        True,
        *[False] * 3,
    ]
    channels = network.features[0][0].out_channels
    widths = []
    for number, unit in enumerate(units):
        narrow, depthwise, wide = (m for m in unit.branch.modules() if isinstance(m, nn.Conv2d))
        outputs = wide.out_channels + (channels if isinstance(unit, HalvingUnit) else 0)
        assert narrow.in_channels == channels
        assert narrow.groups == (1 if number == 0 else 3)
        assert (
            depthwise.groups == depthwise.in_channels == depthwise.out_channels == narrow.out_channels == outputs // 4
        )
        assert wide.groups == 3
        assert sum(isinstance(m, ChannelShuffle) for m in unit.branch) == (number > 0)
        channels = outputs
        widths.append(outputs)
    if width in (0.25, 0.5, 1.0):
        assert widths == [int(w * width) for w in [240] * 4 + [480] * 8 + [960] * 4]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_channel_shuffle_equals_a_plain_loop(layout: torch.memory_format) -> None:
    values = torch.randn(2, 12, 1, 5).contiguous(memory_format=layout)
    expected = torch.empty(2, 12, 1, 5)
    for group in range(3):
        for place in range(4):
            expected[:, place * 3 + group] = values[:, group * 4 + place]
    shuffled = ChannelShuffle(3)(values)
    assert torch.equal(shuffled, expected)
    assert shuffled.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("length", [7, 8])
def test_mean_pool_equals_a_plain_loop(length: int) -> None:
    values = torch.randn(2, 6, 1, length)
    kernel = 3 if length % 2 else 4
    got = MeanPool(6, length)(values)
    assert got.shape == (2, 6, 1, 4)
    for at in range(4):
        inside = [i for i in range(2 * at - 1, 2 * at - 1 + kernel) if 0 <= i < length]
        torch.testing.assert_close(got[..., at], values[..., inside].sum(dim=3) / kernel)


def test_activating_both_parts_is_activating_what_is_joined() -> None:
    unit = HalvingUnit(12, 60, 75, 1).eval()
    values = torch.rand(2, 12, 1, 75) * 6.0
    joined = unit(values)
    pool = unit.shortcut[0](values)
    last = unit.branch[3]
    before = last[1](last[0](unit.branch[:3](values)))
    assert torch.equal(joined, torch.cat([pool, before], dim=1).clamp(0.0, 6.0))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rounding", [False, True])
def test_gradients_reach_every_parameter(name: str, rounding: bool) -> None:
    torch.manual_seed(0)
    network = build_network(name, 0.25, 16).train().to(memory_format=torch.channels_last)
    set_rounding(network, rounding)
    output = network(batch(16))
    (output * torch.randn(16, 16)).sum().backward()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None, key
        assert float(parameter.grad.abs().sum()) > 0.0, key


def test_rounding_is_torchs_own_fake_quantisation() -> None:
    torch.manual_seed(0)
    values = (4.0 * torch.randn(4, 8, 1, 200)).requires_grad_()
    gradient = torch.randn_like(values)
    activation = BoundedReLU().train()
    activation.rounding = True
    got, expected = activation(values), torch.fake_quantize_per_tensor_affine(values, 6.0 / 255.0, 0, 0, 255)
    assert torch.equal(got, expected)
    assert torch.equal(*(torch.autograd.grad(one, values, gradient)[0] for one in (got, expected)))
    signal = RoundedSignal().train()
    assert signal(values) is values
    signal.rounding = True
    least, greatest = (float(one) for one in values.detach().aminmax())
    step = (greatest - least) / 255.0
    zero = round(-least / step)
    expected = torch.fake_quantize_per_tensor_affine(values, step, zero, 0, 255)
    got = signal(values)
    torch.testing.assert_close(got, expected)
    assert len(got.unique()) <= 256
    assert (
        torch.autograd.grad(got, values, gradient)[0].ne(gradient).sum() <= 1
    )  # an extreme may be clipped by half a step
    assert signal.eval()(values) is values


def test_a_signal_of_nothing_but_zeros_stays_so() -> None:
    signal = RoundedSignal().train()
    signal.rounding = True
    assert torch.equal(signal(torch.zeros(2, 3, 1, 4)), torch.zeros(2, 3, 1, 4))


@pytest.mark.parametrize("name", NAMES)
def test_the_last_layer_can_be_whitened(name: str) -> None:
    network = settled(name, 8)
    people = [PersonWindows(str(n), windows(12, seed=n)) for n in range(4)]
    matrix = whitening([[embed(network, one.pulse) for one in people]])
    with torch.inference_mode():
        expected = network(batch(4)).double().numpy() @ matrix.T
        got = whitened(network, people)(batch(4)).double().numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def tflite_answers(content: bytes, pulse: np.ndarray) -> tuple[np.ndarray, list[tuple[str, type]]]:
    """Embeddings in TFLite's own kernels, as the device runs it, and the operators' names and output types."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    answers = []
    for window in pulse:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], window[None, None, None, :])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].ravel())
    types = {tensor["index"]: tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    operators = [(one["op_name"], types[one["outputs"][0]]) for one in interpreter._get_ops_details()]
    return np.array(answers), operators


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


# The converters' own deprecations are theirs to mend.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_tflite_answers_as_torch_does_without_padding_operators_and_in_integers(name: str) -> None:
    network, pulse = settled(name), windows(6, seed=2)
    with torch.inference_mode():
        expected = network(torch.from_numpy(pulse)[:, None, None, :]).numpy()
    content = float_tflite(network, 300)
    answers, operators = tflite_answers(content, pulse)
    assert cosines(answers, expected).min() > 0.9999
    np.testing.assert_allclose(answers, expected, atol=1e-4)
    rounded, quantised = tflite_answers(int8_tflite(content, windows(40, seed=3)), pulse)
    assert cosines(rounded, expected).mean() > 0.98
    for names in (Counter(name for name, _ in operators), Counter(name for name, _ in quantised)):
        assert not names.keys() & {"PAD", "PADV2", "MIRROR_PAD", "MUL", "STABLEHLO_COMPOSITE", "CUSTOM"}
        assert names["TRANSPOSE"] == (15 if name == "shufflenetv1" else 0)
    assert names["QUANTIZE"] == names["DEQUANTIZE"] == 1
    assert {kind for operator, kind in quantised if operator != "DEQUANTIZE"} == {np.int8}
