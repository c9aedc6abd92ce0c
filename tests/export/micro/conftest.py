"""The small network, and its model, converted once."""

import pytest

from export.flatbuffer import output_quantisation, slimmed
from export.micro.c_array import MicroModel
from tests.export.micro.small_model import SIZE, WINDOWS, small_network
from train.networks import EmbeddingNetwork


@pytest.fixture(scope="session")
def network() -> EmbeddingNetwork:
    return small_network()


@pytest.fixture(scope="session")
def model(network: EmbeddingNetwork) -> bytes:
    from export.to_tflite import float_tflite, int8_tflite

    return slimmed(int8_tflite(float_tflite(network, 300), WINDOWS))


@pytest.fixture(scope="session")
def micro_model(model: bytes) -> MicroModel:
    return MicroModel("tiny", 'tiny "net"\n*/', model, 300, 125.0, SIZE, output_quantisation(model), 12345)
