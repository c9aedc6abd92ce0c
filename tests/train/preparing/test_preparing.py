import fcntl
import json
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from dask.distributed import Client

from device.errors import CommandError, CommandReason
from device.frontend import FrontEndSpec
from firmware_bridge.errors import RecordingError, RecordingReason
from tests.train.preparing.fakes import lay, opened, read_log
from train.data.errors import DataError, DataReason
from train.errors import TrainError
from train.preparing.cluster import PER_THREAD, results
from train.preparing.manifest import MANIFEST
from train.preparing.plan import WINDOWS
from train.preparing.preparing import check_readable, prepare_sources
from train.preparing.reading import open_prepared
from train.preparing.writing import PARTS

Workers = AbstractContextManager[Client]


@contextmanager
def nobody() -> Iterator[Client]:
    """What must be refused is refused before anybody works."""
    pytest.fail("workers were started")
    yield


def test_a_second_call_reads_nothing_and_a_cut_one_goes_on(
    here: Workers, folder: Path, out: Path, spec: FrontEndSpec
) -> None:
    text = lay(folder, "p 1 a good", "p 2 b good", "q 1 c good", "q 1 d good")
    first = prepare_sources(here, [text], out, spec, opened)
    assert (first.made, first.there) == (3, 0)
    assert sorted(read_log(folder)) == ["a", "b", "c", "d"]
    made = {file: file.read_bytes() for file in (out / WINDOWS).rglob("*.parquet")}
    manifest = (out / MANIFEST).read_text()
    again = prepare_sources(here, [text], out, spec, opened)
    assert (again.made, again.there) == (0, 3)
    assert again.counts == first.counts
    assert len(read_log(folder)) == 4
    lost = next(file for file in made if file.name.startswith("2-"))
    lost.unlink()
    (out / PARTS / "left by one who was killed").touch()
    prepare_sources(here, [text], out, spec, opened)
    assert read_log(folder)[4:] == ["b"]
    assert {file: file.read_bytes() for file in (out / WINDOWS).rglob("*.parquet")} == made
    assert (out / MANIFEST).read_text() == manifest
    assert list((out / PARTS).iterdir()) == []


def test_sources_are_added_and_counted_apart(here: Workers, folder: Path, out: Path, spec: FrontEndSpec) -> None:
    one = lay(folder, "p 1 a good", "p 1 b short")
    two = lay(folder.with_name("other"), "p 1 a good", "r 1 c unreadable", name="bidmc")
    prepare_sources(here, [one], out, spec, opened)
    prepared = prepare_sources(here, [two], out, spec, opened)
    assert list(prepared.counts) == ["bidmc:other"]
    data = json.loads((out / MANIFEST).read_text())
    assert data["front_end"] == spec.to_dict()
    assert (data["front_end_digest"], data["hop_samples"]) == (spec.digest(), 75)
    made, bidmc = data["sources"]["made:recordings"], data["sources"]["bidmc:other"]
    assert (made["people"], made["records"], made["seconds"], made["unreadable"]) == (1, 2, 14.0, {})
    assert made["windows"] == made["good"] + sum(made["refused"].values()) == 14
    assert (bidmc["people"], bidmc["records"], bidmc["unreadable"]) == (2, 1, {"c": "c is damaged"})
    assert made["licence"] is None
    assert "ODC-BY" in bidmc["licence"]
    assert bidmc["citation"]
    assert open_prepared(out).people == ("bidmc/p", "made/p")


def test_a_source_may_come_in_parts_and_a_part_may_be_gone(
    here: Workers, folder: Path, out: Path, spec: FrontEndSpec
) -> None:
    parts = [lay(folder.with_name(f"p{n}"), f"p{n} 1 a{n} good") for n in range(2)]
    for text in parts:
        prepare_sources(here, [text], out, spec, opened)
    prepared = open_prepared(out)
    assert prepared.people == ("made/p0", "made/p1")
    assert sorted(prepared.sources) == ["made:p0", "made:p1"]
    assert [facts.record for facts in prepared.provenance()] == ["a0", "a1"]


