"""Shapes and costs of the networks that read an image."""

import math

import pytest
import torch

from train.networks.measures import parameter_count
from train.references.networks import CHANNELS, HEADS, NETWORKS, Attention, Mixer, whole_mac_count

TOKENS, SEEN = 8 * 8, 4 * 4
WAVELETS = 2 * 24 * 48 * 300


@pytest.mark.parametrize("name", NETWORKS)
def test_windows_become_embeddings_that_differ(name: str) -> None:
    torch.manual_seed(0)
    network = NETWORKS[name](16).eval()
    with torch.inference_mode():
        answer = network(torch.randn(3, 1, 1, 300))
    assert answer.shape == (3, 16)
    assert not torch.allclose(answer[0], answer[1])
    assert parameter_count(network) < 100_000


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_reach_every_weight(name: str) -> None:
    torch.manual_seed(0)
    network = NETWORKS[name](16).train()
    (network(torch.randn(8, 1, 1, 300)) * torch.randn(16)).square().sum().backward()
    assert all(one.grad is not None and float(one.grad.abs().sum()) > 0.0 for one in network.parameters())


def test_macs_of_the_mixer_equal_plain_products() -> None:
    block = TOKENS * (CHANNELS * 5 * 5 + CHANNELS * CHANNELS)
    patches = TOKENS * CHANNELS * 3 * 6
    assert whole_mac_count(NETWORKS["scalogram-convmixer"](16)) == WAVELETS + patches + 6 * block + CHANNELS * 16


def test_macs_of_the_hybrid_hold_the_products_of_attention() -> None:
    embedding = TOKENS * CHANNELS * 5 * 8
    depthwise = 9 * CHANNELS * (TOKENS + 2 * SEEN)
    projections = CHANNELS * CHANNELS * (TOKENS + 2 * SEEN + TOKENS)
    products = 2 * TOKENS * SEEN * CHANNELS
    pointwise = TOKENS * 2 * CHANNELS * 2 * CHANNELS
    attention = depthwise + projections + products + pointwise
    block = TOKENS * (CHANNELS * 5 * 5 + CHANNELS * CHANNELS)
    expected = WAVELETS + embedding + 2 * attention + 4 * block + CHANNELS * 16
    assert whole_mac_count(NETWORKS["cvt-convmixer"](16)) == expected


def test_attention_equals_a_plain_loop() -> None:
    torch.manual_seed(1)
    block = Attention(CHANNELS).eval()
    values = torch.randn(1, CHANNELS, 4, 4)
    with torch.no_grad():
        normed = block.before(values)
        query, key, value = (part(normed)[0].flatten(1) for part in (block.query, block.key, block.value))
        size = CHANNELS // HEADS
        seen = torch.zeros(CHANNELS, 16)
        for head in range(HEADS):
            own = slice(head * size, (head + 1) * size)
            for token in range(16):
                weights = [
                    math.exp(float(query[own, token] @ key[own, j]) / math.sqrt(size)) for j in range(key.shape[1])
                ]
                for j, weight in enumerate(weights):
                    seen[own, token] += weight / sum(weights) * value[own, j]
        attended = values + block.out(seen.reshape(1, CHANNELS, 4, 4))
        assert torch.allclose(block(values), attended + block.pointwise(attended), atol=1e-5)


def test_a_mixer_adds_what_it_mixed_within_a_channel() -> None:
    block = Mixer(CHANNELS).eval()
    with torch.no_grad():
        for one in block.within.parameters():
            one.zero_()
        values = torch.randn(2, CHANNELS, 8, 8)
        assert torch.allclose(block(values), block.across(values), atol=1e-6)
