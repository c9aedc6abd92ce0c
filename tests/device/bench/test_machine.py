"""Machine facts from made-up kernel files."""

from pathlib import Path

import pytest

from device.bench.machine import Condition, Machine, read_condition, read_machine, warnings

PI = {
    "proc/cpuinfo": "".join(
        f"processor\t: {i}\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm aes crc32 asimddp\n"
        "CPU implementer\t: 0x41\nCPU part\t: 0xd0b\n\n"
        for i in range(4)
    )
    + "Revision\t: c04170\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n",
    "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
    "proc/sys/kernel/osrelease": "6.6.31+rpt-rpi-2712\n",
    "proc/loadavg": "0.42 0.30 0.20 1/200 4242\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
    "sys/class/thermal/thermal_zone0/temp": "61850\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "50004\n",
}
PC = {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Some CPU @ 3.00GHz\nflags\t\t: fpu sse2 avx2 fma avx512_vnni\n\n"
    "processor\t: 1\nmodel name\t: Some CPU @ 3.00GHz\n",
    "proc/loadavg": "1.50 1.00 0.50 3/100 1\n",
}


def make(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_raspberry_pi(tmp_path: Path) -> None:
    root = make(tmp_path, PI)
    machine = read_machine(root)
    assert (machine.board, machine.cpu, machine.cores) == ("Raspberry Pi 5 Model B Rev 1.0", "Cortex-A76", 4)
    assert (machine.kernel, machine.governor) == ("6.6.31+rpt-rpi-2712", "ondemand")
    assert machine.instruction_sets == ("asimd", "asimddp")
    condition = read_condition(root)
    assert (condition.load_1min, condition.temperature_c) == (0.42, 61.85)
    assert condition.throttling == ("throttled now", "under voltage since boot", "throttled since boot")
    says = warnings(machine, condition, condition, threads=4)
    assert len(says) == 2
    assert "ondemand" in says[0]
    assert "throttled now" in says[1]


def test_a_pc_in_a_container(tmp_path: Path) -> None:
    root = make(tmp_path, PC)
    machine, condition = read_machine(root), read_condition(root)
    assert (machine.cpu, machine.cores) == ("Some CPU @ 3.00GHz", 2)
    assert machine.instruction_sets == ("avx2", "fma", "avx512_vnni")
    assert (machine.board, machine.kernel, machine.governor) == (None, None, None)
    assert condition == Condition(load_1min=1.5, temperature_c=None, throttling=None)
    busy, crowded = warnings(machine, condition, condition, threads=3)
    assert "busy" in busy
    assert "3 threads share 2 cores" in crowded


def test_what_is_not_there_is_not_made_up(tmp_path: Path) -> None:
    machine, condition = read_machine(tmp_path), read_condition(tmp_path)
    assert machine == Machine(None, None, None, None, machine.python, None, None)
    assert condition == Condition(None, None, None)
    assert warnings(machine, condition, condition, threads=8) == []


@pytest.mark.parametrize(
    ("fields", "cpu"),
    [
        ("CPU implementer\t: 0x41\nCPU part\t: 0xd08\n", "Cortex-A72"),
        ("CPU implementer\t: 0x51\nCPU part\t: 0x800\n", "ARM implementer 0x51, part 0x800"),
        ("model name\t: ARMv7 Processor rev 3 (v7l)\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n", "Cortex-A72"),
        ("BogoMIPS\t: 50.00\n", None),
    ],
)
def test_processors_by_number(tmp_path: Path, fields: str, cpu: str | None) -> None:
    assert read_machine(make(tmp_path, {"proc/cpuinfo": f"processor\t: 0\n{fields}"})).cpu == cpu


def test_no_throttling_is_not_unknown_throttling(tmp_path: Path) -> None:
    root = make(tmp_path, {"sys/devices/platform/soc/soc:firmware/get_throttled": "0\n"})
    assert read_condition(root).throttling == ()
