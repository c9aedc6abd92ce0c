"""What `pulsekey data prepare` costs: seconds, windows a second, bytes a window, and memory as the input grows.

python -m tests.benchmarks.prepare --data ../shared/data [--records N] [--scales 1,3,10,30,100] [--json OUT]

Each row is a process of its own with two worker processes. CPU seconds are of all of them, from start to end; those of
the front end and the file alone are measured in one process without Dask. The memory told is the highest that the
operating system saw (VmHWM): of the process with scheduler and client, and of the larger worker.

The input of the memory curve is the first 60 s of four recordings of BIDMC, under as many names as it takes.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from dask.distributed import Client

from tests.train.preparing.fakes import Replicated
from train.frontend_design import design
from train.preparing.cluster import workers
from train.preparing.plan import groups
from train.preparing.preparing import prepare_sources
from train.preparing.reading import open_prepared
from train.preparing.writing import PARTS, Task, write_group
from train.sources.opening import open_source
from train.windows import training_spec

SPEC = training_spec(design(), 75, 0.15)
MB = 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with challenge2015/ and bidmc/")
    parser.add_argument("--records", type=int, default=508, help="of the challenge, for the speed; 0 for none")
    parser.add_argument("--scales", default="1,3,10,30,100", help="of the memory curve; empty for none")
    parser.add_argument("--storage", action="store_true", help="only compare ways of storing a pulse")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(one_run(**json.loads(args.child))))
        return 0
    if args.storage:
        storage(args.data)
        return 0
    report: dict[str, Any] = {}
    challenge = f"challenge2015={args.data.absolute() / 'challenge2015' / 'challenge2015.npz'}"
    bidmc = f"bidmc={args.data.absolute() / 'bidmc'}"
    if args.records:
        report["speed"] = in_child(challenge, args.records, 1, 1e9) | {"alone": alone(challenge, 24)}
        print(json.dumps(report["speed"], indent=1), flush=True)
    if args.scales:
        print("| input | records | wall s | scheduler and client, MB | larger worker, MB |\n|---|---|---|---|---|")
    report["memory"] = []
    for scale in (int(one) for one in args.scales.split(",") if one):
        row = in_child(bidmc, 4, scale, 60.0)
        report["memory"].append({"scale": scale} | row)
        print(
            f"| {scale}x | {row['records']} | {row['wall_s']} | {row['driver_mb']} | {row['worker_mb']} |", flush=True
        )
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def in_child(text: str, records: int, times: int, seconds: float) -> dict[str, Any]:
    """One preparation in processes of its own."""
    words = json.dumps({"text": text, "records": records, "times": times, "seconds": seconds})
    command = [sys.executable, "-m", "tests.benchmarks.prepare", "--data", ".", "--child", words]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(out)
    return found


def one_run(text: str, records: int, times: int, seconds: float) -> dict[str, Any]:
    """Prepare, and tell what it cost."""
    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        prepared = prepare_sources(
            watched(peaks), [text], Path(folder) / "out", SPEC, Replicated(records, times, seconds)
        )
        wall_s = time.monotonic() - began
        began, cpu = time.monotonic(), time.process_time()
        opened = open_prepared(Path(folder) / "out")
        good = sum(len(opened.person_windows(person).pulse) for person in opened.people)
        read_cpu_s = time.process_time() - cpu
    (counts,) = prepared.counts.values()
    assert good == counts.good
    cpu_s = sum(
        resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "records": counts.records,
        "people": counts.people,
        "hours": round(counts.seconds / 3600, 2),
        "windows": counts.windows,
        "good": counts.good,
        "bytes_a_good_window": round(counts.size_bytes / counts.good, 1),
        "wall_s": round(wall_s, 1),
        "cpu_s": round(cpu_s - read_cpu_s, 1),
        "reading_cpu_s": round(read_cpu_s, 2),
        "driver_mb": round(peaks["driver"]),
        "worker_mb": round(peaks["worker"]),
    }


@contextmanager
def watched(peaks: dict[str, float]) -> Iterator[Client]:
    """Two workers, whose memory is looked at before they end."""
    with workers(None, 2) as client:
        yield client
        peaks["worker"] = max(client.run(peak_mb).values())
        peaks["driver"] = peak_mb()


def peak_mb() -> float:
    """The most memory that this process has had (proc(5))."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / MB


