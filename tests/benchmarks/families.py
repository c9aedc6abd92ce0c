"""INT8 against float and eager PyTorch, family by family: what quantising buys on this processor.

python tests/benchmarks/families.py [--rounds N] [--json OUT]

Untrained networks, since speed does not depend on weights; quantised on simulated pulses by the export's own path. All
rows and the machine's limit are timed in the same interleaved rounds, on one thread.
"""

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

from device.bench.fresh import some_window
from device.bench.latency import Latency
from device.bench.peaks import LIMIT_MACS, limit_subjects
from device.bench.rounds import Plan, interleaved
from device.bench.runtimes import open_runtime
from device.bench.subjects import FORMAT_OF, Subject
from device.manifest import Architecture
from export.models import make_models
from firmware_bridge import wearer_names
from firmware_bridge.recordings import Recording
from firmware_bridge.wearers import WearerSource, load_wearer
from train.frontend_design import design
from train.networks import EmbeddingNetwork, build_network
from train.networks.measures import mac_count, parameter_count
from train.windows import PersonWindows, good_windows

FAMILIES = (
    ("fcn", 0.25),
    ("fcn", 0.5),
    ("mobilenetv1", 0.25),
    ("mobilenetv1", 0.5),
    ("mobilenetv1", 1.0),
    ("resnet34", 0.25),
    ("shufflenetv1", 0.25),
)
RUNTIMES = ("litert", "onnxruntime", "torch")


def people() -> list[PersonWindows]:
    spec = design()
    counts = {name: WearerSource(load_wearer(name), 1).read(300 * 125) for name in wearer_names()}
    pulses = {name: -ir_red[:, 0].astype(np.float64) for name, ir_red in counts.items()}
    return [good_windows(Recording(pulse, 125.0, name, "1", name), spec) for name, pulse in pulses.items()]


def settled(name: str, width: float, wearers: list[PersonWindows]) -> EmbeddingNetwork:
    """Untrained, with batch statistics of pulses: INT8 ranges of a fading signal would be refused."""
    torch.manual_seed(0)
    network = build_network(name, width, 96).train()
    pulse = torch.from_numpy(np.concatenate([one.pulse[:40] for one in wearers]))[:, None, None, :]
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.5
        for _ in range(8):
            network(pulse)
    return network.eval()


def subjects(name: str, width: float, wearers: list[PersonWindows]) -> list[Subject]:
    network = settled(name, width, wearers)
    architecture = Architecture(name, width, 96, parameter_count(network), mac_count(network))
    models = make_models(network, wearers)
    found = [Subject(f"{name} x{width}", "torch", "torch", "fp32", architecture, 300, None)]
    for runtime, kind in FORMAT_OF.items():
        found += [
            Subject(
                f"{name} x{width}", runtime, kind, precision, architecture, 300, models[f"model.{precision}.{kind}"]
            )
            for precision in ("fp32", "int8")
        ]
    return found


def peaks(limits: list[Subject], median_us: list[float]) -> dict[str, float]:
    """The machine's limit in MAC/us, by precision."""
    return {
        precision: max(LIMIT_MACS / us for s, us in zip(limits, median_us, strict=True) if s.precision == precision)
        for precision in ("fp32", "int8")
    }


def print_table(rows: list[Subject], found: dict[tuple[str, str, str], float], peak: dict[str, float]) -> None:
    sizes = {(s.model, s.format, s.precision): len(s.content) for s in rows if s.content is not None}
    macs = {s.model: s.architecture.macs for s in rows}
    print(f"limits: fp32 {peak['fp32'] / 1e3:.1f}, int8 {peak['int8'] / 1e3:.1f} GMAC/s")
    print("LiteRT and ONNX Runtime: FP32, INT8 in us, and INT8 as a share of FP32; eager: PyTorch, over LiteRT INT8")
    print("| network | LiteRT | share | ONNX Runtime | share | eager | file INT8/FP32 | INT8, times limit |")
    print("|---|---|---|---|---|---|---|---|")
    for model, cost in macs.items():
        lite, graph = ([found[model, r, p] for p in ("fp32", "int8")] for r in ("litert", "onnxruntime"))
        eager = found[model, "torch", "fp32"]
        size = sizes[model, "tflite", "int8"] / sizes[model, "tflite", "fp32"]
        print(
            f"| {model} | {lite[0]:.0f}, {lite[1]:.0f} | {lite[1] / lite[0]:.2f} | {graph[0]:.0f}, {graph[1]:.0f} | "
            f"{graph[1] / graph[0]:.2f} | {eager:.0f}: {eager / lite[1]:.0f}x | {size:.2f} | "
            f"{lite[1] * peak['int8'] / cost:.1f} |"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    wearers = people()
    rows = [subject for family in FAMILIES for subject in subjects(*family, wearers)]
    limits = list(limit_subjects(RUNTIMES))
    runtimes = {name: open_runtime(name) for name in RUNTIMES}
    print("timing", file=sys.stderr, flush=True)
    turns = [(runtimes[s.runtime].load(s, 1), some_window(300)) for s in (*rows, *limits)]
    times = interleaved(turns, Plan(rounds=args.rounds), time.perf_counter_ns, lambda _: None)
    median = [Latency.of(one).median_us for one in times]
    peak = peaks(limits, median[len(rows) :])
    found = {(s.model, s.runtime, s.precision): us for s, us in zip(rows, median[: len(rows)], strict=True)}
    print_table(rows, found, peak)
    if args.json is not None:
        report = {"peak_mac_per_us": peak, "median_us": {" ".join(key): us for key, us in found.items()}}
        args.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
