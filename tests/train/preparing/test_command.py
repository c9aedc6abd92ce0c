import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from dask.distributed import Client

from device.errors import CommandError
from device.frontend import windows_of
from firmware_bridge.errors import RecordingError
from firmware_bridge.recordings import Recording
from tests.train.preparing.fakes import pulse
from train.cohorts import write_cohort
from train.commands import data
from train.frontend_design import design
from train.preparing.reading import open_prepared
from train.windows import training_spec


@pytest.fixture
def asked(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, int]]:
    """What workers were asked for; those of the tests come."""
    told: list[tuple[str | None, int]] = []

    @contextmanager
    def workers(scheduler: str | None, count: int) -> Iterator[Client]:
        told.append((scheduler, count))
        yield client

    monkeypatch.setattr("train.preparing.cluster.workers", workers)
    return told


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    path = tmp_path / "people.npz"
    write_cohort(path, [Recording(pulse(n, 30.0), 125.0, f"p{n}", "1", f"r{n}") for n in range(3)])
    return path


def run(*words: object) -> int:
    parser = argparse.ArgumentParser()
    data.add_arguments(parser)
    return data.run(parser.parse_args(["prepare", *map(str, words)]))


def test_a_cohort_is_prepared_and_told(
    asked: list[tuple[str | None, int]], cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(cohort, "--out", out, "--hop", "60", "--warp", "0.1") == 0
    assert run(cohort, "--out", out, "--hop", "60", "--warp", "0.1", "--scheduler", "tcp://here:1") == 0
    assert asked == [(None, 2), ("tcp://here:1", 2)]
    spec = training_spec(design(), 60, 0.1)
    expected = [len(windows_of(pulse(n, 30.0), 125.0, spec)) for n in range(3)]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        f"people:people.npz: 3 people, 3 records, 0.0 h: {sum(expected)} windows, {sum(expected)} good, "
    )
    assert lines[1].endswith("prepared.json: 3 files made now, 0 were there")
    assert lines[3].endswith("prepared.json: 0 files made now, 3 were there")
    prepared = open_prepared(out)
    assert prepared.spec == spec
    assert [len(prepared.person_windows(one).pulse) for one in prepared.people] == expected


def test_unreadable_records_are_an_error_unless_they_may_be_skipped(
    asked: list[tuple[str | None, int]], cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: object, i: int) -> Recording:
        if i == 1:
            raise RecordingError("unreadable", "r1 is damaged")  # type: ignore[arg-type]
        return Recording(pulse(i, 30.0), 125.0, f"p{i}", "1", f"r{i}")

    monkeypatch.setattr("firmware_bridge.recordings.cohort.Cohort.__getitem__", read)
    words = (cohort, "--out", tmp_path / "out")
    with pytest.raises(RecordingError, match="1 of 3 records could not be read"):
        run(*words)
    assert run(*words, "--skip-unreadable") == 0
    assert open_prepared(tmp_path / "out").sources["people:people.npz"].unreadable == {"r1": "r1 is damaged"}


@pytest.mark.parametrize(
    "words", [("--hop", "0"), ("--workers", "0"), ("--warp", "1"), ("--warp", "-0.1"), ("--warp", "nan")]
)
def test_numbers_that_mean_nothing_are_refused(
    words: tuple[str, str], asked: list[tuple[str | None, int]], cohort: Path, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=words[0]):
        run(cohort, "--out", tmp_path / "out", *words)
    assert asked == []
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_not_there_is_refused(asked: list[tuple[str | None, int]], tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="nothing at"):
        run(tmp_path / "none.npz", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_table_of_real_windows_goes_to_one_file_a_person_and_session(
    asked: list[tuple[str | None, int]], data_folder: Path, tmp_path: Path
) -> None:
    some, out = tmp_path / "one_month.npz", tmp_path / "out"
    with np.load(data_folder / "one_month" / "one_month.npz") as arrays:
        chosen = np.flatnonzero(np.isin(arrays["subject"], np.unique(arrays["subject"])[:2]))[::4]
        taken = {name: arrays[name] if arrays[name].ndim == 0 else arrays[name][chosen] for name in arrays}
    np.savez(some, allow_pickle=False, **taken)
    sittings = set(zip(taken["subject"].tolist(), taken["session"].tolist(), strict=True))
    assert run(some, "--out", out, "--hop", "300") == 0
    assert len(list(out.rglob("*.parquet"))) == len(sittings)
    facts = list(open_prepared(out).provenance())
    assert len(facts) == len(chosen)
    assert {(one.person.removeprefix("one_month/"), one.session) for one in facts} == sittings
    assert {one.site for one in facts} == {"wrist"}