def alone(text: str, count: int) -> dict[str, float]:
    """The work itself, in this process: front end and file of every so-manyth record."""
    source = open_source(text)
    planned = list(groups(source.name, source.records()))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / PARTS).mkdir()
        tasks = [
            Task(group, text, open_source, Path(folder), SPEC, "alone") for group in planned[:: len(planned) // count]
        ]
        write_group(tasks[0])  # opens the source
        cpu = time.process_time()
        outcomes = [write_group(task) for task in tasks[1:]]
        cpu = time.process_time() - cpu
    windows, seconds = sum(one.windows for one in outcomes), sum(one.seconds for one in outcomes)
    return {
        "windows_a_cpu_s": round(windows / cpu),
        "cpu_s_an_hour_of_signal": round(cpu / seconds * 3600, 2),
        "windows_an_hour": round(windows / seconds * 3600),
    }


def storage(data: Path) -> None:
    """Bytes and errors of ways to store a pulse, and what they do to an embedding of the model that ships."""
    from device.bundle import load_bundle
    from device.embedders import load_embedder

    source = open_source(f"challenge2015={data / 'challenge2015' / 'challenge2015.npz'}")
    pulse = some_pulses(source.records()[::40])
    embedder = load_embedder(load_bundle(None))
    crop = slice(37, 37 + design().window_samples)
    truth = np.stack([embedder.embed(standard(one)) for one in pulse[::50, crop]])
    print("| stored as | bytes a window | greatest error | least cosine of embeddings |\n|---|---|---|---|")
    for name, kind, steps, encoding in (
        ("float32", pa.float32(), 0, "PLAIN"),
        ("float32, bytes apart", pa.float32(), 0, "BYTE_STREAM_SPLIT"),
        ("float16", pa.float16(), 0, "PLAIN"),
        ("float16, bytes apart", pa.float16(), 0, "BYTE_STREAM_SPLIT"),
        ("int16, 8192 steps, differences", pa.int16(), 8192, "DELTA_BINARY_PACKED"),
        ("int16, 1024 steps, bytes apart", pa.int16(), 1024, "BYTE_STREAM_SPLIT"),
        ("int16, 1024 steps, differences", pa.int16(), 1024, "DELTA_BINARY_PACKED"),
        ("int16, 256 steps, differences", pa.int16(), 256, "DELTA_BINARY_PACKED"),
        ("int8, 32 steps", pa.int8(), 32, "PLAIN"),
    ):
        stored = np.rint(pulse * steps) if steps else pulse
        stored = stored.astype(kind.to_pandas_dtype())
        back = stored.astype(np.float32) / (steps or 1)
        answers = np.stack([embedder.embed(standard(one)) for one in back[::50, crop]])
        cosine = float((truth * answers).sum(axis=1).min())
        print(
            f"| {name} | {stored_bytes(stored, kind, encoding):.0f} | {np.abs(back - pulse).max():.1e} | {cosine:.6f} |"
        )


def some_pulses(records: Any) -> np.ndarray:
    from device.frontend import windows_of

    read = [record.read() for record in records]
    windows = (window for one in read for window in windows_of(one.ppg, one.rate_hz, SPEC))
    return np.stack([window.pulse for window in windows if window.quality.good])


def standard(crop: np.ndarray) -> np.ndarray:
    return ((crop - crop.mean()) / crop.std()).astype(np.float32)


def stored_bytes(stored: np.ndarray, kind: Any, encoding: str) -> float:
    pulses = pa.FixedSizeListArray.from_arrays(pa.array(stored.ravel(), type=kind), stored.shape[1])
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        pq.write_table(
            pa.table({"pulse": pulses}),
            file.name,
            compression="zstd",
            compression_level=3,
            use_dictionary=False,
            column_encoding={"pulse.list.element": encoding},
        )
        return Path(file.name).stat().st_size / len(stored)


if __name__ == "__main__":
    sys.exit(main())
