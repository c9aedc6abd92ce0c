"""The checks, each of one emulated Pi: what it did, beside what this machine does."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.bundle import load_bundle
from tests.arm.cores import ArmError, Core, first_output, spans
from tests.arm.debian import last_line
from tests.arm.guest.imports import STEPS
from tests.arm.installing import ROOT, room_by_package
from tests.arm.pi import GUEST, Pi
from tests.arm.results import Row

WINDOWS = 200
REPLAY_S = 600
HOP_S = 1.2
"""A window begins every so many seconds."""
MAX_ROOM_MB = 200.0
MAX_START_INSTRUCTIONS = 1.5e9
"""Until the first line of `pulsekey run`, when model and gallery are loaded: 1.5 s at one instruction a nanosecond."""
MIN_COSINE = 0.9999
"""Of answers that may differ in their last bits (float, and ONNX Runtime's INT8), to this machine's."""
MAX_LLR_APART = 1e-3


@dataclass(frozen=True, slots=True)
class Reference:
    """What this machine does, written into files before anything is emulated."""

    folder: Path

    @property
    def windows(self) -> Path:
        """The windows that all are asked."""
        return self.folder / "windows.npz"

    @property
    def answers(self) -> Path:
        """What the models answer here."""
        return self.folder / "answers.npz"

    @property
    def recording(self) -> Path:
        """Ten minutes of a simulated wearer."""
        return self.folder / "ada.npz"

    @property
    def events(self) -> Path:
        """What `pulsekey run` says of it here."""
        return self.folder / "run.jsonl"

    def make(self) -> None:
        """Make what is not there yet.

        Raises:
            ArmError: Something of it failed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.windows.exists():
            _here(str(GUEST / "windows.py"), str(self.windows), str(WINDOWS))
        if not self.answers.exists():
            _here(str(GUEST / "answers.py"), str(self.windows), str(self.answers), "litert", "onnxruntime")
        if not self.recording.exists():
            port = f"sim://ada?speed=0&seconds={REPLAY_S}&seed=2"
            _here("-m", "device.cli", "record", str(self.recording), "--port", port, "--subject", "ada")
        if not self.events.exists():
            gallery = self.folder / "gallery.sqlite"
            _begin_anew(gallery)
            _here("-m", "device.cli", *enrol(gallery))
            self.events.write_text(_here("-m", "device.cli", *replay(gallery, self.recording)))


def _begin_anew(gallery: Path) -> None:
    """Remove a gallery with all that lies beside it: its key, and the state that knows how old it is."""
    for one in gallery.parent.glob(f"{gallery.name}*"):
        one.unlink()


def enrol(gallery: Path) -> list[str]:
    """Words of the command that enrols her."""
    return ["enrol", "ada", "--port", "sim://ada?speed=0", "--gallery", str(gallery)]


def replay(gallery: Path, recording: Path) -> list[str]:
    """Words of the command that replays her recording as fast as it can."""
    return ["run", "--port", f"replay://{recording}?speed=0", "--gallery", str(gallery), "--json"]


def _here(*words: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ArmError(f"{' '.join(words)[:200]} failed on this machine: {last_line(done.stderr)}")
    return done.stdout


def room(pi: Pi) -> Iterator[Row]:
    """What the installation takes on the card."""
    packages = room_by_package(pi.site)
    where = pi.release.python
    for name, size in packages.items():
        if size >= 1e6:
            yield Row(f"room of {name}", where, size / 1e6, "MB")
    yield Row(
        "room of the installation", where, sum(packages.values()) / 1e6, "MB", "<=", MAX_ROOM_MB, "bytecode and pip too"
    )


def demo(pi: Pi, core: Core, reference: Reference) -> Iterator[Row]:
    """`pulsekey demo`: it fails where a wearer is not recognised, or a stranger is."""
    told = pi.pulsekey(core, "demo", "--plain")
    yield Row(
        "demo: the lock opened for one and not for the other",
        _where(pi, core),
        float("Both right" in told),
        "",
        ">=",
        1,
    )


def answers(pi: Pi, core: Core, reference: Reference) -> Iterator[Row]:
    """The golden vectors and simulated windows through every model in both runtimes."""
    out = pi.build / "answers-here.npz"
    # With ONNX Runtime's installation, which has LiteRT too.
    words = (str(GUEST / "answers.py"), str(reference.windows), str(out), "litert", "onnxruntime")
    pi.python(core, *words, onnx=True)
    with np.load(out) as ours, np.load(reference.answers) as theirs:
        yield from compare_answers(
            dict(ours), dict(theirs), load_bundle(None).manifest.golden.min_cosine, _where(pi, core)
        )


def compare_answers(
    ours: dict[str, NDArray[Any]], theirs: dict[str, NDArray[Any]], min_golden: float, where: str
) -> Iterator[Row]:
    """Rows of the answers (n, d) of each `RUNTIME_PRECISION`, and of the golden vectors' cosines."""
    yield Row("LiteRT runs on XNNPACK", where, float(ours["delegate"]), "", ">=", 1)
    for name, right in theirs.items():
        if name == "delegate":
            continue
        mine = ours[name].astype(np.float64)
        if name.startswith("golden_"):
            check = f"{name.removeprefix('golden_')}: golden vectors, least cosine"
            yield Row(check, where, float(mine.min()), "", ">=", min_golden, f"{len(mine)} vectors")
            continue
        differing = int((ours[name] != right).any(axis=1).sum())
        wanted = right.astype(np.float64)
        cosine = (mine * wanted).sum(axis=1) / np.linalg.norm(mine, axis=1) / np.linalg.norm(wanted, axis=1)
        exact = name == "litert_int8"
        yield Row(
            f"{name}: answers unlike x86's",
            where,
            differing,
            "",
            "<=" if exact else "",
            0 if exact else None,
            f"of {len(mine)}",
        )
        yield Row(f"{name}: least cosine to x86's", where, float(cosine.min()), "", ">=", MIN_COSINE)


def front_end(pi: Pi, core: Core, reference: Reference) -> Iterator[Row]:
    """The front end's windows, made there, against those made here."""
    out = pi.build / "windows-here.npz"
    pi.python(core, str(GUEST / "windows.py"), str(out), str(WINDOWS))
    with np.load(out) as ours, np.load(reference.windows) as theirs:
        apart = float(np.abs(ours["windows"] - theirs["windows"]).max())
    yield Row(
        "front end: windows' largest difference to x86's",
        _where(pi, core),
        apart,
        "",
        "<=",
        1e-5,
        "standard deviations",
    )


def replayed(pi: Pi, core: Core, reference: Reference) -> Iterator[Row]:
    """Ten minutes through `pulsekey run`: the same decisions as here."""
    gallery = pi.build / "gallery.sqlite"
    _begin_anew(gallery)
    pi.pulsekey(core, *enrol(gallery))
    ours = pi.pulsekey(core, *replay(gallery, reference.recording))
    yield from compare_events(events_of(ours), events_of(reference.events.read_text()), _where(pi, core))


def events_of(told: str) -> list[dict[str, Any]]:
    """The events that `--json` wrote."""
    return [json.loads(line) for line in told.splitlines()]


def compare_events(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], where: str) -> Iterator[Row]:
    """Rows of what a run came to: decisions and windows one for one, and the likelihood ratios' largest difference."""
    kinds = ("identified", "unknown", "not_acquired")
    mine, right = ([e for e in events if e["event"] in kinds] for events in (ours, theirs))
    differing = sum(
        (a["event"], a.get("person"), a.get("windows")) != (b["event"], b.get("person"), b.get("windows"))
        for a, b in zip(mine, right, strict=False)
    ) + abs(len(mine) - len(right))
    yield Row("replay: decisions unlike x86's", where, differing, "", "<=", 0, f"of {len(right)}")
    ratios, expected = ([e["best_llr"] for e in events if e["event"] == "window_scored"] for events in (ours, theirs))
    apart = max((abs(a - b) for a, b in zip(ratios, expected, strict=False)), default=np.inf)
    yield Row(
        "replay: windows more or fewer than x86's",
        where,
        abs(len(ratios) - len(expected)),
        "",
        "<=",
        0,
        f"of {len(expected)}",
    )
    yield Row("replay: likelihood ratios' largest difference", where, float(apart), "", "<=", MAX_LLR_APART)
    lost = next((e["lost_samples"] for e in ours if e["event"] == "summary"), np.inf)
    yield Row("replay: samples lost", where, lost, "", "<=", 0, "of 75000")


def start(pi: Pi, core: Core, reference: Reference) -> Iterator[Row]:
    """Instructions from nothing to ready, and from package to package; how long that is on the board."""
    gallery = pi.build / "gallery-start.sqlite"
    if not gallery.exists():
        pi.pulsekey(core, *enrol(gallery))
    words = replay(gallery, reference.recording)
    marks, _ = pi.counted(core, str(pi.site / "bin/pulsekey"), *words, "--decisions", "1")
    executed = first_output(marks)
    where = _where(pi, core)
    yield Row(
        "start: instructions until ready to decide",
        where,
        executed / 1e6,
        "million",
        "<=",
        MAX_START_INSTRUCTIONS / 1e6,
    )
    yield _estimate("start: until ready to decide, estimated", where, core, executed, "s", 1.0)
    marks, _ = pi.counted(core, str(GUEST / "imports.py"))
    for step, count in zip(STEPS, spans(marks), strict=True):
        yield Row(f"start: import of {step}", where, count / 1e6, "million")


def window(pi: Pi, core: Core, reference: Reference) -> Iterator[Row]:
    """Instructions a window, step by step; how long that is on the board, and what share of a core."""
    marks, told = pi.counted(core, str(GUEST / "phases.py"), "litert")
    windows, good = (int(word) for word in told.split())
    front, network, _, decision = spans(marks)
    where = _where(pi, core)
    parts = {"front end": front / windows, "network": network / good, "decision": decision / windows}
    for name, count in parts.items():
        yield Row(f"window: {name}", where, count / 1e6, "million", note="instructions")
        yield _estimate(f"window: {name}, estimated", where, core, count, "ms", 1e3)
    whole = sum(parts.values())
    yield Row("window: all of it", where, whole / 1e6, "million", note="instructions")
    yield _estimate("window: share of one core, estimated", where, core, whole, "%", 100 / HOP_S)


def _estimate(check: str, where: str, core: Core, instructions: float, unit: str, scale: float) -> Row:
    low, middle, high = (scale * seconds for seconds in core.seconds(instructions))
    return Row(check, where, middle, unit, note=f"{core.board}: {low:.2g} to {high:.2g}")


def _where(pi: Pi, core: Core) -> str:
    return f"{pi.release.python} {core.name}"


CHECKS = {
    "answers": answers, "window": window, "start": start, "frontend": front_end, "replay": replayed, "demo": demo,
}  # fmt: skip
"""By their names for --only, the soonest done first."""
