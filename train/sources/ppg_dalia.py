"""PPG-DaLiA (UCI 495): folders ``S1`` to ``S15``, each with ``S1_E4.zip`` (``BVP.csv``, 64 Hz) and ``S1_quest.csv``.

The archive may also lie unpacked as ``S1_E4/``. ``S1.pkl``, which holds the same signal, is never opened: a pickle runs
whatever its file says. Made to the layout published and as others read it, not tried on the files themselves.
"""

import re
import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePosixPath

from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording
from train.sources.base import SourceRecord
from train.sources.empatica import FILE, SITE, parse, session_of
from train.sources.failing import no_signal, nothing_of, unreadable

MAX_BYTES = 64_000_000
"""Two and a half hours are 6 MB of text; an archive that unpacks to ten times that is another one."""
_ANSWER = re.compile(r"#?\s*(AGE|GENDER)\s*,\s*(\w+)", re.IGNORECASE)


class DaliaSource:
    """The people of one folder ``PPG_FieldStudy``."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def records(self) -> list[SourceRecord]:
        """See ``Source.records``; the head of each ``BVP.csv`` and the questionnaires are read."""
        folders = [one for one in self.path.glob("S*") if one.is_dir() and re.fullmatch(r"S\d+", one.name)]
        if not folders:
            raise nothing_of(self.path, "S1/S1_E4.zip", "the folder PPG_FieldStudy")
        return [self._record(folder) for folder in sorted(folders, key=lambda one: int(one.name[1:]))]

    def _record(self, folder: Path) -> SourceRecord:
        path = _bvp(folder)
        session = session_of(path, _content(path, 64).split(b"\n", 1)[0])
        sex, age = _answers(folder / f"{folder.name}_quest.csv")
        read = partial(_read, path, folder.name, session)
        return SourceRecord(f"{self.name}/{folder.name}", folder.name, read, session, site=SITE, sex=sex, age=age)


def _bvp(folder: Path) -> Path:
    """The archive or the unpacked file."""
    unpacked, archive = folder / f"{folder.name}_E4" / FILE, folder / f"{folder.name}_E4.zip"
    if not unpacked.is_file() and not archive.is_file():
        raise RecordingError(
            RecordingReason.NOT_FOUND,
            f"no {archive.name} in {folder}; add it, since the .pkl is not read: opening one runs what it says",
        )
    return unpacked if unpacked.is_file() else archive


def _content(path: Path, most: int) -> bytes:
    """The first ``most`` bytes of the ``BVP.csv`` that ``path`` is or holds."""
    try:
        if path.suffix != ".zip":
            with path.open("rb") as file:
                return file.read(most)
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if PurePosixPath(name).name == FILE]
            if len(names) != 1:
                raise no_signal(path, f"holds {len(names)} files {FILE}, where one was expected")
            with archive.open(names[0]) as file:
                return file.read(most)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise unreadable(path, error) from error


def _read(path: Path, person: str, session: str) -> Recording:
    content = _content(path, MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise unreadable(path, ValueError(f"more than {MAX_BYTES // 1_000_000} MB of text"))
    return parse(path, content, person, session, person)


def _answers(path: Path) -> tuple[str, int | None]:
    """Sex and age of a questionnaire, lines such as ``# AGE, 34`` and ``# GENDER, m``; nothing where it is absent."""
    if not path.is_file():
        return "", None
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise unreadable(path, error) from error
    told = {match[1].upper(): match[2] for line in lines if (match := _ANSWER.match(line.strip()))}
    sex = told.get("GENDER", "")[:1].upper()
    age = told.get("AGE", "")
    return sex if sex in ("F", "M") else "", int(age) if age.isdecimal() else None