def test_what_cannot_be_read_is_named_and_not_passed_over(
    here: Workers, folder: Path, out: Path, spec: FrontEndSpec, caplog: pytest.LogCaptureFixture
) -> None:
    text = lay(folder, "p 1 a good", "q 1 b unreadable", "r 1 c unreadable")
    with caplog.at_level(logging.WARNING):
        prepared = prepare_sources(here, [text], out, spec, opened)
    assert sorted(record.message for record in caplog.records) == [
        "made:recordings: record b: b is damaged",
        "made:recordings: record c: c is damaged",
    ]
    with pytest.raises(RecordingError, match="2 of 3 records could not be read") as caught:
        check_readable(prepared)
    assert caught.value.reason is RecordingReason.UNREADABLE
    (folder / "mended").touch()
    check_readable(prepare_sources(here, [text], out, spec, opened))
    assert sorted(read_log(folder)) == ["a", "b", "c"]


def test_another_front_end_or_copy_is_refused_before_any_work(
    here: Workers, folder: Path, out: Path, spec: FrontEndSpec
) -> None:
    text = lay(folder, "p 1 a good", "q 1 b good")
    prepare_sources(here, [text], out, spec, opened)
    before = (out / MANIFEST).read_text()
    other = replace(spec, quality=replace(spec.quality, max_crest=3.0))
    for changed, what in ((replace(spec, hop_samples=60), "hop of 75, .* at 60"), (other, "another front end")):
        with pytest.raises(CommandError, match=what) as caught:
            prepare_sources(nobody(), [text], out, changed, opened)
        assert caught.value.reason is CommandReason.BAD_ARGUMENT
    copy = lay(folder.with_name("copy"), "p 2 c good", "z 1 d good")
    with pytest.raises(CommandError, match=r"holds 1 files that .* such as .*person=made%2Fp"):
        prepare_sources(nobody(), [copy], out, spec, opened)
    with pytest.raises(CommandError, match=r"made/p is in .*recordings and in .*copy"):
        prepare_sources(nobody(), [text, copy], out, spec, opened)
    with pytest.raises(CommandError, match="made:recordings is given twice"):
        prepare_sources(nobody(), [text, text], out, spec, opened)
    assert (out / MANIFEST).read_text() == before


def test_a_folder_of_something_else_or_in_use_is_refused(folder: Path, out: Path, spec: FrontEndSpec) -> None:
    text = lay(folder, "p 1 a good")
    (out / WINDOWS).mkdir(parents=True)
    with pytest.raises(CommandError, match=f"no {MANIFEST}"):
        prepare_sources(nobody(), [text], out, spec, opened)
    with (out / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(DataError) as caught:
            prepare_sources(nobody(), [text], out, spec, opened)
    assert caught.value.reason is DataReason.BUSY
    (out / WINDOWS).rmdir()
    (out / MANIFEST).write_text("{}")
    with pytest.raises(TrainError, match="not of this version"):
        prepare_sources(nobody(), [text], out, spec, opened)


def test_a_folder_that_is_not_finished_is_not_trained_on(
    here: Workers, folder: Path, out: Path, spec: FrontEndSpec
) -> None:
    @contextmanager
    def cut() -> Iterator[Client]:
        raise KeyboardInterrupt
        yield

    text = lay(folder, "p 1 a good")
    with pytest.raises(KeyboardInterrupt):
        prepare_sources(cut(), [text], out, spec, opened)
    with pytest.raises(TrainError, match="made:recordings is not whole"):
        open_prepared(out)
    with pytest.raises(CommandError, match="at 60"):
        prepare_sources(nobody(), [text], out, replace(spec, hop_samples=60), opened)
    prepare_sources(here, [text], out, spec, opened)
    assert open_prepared(out).people == ("made/p",)


def test_a_folder_that_takes_no_file_ends_the_call(here: Workers, folder: Path, out: Path, spec: FrontEndSpec) -> None:
    text = lay(folder, "p 1 a good", "q 1 b good")
    prepare_sources(here, [text], out, spec, opened)
    (gone,) = (out / WINDOWS).glob("person=made%2Fq/*")
    gone.unlink()
    gone.mkdir()
    with pytest.raises(CommandError, match="Is a directory") as caught:
        prepare_sources(here, [text], out, spec, opened)
    assert caught.value.reason is CommandReason.UNWRITABLE


def test_few_tasks_are_under_way_however_many_there_are(client: Client) -> None:
    """What is taken and not given back yet: at most so many a thread."""
    taken = given = most = 0

    def tasks() -> Iterator[int]:
        nonlocal taken, most
        for number in range(100):
            taken += 1
            most = max(most, taken - given)
            yield number

    found = []
    for task, result in results(client, abs, tasks()):
        given += 1
        found.append((task, result))
    assert sorted(found) == [(number, number) for number in range(100)]
    assert most <= 2 * PER_THREAD + 1
