"""What a live run costs: CPU share at 125 Hz, peak memory, start of --help, and what importing the device loads.

python tests/benchmarks/live.py [--seconds 60] [--runtime litert] [--json OUT]

Runs ``pulsekey run`` on a simulated board behind a pseudo-terminal at real time, as a process of its own, and reads
the operating system's account of it. The board is another process, so its cost is not counted.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHORT_S = 10.0


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the long run (default: %(default)s)")
    parser.add_argument("--runtime", default="litert", help="litert or onnxruntime (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        gallery = str(Path(folder) / "gallery.sqlite")
        subprocess.run(
            [*pulsekey("enrol"), "ada", "--port", "sim://ada?speed=0", "--gallery", gallery],
            check=True,
            capture_output=True,
        )
        short, _ = live_run(SHORT_S, gallery, args.runtime)
        long, peak_kib = live_run(args.seconds, gallery, args.runtime)
    report = {
        "runtime": args.runtime,
        # The difference of two runs: what starting up cost is in both.
        "cpu_share_of_one_core": (long - short) / (args.seconds - SHORT_S),
        "start_cpu_s": short - (long - short) / (args.seconds - SHORT_S) * SHORT_S,
        "peak_rss_mb": peak_kib * 1024 / 1e6,
        "help_s_median_of_9": statistics.median(wall_s(pulsekey("--help")) for _ in range(9)),
    }
    print(json.dumps(report, indent=2))
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


def pulsekey(*words: str) -> list[str]:
    """The command as installed beside this interpreter."""
    return [str(Path(sys.executable).with_name("pulsekey")), *words]


def live_run(seconds: float, gallery: str, runtime: str) -> tuple[float, int]:
    """CPU seconds and peak resident KiB of one run on a tty."""
    board = subprocess.Popen(
        [sys.executable, "-m", "firmware_bridge.pty_board", "sim://ada?seed=2", "--loop"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert board.stdout is not None
        port = board.stdout.readline().strip()
        process = subprocess.Popen(
            [*pulsekey("run"), "--port", port, "--gallery", gallery, "--runtime", runtime, "--seconds", str(seconds)],
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"pulsekey run ended with status {os.waitstatus_to_exitcode(status)}")
    finally:
        board.terminate()
        board.wait()
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def wall_s(command: list[str]) -> float:
    """Seconds one command takes, start to end."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
