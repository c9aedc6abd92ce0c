"""`evaluate` on cohort files made here, ragged and windowed, with the fake embedder and with the real one."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.bundle import Bundle, load_bundle
from device.cli import main
from device.comparison import pooled
from device.errors import CommandError
from device.evaluation import Settings, evaluate, table
from device.evaluation.protocol import Selector
from device.frontend import FrontEndSpec, windows_of
from firmware_bridge.recordings import read_cohort

# subject, session, whose pulse, seed
Row = tuple[str, str, str, int]
PEOPLE: list[Row] = [("p1", "a", "ann", 1), ("p2", "a", "ben", 2), ("p3", "a", "eve", 3)]


def write_ragged(path: Path, signals: list[Any], rows: list[Row], rate_hz: float) -> Path:
    scale = 1e-4
    coded = [np.where(np.isnan(s), -32768, np.rint(np.nan_to_num(s) / scale)).astype(np.int16) for s in signals]
    np.savez(
        path,
        fs=np.float64(rate_hz),
        start=np.cumsum([0, *map(len, coded)]),
        ppg=np.concatenate(coded),
        ppg_scale=np.full(len(rows), scale),
        ppg_offset=np.zeros(len(rows)),
        subject=np.array([row[0] for row in rows]),
        session=np.array([row[1] for row in rows]),
        record=np.array([f"r{i}" for i in range(len(rows))]),
    )
    return path


@pytest.fixture
def ragged(tmp_path: Path, pulse_of: Callable[..., Any]) -> Callable[..., Path]:
    def make(rows: list[Row] = PEOPLE, seconds: float = 120, rate_hz: float = 125.0) -> Path:
        signals = [pulse_of(who, seconds, rate_hz=rate_hz, seed=seed) for _, _, who, seed in rows]
        return write_ragged(tmp_path / "cohort.npz", signals, rows, rate_hz)

    return make


@pytest.mark.parametrize("rate_hz", [64.0, 100.0, 125.0, 250.0])
def test_any_rate(ragged: Any, bundle: Bundle, embedder: Any, rate_hz: float) -> None:
    result = evaluate(bundle, embedder, ragged(rate_hz=rate_hz), Settings())
    assert (result.people, result.enrolled, result.fte, result.fta) == (3, 3, 0.0, 0.0)
    by_length = {rates.seconds: rates for rates in result.decisions}
    # 119.25 s after settling: 49 windows, 25 of them enrol, 24 probe.
    assert [by_length[s].mated for s in (2.4, 12.0, 60.0)] == [72, 12, 0]
    assert [by_length[s].non_mated for s in (2.4, 12.0, 60.0)] == [144, 24, 0]
    assert by_length[12.0].eer == 0.0
    assert by_length[12.0].rank1 == 1.0
    assert by_length[60.0].eer is None


def test_whom_the_model_knows_is_left_out_and_told(
    ragged: Any, bundle: Bundle, embedder: Any, bundle_copy: Path, manifest_of: Any, sign: Any
) -> None:
    path = ragged([*PEOPLE, ("p4", "a", "eve", 4)])
    assert evaluate(bundle, embedder, path, Settings()).known == 0
    # Its first minute, by whatever name and however much of it.
    first = np.ascontiguousarray(read_cohort(path)["p2"].ppg[: 60 * 125])
    with np.load(bundle_copy / "cohort.npz") as arrays:
        references = arrays["references"]
    np.savez(
        bundle_copy / "cohort.npz", references=references, known=[hashlib.sha256(first.tobytes()).hexdigest()[:16]]
    )
    (bundle_copy / "manifest.json").write_text(manifest_of(bundle_copy).to_json())
    sign(bundle_copy)
    result = evaluate(load_bundle(bundle_copy), embedder, path, Settings())
    assert (result.people, result.known, result.enrolled) == (3, 1, 3)
    assert "recordings left out, since the model knows their people: 1" in table(result)
    assert result.to_json()["known"] == 1


def test_against_plain_loops(ragged: Any, bundle: Bundle, embedder: Any, comparator: Any, spec: Any) -> None:
    """Scores, and so every rate, are those of a walk through the file by hand."""
    path = ragged([*PEOPLE, ("p4", "a", "ann", 4)])  # p1 and p4 are alike: there are errors to find
    result = evaluate(bundle, embedder, path, Settings(decision_seconds=(12.0,)))
    (rates,) = result.decisions
    people = []
    for recording in read_cohort(path):
        embeddings = [embedder.embed(w.pulse) for w in windows_of(recording.ppg, 125.0, spec) if w.quality.good]
        people.append((pooled(embeddings[:25]), embeddings[25:]))
    scorer = comparator.against(np.stack([reference for reference, _ in people]))
    mated, non_mated, hits, probes = [], [], 0, 0
    for i, (_, probe) in enumerate(people):
        for at in range(0, len(probe) - 4, 5):
            row = scorer.scores(pooled(probe[at : at + 5])).tolist()
            mated.append(row[i])
            non_mated += [value for j, value in enumerate(row) if j != i]
            hits += all(row[i] > value for j, value in enumerate(row) if j != i)
            probes += 1
    assert (rates.mated, rates.non_mated) == (len(mated), len(non_mated))
    assert rates.rank1 == hits / probes
    assert rates.eer is not None
    assert rates.eer > 0.1
    # The bundle decides at five windows exactly, so that its attempts are these comparisons.
    attempts = result.attempts
    assert attempts is not None
    assert (attempts.mated, attempts.non_mated, attempts.accept_llr) == (len(mated), len(non_mated), 3.2)
    assert attempts.false_matches == sum(value >= 3.2 for value in non_mated) > 0
    assert attempts.fmr == pytest.approx(attempts.false_matches / len(non_mated))
    assert attempts.fnmr == pytest.approx(sum(value < 3.2 for value in mated) / len(mated))
    assert attempts.median_accept_s == pytest.approx(12.0)


def test_one_recording_by_default_and_other_days_on_demand(ragged: Any, bundle: Bundle, embedder: Any) -> None:
    rows = [*PEOPLE, ("p1", "b1", "ann", 11), ("p2", "b1", "ben", 12), ("p3", "b2", "eve", 13)]
    path = ragged(rows, seconds=80)
    (same,) = evaluate(bundle, embedder, path, Settings(decision_seconds=(2.4,))).decisions
    assert same.mated == 3 * (33 - 25)  # the later recordings are left out
    other = Settings(decision_seconds=(2.4,), enrol_sessions=("a",), probe_sessions=("b",))
    (days,) = evaluate(bundle, embedder, path, other).decisions
    assert days.mated == 3 * 33
    one = Settings(decision_seconds=(2.4,), enrol_sessions=("a",), probe_sessions=("b2",))
    (few,) = evaluate(bundle, embedder, path, one).decisions
    assert (few.mated, few.probed_people) == (33, 1)


@pytest.mark.parametrize(("hop", "enrolled", "skipped"), [(300, 25, 0), (150, 49, 1), (100, 73, 2)])
def test_enrolment_samples_are_never_probed(spec: FrontEndSpec, hop: int, enrolled: int, skipped: int) -> None:
    selector = Selector(Settings(enrol_sessions=("a",), probe_sessions=("a", "b")), replace(spec, hop_samples=hop))
    from device.evaluation.timelines import Timeline

    first, second = Timeline("p", "a"), Timeline("p", "b")
    for timeline in (first, second):
        timeline.embeddings = [np.ones(2, dtype=np.float32)] * 90
        timeline.epochs = [0] * 90
    plan = selector.plan("p", [first, second])
    assert len(plan.enrolment) == enrolled
    assert [(probe.timeline.session, probe.start) for probe in plan.probes] == [("a", enrolled + skipped), ("b", 0)]
    assert (enrolled - 1) * hop + 300 <= (enrolled + skipped) * hop


def test_windowed_rows_make_long_decisions(tmp_path: Path, pulse_of: Any, bundle: Bundle, embedder: Any) -> None:
    rows = [(s, who, i) for s, who in (("p1", "ann"), ("p2", "ben"), ("p3", "eve")) for i in range(20)]
    signals = [pulse_of(who, 8.0, rate_hz=31.25, seed=i) for _, who, i in rows]
    path = tmp_path / "table.npz"
    np.savez(
        path,
        fs=np.float64(31.25),
        ppg=np.stack([np.rint(signal / 1e-4) for signal in signals]).astype(np.int16),
        ppg_scale=np.full(len(rows), 1e-4),
        ppg_offset=np.zeros(len(rows)),
        subject=np.array([row[0] for row in rows]),
        session=np.array(["day1"] * len(rows)),
    )
    result = evaluate(bundle, embedder, path, Settings(decision_seconds=(12.0, 60.0)))
    assert result.windows == 3 * 20 * 3  # three windows fit into each 8-s row
    # 60 windows a person, 25 enrol, 35 probe: decisions of 12 s span rows of 8 s.
    assert [rates.mated for rates in result.decisions] == [3 * 7, 3 * 1]
    assert result.decisions[0].rank1 == 1.0


def test_people_who_cannot_be_enrolled_are_counted(
    tmp_path: Path, pulse_of: Any, bundle: Bundle, embedder: Any
) -> None:
    signals = [pulse_of("ann", 120), pulse_of("ben", 120), np.full(15000, 0.5)]
    path = write_ragged(tmp_path / "cohort.npz", signals, PEOPLE, 125.0)
    result = evaluate(bundle, embedder, path, Settings())
    assert (result.people, result.enrolled, result.not_enrolled) == (3, 2, ("p3",))
    assert result.fte == pytest.approx(1 / 3)
    assert result.fta == pytest.approx(1 / 3)
    assert "not: p3" in table(result)


def test_a_gap_is_not_spanned(tmp_path: Path, pulse_of: Any, bundle: Bundle, embedder: Any) -> None:
    signals = [pulse_of(who, 120, seed=seed) for _, _, who, seed in PEOPLE]
    signals[0][125 * 70 : 125 * 71] = np.nan
    path = write_ragged(tmp_path / "cohort.npz", signals, PEOPLE, 125.0)
    (rates,) = evaluate(bundle, embedder, path, Settings(decision_seconds=(12.0,))).decisions
    # p1's probe is cut into 3 and 20 windows: the three are never joined to what follows.
    assert rates.mated == 4 + 4 + 4


def test_few_people_tell_no_small_fmr(ragged: Any, bundle: Bundle, embedder: Any) -> None:
    result = evaluate(bundle, embedder, ragged(), Settings(decision_seconds=(2.4, 12.0)))
    for rates in result.decisions:
        assert set(rates.fnmr_at_fmr.values()) == {None}
    said = table(result)
    assert "3 people cannot tell an FMR of 1.0%: 25 are needed" in said
    assert "3 people cannot tell an FMR of 0.1%: 78 are needed" in said
    assert "no false match among 3 pairs of people: the FMR may still be 100.00%" in said


def test_a_stated_rate_is_kept_or_refused(ragged: Any, bundle: Bundle, embedder: Any) -> None:
    path = ragged()
    loose = evaluate(bundle, embedder, path, Settings(decision_seconds=(12.0,), fmr=0.05)).attempts
    assert loose is not None
    assert loose.accept_llr == 2.2
    with pytest.raises(CommandError, match=r"false match rate of 0\.01 and above; 0\.001 would take 78 people"):
        evaluate(bundle, embedder, path, Settings(fmr=0.001))


def test_command_writes_the_agreed_json(ragged: Any, bundle_folder: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out.json"
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    arguments = ["--bundle", str(bundle_folder), "--cohort", str(ragged()), "--runtime", "onnxruntime"]
    assert main(["evaluate", *arguments, "--decision-seconds", "2.4,12", "--json", str(out)]) == 0
    value = json.loads(out.read_text())
    assert value["cohort"] == "cohort.npz"
    assert value["people"] == 3
    assert set(value["decisions"]) == {"2.4", "12"}
    assert {"eer", "eer_ci95", "fnmr_at_fmr_0.01", "fnmr_at_fmr_0.001", "rank1", "mated", "non_mated"} <= set(
        value["decisions"]["12"]
    )
    assert {"fmr", "fmr_ci95", "fnmr", "median_accept_s", "cllr", "identification"} <= set(value["attempts"])
    assert value["decisions"]["12"]["eer_ci95"] == [0.0, 0.0]
    assert value["model_id"] == "fake-1"
    shown = capsys.readouterr().out
    assert "rank-1" in shown
    assert "rule of three" in shown
