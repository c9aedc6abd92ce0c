"""Recordings of simulated wearers, laid out as the sets that bundles are reported on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import wfdb

from firmware_bridge.wearers import RATE_HZ, WearerSource, load_wearer, wearer_names

SESSIONS = ("week1_session1", "week1_session2", "week2_session1", "week2_session2")
ROW_S = 8.0
MONTH_RATE_HZ = 31.25


def pulse_of(number: int, seconds: float, seed: int = 0) -> np.ndarray:
    """A simulated wearer's infrared pulse, pointing up, at 125 Hz."""
    counts = WearerSource(load_wearer(wearer_names()[number]), seed, seconds).read(round(seconds * RATE_HZ))
    return -counts[:, 0].astype(np.float64)


def write_bidmc(folder: Path, people: Sequence[tuple[str, str, str]], seconds: float) -> None:
    """WFDB files as the set has them; people are (name, sex, age) as its headers tell."""
    folder.mkdir(parents=True)
    for number, (name, sex, age) in enumerate(people):
        comment = f"<age>: {age} <sex>: {sex} <location>: micu <source>: https://example.org/matched/{name}/ <end>: 1"
        pulse = pulse_of(number, seconds)
        wfdb.wrsamp(
            f"bidmc{number + 1:02d}",
            fs=125,
            units=["NU"],
            sig_name=["PLETH"],
            p_signal=(pulse - pulse.mean())[:, None] / np.ptp(pulse),
            fmt=["16"],
            comments=[comment],
            write_dir=str(folder),
        )


def write_one_month(path: Path, people: int, rows: int) -> None:
    """A table of windows of so many people, ``rows`` in each session."""
    path.parent.mkdir(parents=True)
    samples = round(ROW_S * MONTH_RATE_HZ)
    table, subjects, sessions = [], [], []
    for person in range(people):
        for number, session in enumerate(SESSIONS):
            # Every fourth sample of 125 Hz: the simulated pulse has nothing above 15 Hz to speak of.
            pulse = pulse_of(person, rows * ROW_S, seed=number + 1)[::4]
            pulse -= pulse.mean()
            table.append(np.rint(pulse / np.abs(pulse).max() * 30_000).astype(np.int16).reshape(rows, samples))
            subjects += [f"om{person}"] * rows
            sessions += [session] * rows
    ppg = np.concatenate(table)
    np.savez(
        path,
        fs=MONTH_RATE_HZ,
        ppg=ppg,
        ppg_scale=np.ones(len(ppg)),
        ppg_offset=np.zeros(len(ppg)),
        subject=np.array(subjects),
        session=np.array(sessions),
    )
