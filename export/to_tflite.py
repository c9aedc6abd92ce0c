"""A trained network as TFLite, in float and in INT8."""

import litert_torch
import numpy as np
import torch
from litert_quantizer import qtyping, quantizer
from litert_quantizer.calibrator import CalibrationMode, Calibrator
from litert_quantizer.utils import qsv_utils
from numpy.typing import NDArray
from torch import nn

from export.quiet import quiet

SIGNATURE = "serving_default"


def float_tflite(network: nn.Module, window_samples: int) -> bytes:
    """Convert a network in evaluation mode; batch norms are folded on the way.

    Args:
        network: takes (1, 1, 1, window_samples) float32.
        window_samples: length of a window.

    Returns:
        The flatbuffer.
    """
    example = (torch.zeros(1, 1, 1, window_samples),)
    with quiet():
        return bytes(litert_torch.convert(network, example).model_content())


def int8_tflite(float_model: bytes, calibration: NDArray[np.float32]) -> bytes:
    """Quantise weights (a channel each) and activations to INT8; input and output stay float.

    Ranges are the least and greatest value seen. The quantiser's own default, a moving average of them, clips real
    pulses and ruins the model.

    Args:
        float_model: from ``float_tflite``.
        calibration: (n, window_samples) windows of people who trained.

    Returns:
        The flatbuffer.
    """
    quantiser = quantizer.Quantizer(float_model)
    quantiser.add_static_config(
        regex=".*",
        operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
        activation_num_bits=8,
        weight_num_bits=8,
    )
    for operation in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
        quantiser.update_quantization_recipe(
            regex=".*", operation_name=operation, algorithm_key=quantizer.AlgorithmName.NO_QUANTIZE
        )
    samples = [{"args_0": window[None, None, None, :]} for window in calibration]
    with quiet():
        calibrator = Calibrator(
            float_model,
            num_threads=1,
            mode=CalibrationMode.CALIBRATION_PRESERVE_ALL_TENSORS,
            qsv_update_func=qsv_utils.min_max_update,
        )
        calibrator.calibrate({SIGNATURE: samples}, quantiser._recipe_manager)
        return bytes(quantiser.quantize(calibrator.get_model_qsvs()).quantized_model)
