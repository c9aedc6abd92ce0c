from pathlib import Path
from urllib.parse import unquote

from train.preparing.plan import MAX_RECORDS, Group, groups
from train.sources.base import SourceRecord


def record(person: str, session: str, name: str) -> SourceRecord:
    return SourceRecord(person, name, lambda: None, session)  # type: ignore[arg-type, return-value]


def test_one_file_a_person_and_session_with_every_record_once() -> None:
    order = [
        (person, session, f"{person}{session}{k}") for k in range(300) for person in "ab" for session in ("1", "2")
    ]
    found = list(groups("s", [record(*one) for one in order]))
    assert sorted((one.person, one.session, name) for one in found for name in one.records) == sorted(order)
    for one in found:
        numbers = [int(name[2:]) for name in one.records]
        assert numbers == sorted(numbers)
        assert len(one.records) <= MAX_RECORDS
    assert len(found) == 4 * 2


def test_a_file_is_named_by_what_is_in_it_and_how_it_was_made() -> None:
    group = Group("s", "s/p", "week 1/2", ("a", "b"))
    others = [
        Group("s", "s/p", "week 1/2", ("a", "c")),
        Group("s", "s/p", "week 1/2", ("ab",)),
        Group("t", "s/p", "week 1/2", ("a", "b")),
        Group("s", "s/q", "week 1/2", ("a", "b")),
        Group("s", "s/p", "week 1", ("a", "b")),
    ]
    paths = [one.path(Path("out"), "digest") for one in (group, *others)] + [group.path(Path("out"), "another")]
    assert len(set(paths)) == len(paths)
    path = paths[0]
    assert path == group.path(Path("out"), "digest")
    assert path.parent.parent == Path("out/windows")
    assert unquote(path.parent.name) == "person=s/p"
    assert unquote(path.name).startswith("week 1/2-")


def test_a_record_without_a_session_gives_the_file_its_name_however_long_that_is() -> None:
    path = Group("s", "s/p", "", ("r" * 400,)).path(Path(), "digest")
    assert path.name.startswith("rrr")
    assert len(path.name.encode()) < 255
