"""What is measured: one model, in one file or built, on one runtime."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from device.bundle import Bundle
from device.embedders import PRECISIONS
from device.manifest import Architecture

FORMAT_OF: Mapping[str, str] = {"litert": "tflite", "onnxruntime": "onnx"}
"""The runtimes that read a file of the bundle, and the end of its name."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One row of the report, but for the number of threads."""

    model: str
    runtime: str
    format: str
    precision: str
    architecture: Architecture
    window_samples: int
    content: bytes | None = field(repr=False)
    """The model's file; None where the runtime builds the network from its architecture."""
    operators: Mapping[str, int] | None = None
    """How many of each operator the file has, where the manifest says it."""

    @property
    def label(self) -> str:
        """In messages."""
        return f"{self.model} {self.precision} on {self.runtime}"


def file_subjects(bundle: Bundle, runtimes: Iterable[str]) -> Iterator[Subject]:
    """Every model file of a bundle that one of these runtimes reads.

    Raises:
        BundleError: MISSING_FILE or DAMAGED, the folder has changed since it was loaded.
    """
    manifest = bundle.manifest
    for runtime in runtimes:
        for precision in PRECISIONS:
            name = f"model.{precision}.{FORMAT_OF.get(runtime)}"
            if name in manifest.files:
                yield Subject(
                    manifest.model_id,
                    runtime,
                    FORMAT_OF[runtime],
                    precision,
                    manifest.architecture,
                    bundle.front_end.window_samples,
                    bundle.read(name),
                    manifest.operators.get(name),
                )
