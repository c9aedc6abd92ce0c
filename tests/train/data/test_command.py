import argparse
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.train.data.conftest import Publisher
from train.commands import data
from train.data import catalogue
from train.data.errors import DataError, DataReason


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    data.add_arguments(parser)
    return data.run(parser.parse_args(words))


@pytest.fixture
def offered(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    publisher.publish({"a.dat": b"one"})
    monkeypatch.setattr(catalogue, "read_catalogue", lambda: {"little": replace(publisher.dataset(), title="Little")})
    return publisher


def test_the_catalogue_is_by_https_with_licence_and_citation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    shown = capsys.readouterr().out
    sets = catalogue.read_catalogue()
    assert set(sets) == {"bidmc", "challenge2015"}
    for name, one in sets.items():
        assert one.url.startswith("https://")
        assert one.url.endswith("/")
        assert one.files
        assert one.citation
        for text in (name, one.title, one.licence, one.licence_url, one.people, *one.citation, f"{one.rate_hz} Hz"):
            assert text in shown


def test_the_licence_is_shown_and_nothing_comes_before_it_is_accepted(
    offered: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for stdin, what in (
        (io.StringIO("y\n"), "--accept-licence"),
        (Terminal("\n"), "nothing"),
        (Terminal(""), "nothing"),
    ):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(DataError, match=what) as caught:
            run("get", "little", "--out", str(tmp_path))
        assert caught.value.reason is DataReason.NOT_ACCEPTED
    shown = capsys.readouterr().out
    assert "A licence, https://example.org/licence" in shown
    assert "Somebody 2020" in shown
    assert offered.requests == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answer", ["y\n", "YES\n", None])
def test_an_accepted_licence_is_recorded(
    offered: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer or "n\n"))
    assert run("get", "little", "--out", str(tmp_path), *(["--accept-licence"] if answer is None else [])) == 0
    source = json.loads((tmp_path / "little" / "SOURCE.json").read_text())
    assert source["name"] == "little"
    assert source["licence_accepted_at"] <= source["verified_at"]


@pytest.mark.parametrize("screen", [Terminal, io.StringIO])
def test_progress_is_for_a_terminal(
    offered: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: type[io.StringIO]
) -> None:
    stderr = screen()
    monkeypatch.setattr(sys, "stderr", stderr)
    run("get", "little", "--out", str(tmp_path), "--accept-licence")
    assert ("1/1 a.dat" in stderr.getvalue()) is stderr.isatty()


def test_an_unknown_name_tells_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="bidmc, challenge2015") as caught:
        run("get", "nobody", "--out", str(tmp_path))
    assert caught.value.reason is DataReason.UNKNOWN_NAME
