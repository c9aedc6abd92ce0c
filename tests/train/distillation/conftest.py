"""A folder of recordings as published ones are laid out, of people made of a few harmonics and spikes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wfdb

from train.distillation.config import DistillationConfig, load_distillation

CONFIGS = Path(__file__).parents[3] / "train" / "configs"
RATE_HZ = 125
SECONDS = 110


def heartbeat(number: int) -> tuple[np.ndarray, np.ndarray]:
    """PPG and ECG (n,) of one made-up person; the pulse follows each beat by 0.3 s."""
    rng = np.random.default_rng(number)
    t = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    phase = 2 * np.pi * (1.0 + 0.07 * number) * t + 0.3 * np.sin(0.2 * t)
    late = np.interp(t - 0.3, t, phase)
    ppg = np.cos(late) + 0.1 * number * np.cos(2 * late + number) + 0.02 * rng.normal(size=t.size)
    ecg = np.exp(-0.5 * (((phase / (2 * np.pi)) % 1.0 - 0.5) / (0.02 + 0.003 * number)) ** 2)
    return ppg, ecg + 0.02 * rng.normal(size=t.size)


def write_challenge(path: Path, people: int, **changes: np.ndarray) -> None:
    signals = [heartbeat(n) for n in range(people)]
    size = signals[0][0].size
    numbers = np.array([100 + 40 * n for n in range(people)])
    names = [f"a{n}l" for n in numbers]
    arrays = {
        "fs": np.float64(RATE_HZ),
        "start": np.arange(people + 1) * size,
        "subject": np.array([f"c15g{n}" for n in numbers]),
        "session": np.array(names),
        "record": np.array(names),
        "group": numbers,
        "number": numbers,
        "ppg_good_frac": np.ones(people),
        "ecg_lead": np.array(["II"] * people),
    }
    for i, channel in enumerate(("ppg", "ecg")):
        arrays[channel] = np.concatenate([np.rint(one[i] * 8000) for one in signals]).astype(np.int16)
        arrays[f"{channel}_scale"], arrays[f"{channel}_offset"] = np.full(people, 1 / 8000), np.zeros(people)
    path.parent.mkdir(exist_ok=True)
    np.savez(path, allow_pickle=False, **(arrays | changes))


def write_bidmc(folder: Path, number: int, lead: str = "II") -> None:
    folder.mkdir(exist_ok=True)
    ppg, ecg = heartbeat(number)
    wfdb.wrsamp(
        f"bidmc{number:02d}",
        fs=RATE_HZ,
        units=["NU", "mV"],
        sig_name=["PLETH", lead],
        p_signal=np.stack((ppg, ecg), axis=1),
        fmt=["16", "16"],
        comments=[f"<source>: matched/s{number:05d}/ <data>"],
        write_dir=str(folder),
    )


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five people of the challenge and two of BIDMC, one of whom has another lead."""
    folder = tmp_path_factory.mktemp("recordings")
    write_challenge(folder / "challenge2015" / "challenge2015.npz", 5)
    write_bidmc(folder / "bidmc", 5)
    write_bidmc(folder / "bidmc", 6, lead="V")
    return folder


@pytest.fixture
def tiny() -> Callable[..., DistillationConfig]:
    """A shipped config, made small."""

    def make(name: str, epochs: int = 2) -> DistillationConfig:
        config = load_distillation(CONFIGS / f"{name}.toml")
        schedule = replace(config.schedule, epochs=epochs, batch_size=8, windows_per_person=8)
        network = replace(config.network, width=0.25, embedding_size=16)
        return replace(config, threads=1, network=network, schedule=schedule)

    return make
