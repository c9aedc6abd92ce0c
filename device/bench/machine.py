"""What this machine is and how it fares, from the kernel's files; what they do not say is None, and never guessed."""

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

INSTRUCTION_SETS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "neon", "asimd", "asimddp", "i8mm", "sve")
"""Those that kernels for float and INT8 products are written for."""
_CORES = {
    ("0x41", "0xb76"): "ARM1176", ("0x41", "0xc07"): "Cortex-A7", ("0x41", "0xd03"): "Cortex-A53",
    ("0x41", "0xd04"): "Cortex-A35", ("0x41", "0xd05"): "Cortex-A55", ("0x41", "0xd08"): "Cortex-A72",
    ("0x41", "0xd0b"): "Cortex-A76",
}  # fmt: skip
_THROTTLING = {
    0: "under voltage now", 1: "frequency capped now", 2: "throttled now", 3: "soft temperature limit now",
    16: "under voltage since boot", 17: "frequency capped since boot", 18: "throttled since boot",
    19: "soft temperature limit since boot",
}  # fmt: skip
"""Bits of a Raspberry Pi's get_throttled."""
_BUSY = 0.5


@dataclass(frozen=True, slots=True)
class Condition:
    """How the machine fares at one moment."""

    load_1min: float | None
    temperature_c: float | None
    throttling: tuple[str, ...] | None
    """Empty where the firmware says that there is none, None where no firmware says anything."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What does not change while the bench runs."""

    cpu: str | None
    board: str | None
    cores: int | None
    """Processors that the kernel counts, hyperthreads too."""
    kernel: str | None
    python: str
    instruction_sets: tuple[str, ...] | None
    governor: str | None
    """What sets the frequency of the first processor."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in the report."""
        return asdict(self)


def read_machine(root: Path = Path("/")) -> Machine:
    """What the machine is, from the kernel's files below `root`."""
    fields = _cpu_fields(root)
    return Machine(
        cpu=_cpu(fields),
        board=_text(root / "proc/device-tree/model"),
        cores=_cores(root),
        kernel=_text(root / "proc/sys/kernel/osrelease"),
        python=platform.python_version(),
        instruction_sets=_instruction_sets(fields),
        governor=_text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
    )


def read_condition(root: Path = Path("/")) -> Condition:
    """How it fares now, from the kernel's files below `root`."""
    load = _text(root / "proc/loadavg")
    millidegrees = _text(root / "sys/class/thermal/thermal_zone0/temp")
    throttled = _text(root / "sys/devices/platform/soc/soc:firmware/get_throttled")
    return Condition(
        load_1min=None if load is None else float(load.split()[0]),
        temperature_c=None if millidegrees is None else int(millidegrees) / 1000.0,
        throttling=None if throttled is None else _throttling(int(throttled, 16)),
    )


def warnings(machine: Machine, before: Condition, after: Condition, threads: int) -> list[str]:
    """What makes the times of this run doubtful; `threads`: the most that were used."""
    found = []
    cores = machine.cores
    if cores is not None and before.load_1min is not None and before.load_1min > _BUSY * cores:
        found.append(f"the machine was busy before the run (load {before.load_1min:.2f} on {cores} cores)")
    if cores is not None and threads > cores:
        found.append(f"{threads} threads share {cores} cores")
    if machine.governor not in (None, "performance"):
        found.append(f"the frequency governor is {machine.governor}, not performance: clocks may have been low")
    if after.throttling:
        found.append(f"the firmware reports: {', '.join(after.throttling)}")
    return found


def _throttling(bits: int) -> tuple[str, ...]:
    return tuple(words for bit, words in _THROTTLING.items() if bits >> bit & 1)


def _cpu(fields: Mapping[str, str]) -> str | None:
    maker, part = fields.get("CPU implementer"), fields.get("CPU part")
    numbered = None if maker is None or part is None else f"ARM implementer {maker}, part {part}"
    # Before "model name", which on 32-bit ARM is the instruction set's.
    return _CORES.get((maker or "", part or "")) or fields.get("model name") or numbered


def _instruction_sets(fields: Mapping[str, str]) -> tuple[str, ...] | None:
    flags = fields.get("flags", fields.get("Features"))
    return None if flags is None else tuple(name for name in INSTRUCTION_SETS if name in flags.split())


def _cores(root: Path) -> int | None:
    text = _text(root / "proc/cpuinfo")
    return None if text is None else sum(line.startswith("processor") for line in text.splitlines()) or None


def _cpu_fields(root: Path) -> dict[str, str]:
    """The fields of /proc/cpuinfo as the first processor has them."""
    fields: dict[str, str] = {}
    for line in (_text(root / "proc/cpuinfo") or "").splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip(), value.strip())
    return fields


def _text(path: Path) -> str | None:
    """What a kernel file says; None where there is none, as on other kinds of machine."""
    try:
        return path.read_bytes().decode("utf-8", "replace").strip("\0\n\t ") or None
    except OSError:
        return None
