"""Small folders laid out as the sets' publishers do; what is in them is returned, so that readers can be held to it."""

import zipfile
from pathlib import Path

import h5py
import numpy as np
import openpyxl
import wfdb

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def counts(size: int, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.random.default_rng(seed).integers(-1000, 1000, size)


def write_segment(
    folder: Path,
    name: str,
    frames: int,
    seed: int,
    *,
    fs: float = 125.0,
    pulse: str | None = "PLETH",
    per_frame: int = 1,
) -> Floats:
    """One segment of an ECG and, if it is named, a pulse; what the pulse is, in its unit."""
    flac = per_frame > 1
    ecg, ppg = counts(frames * (2 if flac else 1), seed + 1), counts(frames * per_frame, seed)
    signals = [(ecg, "II", "mV", 200.0, 2 if flac else 1), *([(ppg, pulse, "NU", 512.0, per_frame)] if pulse else [])]
    wfdb.wrsamp(
        name,
        fs=fs,
        units=[one[2] for one in signals],
        sig_name=[one[1] for one in signals],
        e_d_signal=[one[0] for one in signals],
        fmt=["516" if flac else "16"] * len(signals),
        samps_per_frame=[one[4] for one in signals],
        adc_gain=[one[3] for one in signals],
        baseline=[0] * len(signals),
        write_dir=str(folder),
    )
    return ppg / 512.0


def write_mimic3(root: Path, names: str = "II PLETH") -> dict[str, Floats]:
    """One record: two segments, a short gap, one without pulse, one with, a long gap, and one more."""
    folder = root / "p00" / "p000020"
    folder.mkdir(parents=True)
    pulses = {
        "a": write_segment(folder, "3544749_0001", 400, 10),
        "b": write_segment(folder, "3544749_0002", 300, 20),
        "d": write_segment(folder, "3544749_0004", 250, 40),
        "e": write_segment(folder, "3544749_0005", 500, 50),
    }
    write_segment(folder, "3544749_0003", 200, 30, pulse=None)
    (folder / "3544749_layout.hea").write_text(
        "3544749_layout 2 125 0\n" + "".join(f"~ 0 200/mV 16 0 0 0 0 {name}\n" for name in names.split())
    )
    lengths = [("3544749_layout", 0), ("3544749_0001", 400), ("3544749_0002", 300), ("~", 125), ("3544749_0003", 200)]
    lengths += [("3544749_0004", 250), ("~", 125 * 86_400), ("3544749_0005", 500)]
    total = sum(length for _, length in lengths)
    name = "p000020-2183-04-28-17-47"
    lines = [f"{name}/{len(lengths)} 2 125 {total} 17:47:12.500", *(f"{one} {length}" for one, length in lengths)]
    (folder / f"{name}.hea").write_text("\n".join([*lines, "# Location: micu"]) + "\n")
    (folder / f"{name}n.hea").write_text(f"{name}n 1 0.0166666667 10\n")  # numerics, which nobody reads
    return pulses


def write_mimic4(root: Path) -> Floats:
    folder = root / "waves" / "p100" / "p10014354" / "81739927"
    folder.mkdir(parents=True)
    pulse = write_segment(folder, "81739927_0001", 3000, 1, fs=62.4725, pulse="Pleth", per_frame=2)
    (folder / "81739927_0000.hea").write_text(
        "81739927_0000 2 62.4725/999.56 0\n~ 0x4 200/mV 16 0 0 0 0 II\n~ 0x2 512/NU 16 0 0 0 0 Pleth\n"
    )
    (folder / "81739927.hea").write_text(
        "81739927/2 2 62.4725/999.56 3000 20:05:00.000 01/02/2148\n81739927_0000 0\n81739927_0001 3000\n"
    )
    return pulse


def write_cuffless(folder: Path, sizes: dict[str, list[int]]) -> dict[str, Floats]:
    """MATLAB 7.3: an array of references, each to a matrix that HDF5 sees transposed."""
    pulses = {}
    for part, lengths in sizes.items():
        with h5py.File(folder / f"{part}.mat", "w") as file:
            cells = file.create_dataset(part, (len(lengths), 1), dtype=h5py.ref_dtype)
            for i, length in enumerate(lengths):
                matrix = counts(3 * length, len(pulses)).reshape(length, 3).astype(np.float64)
                cells[i, 0] = file.create_dataset(f"#refs#/{part}{i}", data=matrix).ref
                pulses[f"{part}/{i}"] = matrix[:, 0]
    return pulses


def write_bvp(path: Path, start: float, size: int, seed: int = 0) -> Floats:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = counts(size, seed) / 100
    path.write_bytes(bvp(start, samples))
    return samples


def bvp(start: float, samples: Floats) -> bytes:
    return "".join(f"{one:.6f}\r\n" for one in (start, 64.0)).encode() + b"".join(b"%.2f\r\n" % one for one in samples)


def write_dalia(root: Path, people: int = 2) -> list[Floats]:
    pulses = []
    for i in range(1, people + 1):
        folder = root / f"S{i}"
        folder.mkdir(parents=True)
        samples = counts(500, i) / 100
        with zipfile.ZipFile(folder / f"S{i}_E4.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("ACC.csv", "0\n32\n1,2,3\n")
            archive.writestr("BVP.csv", bvp(1_500_000_000.0 + 86_400 * i, samples))
        (folder / f"S{i}_quest.csv").write_text(
            f"# SUBJECT_ID, S{i}\n# AGE, {30 + i}\n# GENDER, {' mf'[i]}\n# SPORT, 5\n"
        )
        (folder / f"S{i}.pkl").write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
        pulses.append(samples)
    return pulses


def write_real_world(folder: Path, people: dict[str, list[int]]) -> dict[str, Floats]:
    """Sheets of 300 samples a column, then Serial and ID, each headed by a row with the label."""
    signals = {}
    for name, ids in people.items():
        book = openpyxl.Workbook()
        columns = [counts(300, i) for i in range(len(ids))]
        signals |= {f"{name}/{i + 1}": column.astype(np.float64) for i, column in enumerate(columns)}
        for row in zip(*(column.tolist() for column in columns), strict=True):
            book.active.append(row)
        for row in ([], ["Serial"], list(range(len(ids))), ["ID"], ids):
            book.active.append(row or [None])
        book.save(folder / f"{name}.xlsx")
    return signals


def write_wf_measured(folder: Path, person: str, site: str, size: int = 200) -> Floats:
    folder.mkdir(parents=True, exist_ok=True)
    infrared = counts(size, int(person)) + 50_000
    rows = [f"{1_700_000_000_000 + round(i * 7.8125)},{i},{one},{i + 1},0" for i, one in enumerate(infrared)]
    lines = [
        "MAXM86161 EVK",
        "Sample rate,128",
        "timestamp,LEDC1,LEDC2,LEDC3,flags",
        *rows,
        *["end,of,the,recorder,x"] * 4,
    ]
    (folder / f"{site}_{person}.csv").write_text("\n".join(lines) + "\n")
    return infrared.astype(np.float64)


def write_wf_prepared(folder: Path, person: str, window: int, size: int = 150) -> dict[str, Floats]:
    folder.mkdir(parents=True, exist_ok=True)
    wrist, finger = counts(size, window) / 7, counts(size, window + 1) / 7
    rows = [
        f"{i},{120 + i / 100},1,{w!r},3,4,{f!r},6"
        for i, (w, f) in enumerate(zip(wrist.tolist(), finger.tolist(), strict=True))
    ]
    names = ",".join(f"PPG_{site}_{colour}_LPF_10Hz" for site in ("In", "Ref") for colour in ("G", "IR", "R"))
    (folder / f"{window}_preprocessed_{person}.csv").write_text("\n".join([f",Time,{names}", *rows]) + "\n")
    return {"wrist": wrist, "finger": finger}
