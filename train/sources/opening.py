"""A source by what is written on a command line: ``NAME=PATH``, or a path whose layout is recognised."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from firmware_bridge.errors import RecordingError, RecordingReason
from train.sources.base import Source
from train.sources.bidmc import BidmcSource
from train.sources.challenge2015 import ChallengeCohortSource, ChallengeFolderSource
from train.sources.cohort_file import CohortSource
from train.sources.csv_mapping import CsvSource
from train.sources.cuffless import CufflessSource
from train.sources.empatica import E4Source
from train.sources.mimic import Mimic3Source, Mimic4Source
from train.sources.ppg_dalia import DaliaSource
from train.sources.real_world import RealWorldSource
from train.sources.wf_ppg import WfPpgSource

Opener = Callable[[str, Path], Source]
_ON_FINGER, _ON_WRIST = partial(CohortSource, site="finger"), partial(CohortSource, site="wrist")


@dataclass(frozen=True, slots=True)
class Layout:
    """What one name of ``NAME=PATH`` stands for."""

    what: str
    """One line for a list: what PATH is."""
    open_file: Opener | None = None
    """Opens PATH where it is a file, by the source's name; None if it never is."""
    open_folder: Opener | None = None
    """The same where it is a folder."""
    patterns: tuple[str, ...] = ()
    """A folder that is named alone is recognised by having something of one of these."""
    named_by_path: bool = False
    """Whether the source is called as the file or folder is, since the layout is nobody's own."""


SOURCES: Mapping[str, Layout] = {
    "bidmc": Layout("folder of bidmcNN.hea and .dat, or a cohort file", _ON_FINGER, BidmcSource, ("bidmc*.hea",)),
    "challenge2015": Layout(
        "folder of a103l.hea and .mat, or the challenge's cohort file",
        ChallengeCohortSource,
        ChallengeFolderSource,
        ("[abftv][0-9][0-9][0-9]*[ls].hea",),
    ),
    "mimic3": Layout(
        "folder of MIMIC-III's matched waveforms: p00/p000020/p000020-2183-04-28-17-47.hea",
        open_folder=Mimic3Source,
        patterns=("p0[0-9]/p[0-9]*/p[0-9]*-*.hea", "p[0-9]*/p[0-9]*-*.hea", "p[0-9]*-*.hea"),
    ),
    "mimic4": Layout(
        "folder of MIMIC-IV's waveforms: p100/p10014354/81739927/81739927.hea",
        open_folder=Mimic4Source,
        patterns=tuple(up + "p[0-9]*/[0-9]*/[0-9]*.hea" for up in ("waves/p[0-9]*/", "p[0-9]*/", "")),
    ),
    "cuffless": Layout(
        "folder of Part_1.mat to Part_4.mat (MATLAB 7.3) of Cuff-Less Blood Pressure Estimation",
        open_folder=CufflessSource,
        patterns=("Part_*.mat",),
    ),
    "real_world": Layout(
        "folder of train8.xlsx and test8.xlsx of the Real-World PPG dataset",
        open_folder=RealWorldSource,
        patterns=("train8.xlsx", "test8.xlsx"),
    ),
    "wf_ppg": Layout(
        "folder of WF-PPG: wrist_1000.csv and finger_1000.csv, or 0_preprocessed_1000.csv",
        open_folder=WfPpgSource,
        patterns=("wrist_*.csv", "*_preprocessed_*.csv", "*/wrist_*.csv", "*/*_preprocessed_*.csv"),
    ),
    "ppg_dalia": Layout(
        "PPG-DaLiA's folder PPG_FieldStudy: S1/S1_E4.zip",
        open_folder=DaliaSource,
        patterns=("S*/S*_E4.zip", "S*/S*_E4/BVP.csv"),
    ),
    "stress_predict": Layout("folder Raw_data of S01/BVP.csv, or a cohort file", _ON_WRIST, E4Source),
    "one_month": Layout("a cohort file (.npz) made of the set; the publisher's own layout is not read", _ON_WRIST),
    "e4": Layout(
        "any folder of Empatica E4 folders: PERSON/BVP.csv",
        open_folder=E4Source,
        patterns=("BVP.csv", "*/BVP.csv", "*/*/BVP.csv"),
        named_by_path=True,
    ),
    "cohort": Layout("any cohort file (.npz)", CohortSource, named_by_path=True),
    "csv": Layout(
        "a .toml file that says where CSV files are and what their columns mean", lambda _, path: CsvSource(path)
    ),
}
"""Every source there is, by name."""


def open_source(text: str) -> Source:
    """The recordings that ``text`` names.

    Args:
        text: ``NAME=PATH`` with a name of ``SOURCES``, or a path alone: a ``.npz`` that is called as a source is that
            source, another is a cohort, a ``.toml`` is a mapping, and a folder is recognised by what is in it.

    Raises:
        RecordingError: no such name, nothing at the path, or a layout that is not recognised.
        TrainError: a mapping of CSV files that does not hold together.
    """
    name, equals, rest = text.partition("=")
    if equals and name in SOURCES:
        path = _existing(rest)
        return _open(name, path)
    if equals and not Path(text).exists():
        raise RecordingError(RecordingReason.NOT_FOUND, f"no source is named {name!r}; there are {', '.join(SOURCES)}")
    path = _existing(text)
    return _open(_recognised(path), path)


def _existing(text: str) -> Path:
    path = Path(text).expanduser()
    if not text or not path.exists():
        raise RecordingError(RecordingReason.NOT_FOUND, f"nothing at {text!r}; give NAME=PATH or a path that is there")
    return path


def _open(name: str, path: Path) -> Source:
    layout = SOURCES[name]
    opener = layout.open_folder if path.is_dir() else layout.open_file
    if opener is None:
        kind = "folder" if path.is_dir() else "file"
        raise RecordingError(
            RecordingReason.UNREADABLE, f"{path} is a {kind}; {name} takes a path like this: {layout.what}"
        )
    return opener(path.absolute().stem if layout.named_by_path else name, path)


def _recognised(path: Path) -> str:
    if path.suffix == ".npz":
        layout = SOURCES.get(path.stem)
        return path.stem if layout and layout.open_file else "cohort"
    if path.suffix == ".toml":
        return "csv"
    for name, layout in SOURCES.items():
        if path.is_dir() and any(next(path.glob(pattern), None) for pattern in layout.patterns):
            return name
    names = ", ".join(SOURCES)
    raise RecordingError(
        RecordingReason.UNREADABLE, f"{path} is laid out as no known source; say which, NAME={path}, of {names}"
    )
