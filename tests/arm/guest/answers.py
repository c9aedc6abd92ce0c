"""What the models answer on this processor: python answers.py WINDOWS.npz OUT.npz RUNTIME...

Answers are the network's own, not yet of unit length: (n, d), the golden windows' first, then those of WINDOWS.npz.
"""

import io
import sys

import numpy as np

from device.bundle import load_bundle
from device.embedders import PRECISIONS, load_embedder
from device.embedders.native_stderr import caught_stderr

_DELEGATE = "XNNPACK"


def delegate_announced() -> bool:
    """Whether LiteRT says that it runs on its fast kernels; where it knows no processor, it does not."""
    import ai_edge_litert.interpreter as runtime

    model = load_bundle(None).read("model.int8.tflite")
    with caught_stderr() as lines:
        interpreter = runtime.Interpreter(model_content=model, num_threads=1)
        interpreter.allocate_tensors()
    return any(_DELEGATE in line for line in lines)


def main(windows_file: str, out: str, *runtimes: str) -> None:
    """Prove each model on its golden vectors, as the device does, and write all answers.

    Raises:
        BundleError: GOLDEN, a model answers otherwise than when it was exported.
    """
    announced = "litert" in runtimes and delegate_announced()  # first of all: it is said once a process
    bundle = load_bundle(None)
    with np.load(io.BytesIO(bundle.read("golden.npz"))) as golden, np.load(windows_file) as more:
        windows = np.concatenate((golden["windows"].astype(np.float32), more["windows"]))
        expected = {precision: golden[f"embeddings_{precision}"] for precision in PRECISIONS}
    answers = {}
    for runtime in runtimes:
        for precision in PRECISIONS:
            embedder = load_embedder(bundle, runtime, precision)
            answer = np.stack([embedder.answer(window) for window in windows])
            right = expected[precision]
            lengths = np.linalg.norm(answer[: len(right)], axis=1) * np.linalg.norm(right, axis=1)
            answers[f"{runtime}_{precision}"] = answer
            answers[f"golden_{runtime}_{precision}"] = (answer[: len(right)] * right).sum(axis=1) / lengths
    answers["delegate"] = np.array(announced)
    np.savez(out, **answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
