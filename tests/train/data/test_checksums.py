from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.data.checksums import check_name, parse_checksums
from train.data.errors import DataError, DataReason

A, B = "a" * 64, "b" * 64


def test_the_lists_that_are_written_in_the_field() -> None:
    text = f"{A} one.dat\n{B}  sub/two.dat\r\n{B} *three.dat\n\n{A.upper()} ./four.dat\n{A} notes.txt\n"
    assert parse_checksums(text, ["*.dat"]) == {"one.dat": A, "sub/two.dat": B, "three.dat": B, "four.dat": A}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no file is"),
        (f"{A} notes.txt", "no file is"),
        ("<html>not found</html>", "line 1"),
        (f"{A} one.dat\n{A[:-1]} two.dat", "line 2"),
        (f"{A} one.dat\n{B} one.dat", "two checksums"),
        (f"{A} ../one.dat", "no safe file name"),
    ],
)
def test_a_list_that_cannot_be_used(text: str, what: str) -> None:
    with pytest.raises(DataError, match=what) as caught:
        parse_checksums(text, ["*.dat"])
    assert caught.value.reason is DataReason.BAD_LIST
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "/",
            "/etc/passwd",
            "..",
            ".",
            "../a",
            "a/..",
            "a/../b",
            "a/./b",
            "a//b",
            "a/",
            ".lock",
            "a/.b",
            "a.",
            "a ",
        ),
        *("a\\b", "C:x", "a\x00b", "a\nb", "x.part", "x.part.TAG", "n" * 201, "\ud800"),
    ],
)
def test_an_unsafe_name(name: str) -> None:
    with pytest.raises(DataError):
        check_name(name)


PARTS = st.one_of(st.sampled_from(["..", ".", "", "a", "~", "a.dat", "...", " ", "C:", "\\"]), st.text(max_size=4))


@given(st.lists(PARTS, min_size=1, max_size=6).map("/".join))
def test_no_name_that_passes_leaves_the_folder(name: str) -> None:
    try:
        check_name(name)
    except DataError:
        return
    folder = Path("/nowhere/set")
    where = folder.joinpath(name)
    # Walked by hand: every step goes down by one.
    depth = 0
    for step in name.split("/"):
        assert step not in ("", ".", "..")
        depth += 1
    assert len(where.relative_to(folder).parts) == depth
    assert where.resolve().is_relative_to(folder)


@given(st.lists(st.from_regex(r"[a-z0-9_]([a-z0-9_.-]{0,8}[a-z0-9])?", fullmatch=True), min_size=1, max_size=4))
def test_plain_names_pass(parts: list[str]) -> None:
    name = "/".join(parts)
    if not name.endswith((".part", ".tag")):
        check_name(name)
