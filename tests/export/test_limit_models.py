"""The models of the machine's limit are those that `export.limit_models` makes."""

import numpy as np
import pytest

from device.bench.fresh import some_window
from device.bench.peaks import FOLDER, LIMIT_MACS, LIMIT_PARAMETERS, limit_subjects
from device.bench.runtimes import open_runtime
from export.limit_models import LimitNetwork, limit_models
from export.models import operator_counts
from train.networks.measures import mac_count, parameter_count

# The converters' own deprecations are theirs to mend.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]


def test_the_network_costs_what_the_device_believes() -> None:
    network = LimitNetwork()
    assert mac_count(network) == LIMIT_MACS
    assert parameter_count(network) == LIMIT_PARAMETERS


def test_the_files_that_ship_are_made_anew() -> None:
    made = limit_models()
    assert set(made) == {path.name for path in FOLDER.iterdir()}
    for name in ("limit.fp32.tflite", "limit.fp32.onnx"):
        assert made[name] == (FOLDER / name).read_bytes(), name
    # INT8 ranges are measured, and another processor may round the last bit of a float otherwise.
    for name in ("limit.int8.tflite", "limit.int8.onnx"):
        assert operator_counts(name, made[name]) == operator_counts(name, (FOLDER / name).read_bytes())


def test_int8_answers_as_float_does() -> None:
    answers = {
        (one.runtime, one.precision): open_runtime(one.runtime).load(one, 1).run(some_window(300)).ravel()
        for one in limit_subjects(["litert", "onnxruntime"])
    }
    truth = answers["litert", "fp32"]
    assert np.ptp(truth) > 0.5
    for answer in answers.values():
        assert np.corrcoef(truth, answer)[0, 1] > 0.999
