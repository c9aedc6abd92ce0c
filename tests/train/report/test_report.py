import argparse
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from device import cli
from tests.train.report.conftest import Maker, change
from train.errors import TrainError, TrainReason
from train.report import write_report
from train.report.as_markdown import escaped
from train.report.drawing import SERIES
from train.report.write import Written

METHODS = ("none", "proposed", "teacher", "no-cka")
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """What a browser would load, what is named, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: list[str] = []
        self.alts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.note(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.note(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def note(self, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        assert "src" not in found
        assert not [name for name in found if name.startswith("on")]
        if "id" in found:
            self.ids.append(found["id"])
        if "href" in found:
            self.targets.append(found["href"])
        if found.get("role") == "img":
            self.alts.append(found["aria-label"])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both protocols, several methods and seeds, a tuning run and a folder that is no run."""
    make = Maker(tmp_path_factory.mktemp("full"))
    for kind in ("sample-wise", "subject-wise"):
        for method in METHODS:
            for seed in (1,) if method == "teacher" else (1, 2):
                make(method, seed, kind=kind, noise=1.0 if method == "none" else 0.8)
    make("none", stage="tune", name="tuned")
    (make.folder / "cache").mkdir()
    return make.folder


@pytest.fixture(scope="module")
def full(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write_report([runs], tmp_path_factory.mktemp("report") / "out")


def test_the_page_stands_alone_and_is_well_formed(full: Written) -> None:
    text = full.page.read_text()
    page = Page(text)
    assert page.open == []
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert "http" not in text
    assert "@import" not in text
    assert len(set(page.ids)) == len(page.ids)
    assert {target.removeprefix("#") for target in page.targets} <= set(page.ids)
    assert set(re.findall(r"url\(#([^)]*)\)", text)) <= set(page.ids)
    assert not re.findall(r"url\((?!#)", text)
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text
    assert not [colour for colour in SERIES if colour in text]
    used = set(re.findall(r"var\(--([\w-]+)\)", text))
    assert used <= set(re.findall(r"--([\w-]+):", text))


def test_the_page_holds_every_part(full: Written) -> None:
    assert (full.runs, full.skipped) == (15, 1)
    text = full.page.read_text()
    keys = ("seen", "unseen", "shots", "det", "ablation", "embeddings", "confusion", "training", "cost", "tuning")
    for key in keys:
        assert f'<section id="{key}"' in text
        assert f'href="#{key}"' in text
    # two N-shot panels, one DET, two maps of each protocol, two courses of training of each protocol
    page = Page(text)
    assert len(page.alts) == 2 + 1 + 4 + 4
    assert all(len(alt) > 20 for alt in page.alts)
    assert text.count("<figcaption>") == 5
    for says in ("within-recording", "6 identities", "192, later", "1 folder without a result skipped: cache"):
        assert says in text
    assert "1 tuning run, scored on part of what trains" in text


def test_markdown_holds_the_same_tables(full: Written) -> None:
    lines = full.tables.read_text().splitlines()
    page = full.page.read_text()
    rows = [line for line in lines if line.startswith("| ")]
    heads = [line for line in lines if line.startswith("| ---")]
    assert len(heads) == page.count("<table>")
    assert len(rows) - len(heads) == page.count("<tr")
    assert any(line.startswith("**Against PPG alone, distillation changes OA") for line in lines)


def test_the_tuning_run_is_in_its_own_table_alone(full: Written) -> None:
    text = full.tables.read_text()
    before, after = text.split("## Tuning, not test results")
    assert "tuned" not in before
    assert "| tuned |" in after


def test_a_report_is_made_again_bit_by_bit(runs: Path, full: Written, tmp_path: Path) -> None:
    again = write_report([runs], tmp_path)
    assert again.page.read_bytes() == full.page.read_bytes()
    assert again.tables.read_bytes() == full.tables.read_bytes()


def test_names_are_escaped(make: Maker, tmp_path: Path) -> None:
    bad = '<script>alert("1")</script>|`*_\n$a$'
    make.people = [f"{bad}{i}" for i in range(6)]
    for method in ("none", "proposed", bad):
        for kind in ("sample-wise", "subject-wise"):
            make(method, kind=kind, network=bad, noise=1.5, name=f"{method[:4].strip('<')}-{kind}")
    written = write_report([make.folder], tmp_path / "out")
    text = written.page.read_text()
    assert Page(text).open == []
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    tables = written.tables.read_text()
    assert "<script" not in tables.replace("\\<", "")
    heads = [line for line in tables.splitlines() if line.startswith("| ---")]
    assert heads
    for line in tables.splitlines():
        if line.startswith("| "):
            assert re.sub(r"\\.", "", line).count("|") in {head.count("|") for head in heads}


def test_markdown_shows_texts_as_they_are() -> None:
    assert escaped("a|b\nc *d* [e] <f> `g` h_i") == r"a\|b c \*d\* \[e\] \<f\> \`g\` h\_i"


def test_without_predictions_figures_are_left_out_with_a_line(make: Maker, tmp_path: Path) -> None:
    for kind in ("sample-wise", "subject-wise"):
        for method in ("none", "proposed"):
            make(method, kind=kind, predictions=False)
    text = write_report([make.folder], tmp_path / "out").page.read_text()
    assert "No sample-wise t-SNE: no network has predictions.npz" in text
    assert "No subject-wise t-SNE" in text
    assert "No DET curve" in text
    assert "95 % interval" in text
    assert "N-shot recognition" in text


def test_one_run_makes_a_report(make: Maker, tmp_path: Path) -> None:
    text = write_report([make("mystery")], tmp_path / "out").page.read_text()
    assert "Best student of 1" in text
    assert "No subject-wise run that looked at test windows" in text
    assert "No ablation runs" in text


def test_tuning_runs_alone_are_no_result(make: Maker, tmp_path: Path) -> None:
    written = write_report([make("none", stage="tune")], tmp_path / "out")
    text = written.page.read_text()
    assert "nothing below is a test result" in text
    assert '<section id="seen"' not in text
    assert '<section id="tuning"' in text


def test_a_run_without_curves(make: Maker, tmp_path: Path) -> None:
    folder = make("none")
    change(folder, "curves", to=[])
    assert "The results hold no curve." in write_report([folder], tmp_path / "out").page.read_text()


def test_nothing_is_written_where_a_run_is_at_fault(make: Maker, tmp_path: Path) -> None:
    make("none")
    folder = make("proposed")
    change(folder, "test_windows", to=7)
    with pytest.raises(TrainError, match="does not fit the result beside it"):
        write_report([make.folder], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_report_that_cannot_be_written_is_one_line(make: Maker, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(TrainError, match="give another --out") as caught:
        write_report([make("none")], tmp_path / "out")
    assert caught.value.reason is TrainReason.BAD_CONFIG


def test_an_old_report_stays_until_both_files_are_ready(make: Maker, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_report([make("none")], out)
    write_report([make("none", 2)], out)
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.md"]
    assert "1 (2)" in (out / "report.md").read_text()


def test_the_command(
    make: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cli.OWN_COMMANDS, "report", ("train.commands.report", ""))
    make("none")
    (make.folder / "cache").mkdir()
    out = tmp_path / "out"
    assert cli.main(["report", str(make.folder), "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(out / "report.html"),
        str(out / "report.md"),
        "1 run, 1 folder without a result skipped",
    ]
    assert cli.main(["report", str(tmp_path / "nowhere"), "--out", str(out)]) == cli.EXIT_ERROR
    error = capsys.readouterr().err
    assert error.startswith("pulsekey: error: ")
    assert error.count("\n") == 1


def test_the_command_loads_nothing_heavy_to_be_listed() -> None:
    code = "import sys, train.commands.report; print({'matplotlib', 'sklearn', 'torch', 'jinja2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"


def test_out_is_report_unless_told() -> None:
    from train.commands.report import add_arguments

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert parser.parse_args(["a", "b"]).out == Path("report")
