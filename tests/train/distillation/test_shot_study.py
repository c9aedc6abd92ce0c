from pathlib import Path

import numpy as np
import pytest

from device.bundle import load_bundle
from device.cli import main
from firmware_bridge import Recording
from train.cohorts import Identity
from train.distillation import shot_study
from train.distillation.result import PREDICTIONS
from train.distillation.shot_study import bundle_embeddings, run_embeddings, study
from train.errors import TrainError
from train.protocols import few_shot
from train.protocols.prototypes import PROTOTYPES


def people(count: int = 4, windows: int = 33) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [(rng.normal(size=6) + rng.normal(size=(windows, 6))).astype(np.float32) for _ in range(count)]


def test_each_way_to_pool_equals_a_plain_loop() -> None:
    shots, probes = people()[0][:5], people()[1][:3]
    for i, probe in enumerate(probes):
        cosines = [
            sum(float(a) * float(b) for a, b in zip(probe, shot, strict=True))
            / (sum(float(a) ** 2 for a in probe) * sum(float(b) ** 2 for b in shot)) ** 0.5
            for shot in shots
        ]
        assert PROTOTYPES["nearest"](shots, probes)[i] == pytest.approx(max(cosines), abs=1e-6)
        assert PROTOTYPES["farthest"](shots, probes)[i] == pytest.approx(min(cosines), abs=1e-6)
        centre = [sum(float(shot[k]) for shot in shots) / 5 for k in range(6)]
        far = sum((float(a) - b) ** 2 for a, b in zip(probe, centre, strict=True)) ** 0.5
        assert PROTOTYPES["raw mean"](shots, probes)[i] == pytest.approx(-far, abs=1e-5)
        lengths = [sum(float(a) ** 2 for a in shot) ** 0.5 for shot in shots]
        mean = [sum(float(s[k]) / n for s, n in zip(shots, lengths, strict=True)) for k in range(6)]
        size = sum(m * m for m in mean) ** 0.5 * sum(float(a) ** 2 for a in probe) ** 0.5
        expected = sum(float(a) * m for a, m in zip(probe, mean, strict=True)) / size
        assert PROTOTYPES["mean"](shots, probes)[i] == pytest.approx(expected, abs=1e-6)


def test_one_shot_is_the_same_however_it_is_pooled() -> None:
    rates = {(few_shot(people(), 1, PROTOTYPES[name]).oa) for name in ("mean", "nearest", "farthest")}
    assert len(rates) == 1


def test_the_table_has_a_row_for_each_way_and_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everyone = people()
    label = np.repeat(np.arange(4), 33).astype(np.int16)
    np.savez(tmp_path / PREDICTIONS, label=label, features=np.concatenate(everyone))
    for one, again in zip(everyone, run_embeddings(tmp_path), strict=True):
        np.testing.assert_array_equal(one, again)
    assert main(["shots", str(tmp_path), "--shots", "1", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == study(everyone, (1, 5))
    assert len(lines) == 4 + 2 * len(PROTOTYPES)
    assert f"| mean | 5 | {100 * few_shot(everyone, 5).oa:.2f} % |" in lines[5]


def test_what_cannot_be_studied_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TrainError, match="26 shots cannot be drawn from 25 windows"):
        study(people(), (26,))
    with pytest.raises(TrainError, match="0 people have more than 25 good windows"):
        study(people(windows=25), (1,))
    assert main(["shots", str(tmp_path)]) == 2
    assert "holds no predictions; give the folder of a run" in capsys.readouterr().err
    np.savez(tmp_path / PREDICTIONS, label=np.zeros(3), features=np.zeros((3, 2)), predicted=np.zeros(3))
    with pytest.raises(TrainError, match="was tested on people it trained on"):
        run_embeddings(tmp_path)
    assert main(["shots"]) == 2
    assert "give a run's folder, or --data" in capsys.readouterr().err


def test_shots_share_no_sample_though_the_devices_windows_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    t = np.arange(60 * 125) / 125
    ppg = np.sin(2 * np.pi * 1.2 * t) + 0.4 * np.sin(2 * np.pi * 2.4 * t) + 0.01 * rng.standard_normal(t.size)
    one = Identity(Recording(ppg, 125.0, "p", "s", "r"))
    monkeypatch.setattr(shot_study, "read_bidmc", lambda _: [one])
    (embeddings,) = bundle_embeddings(None, Path())
    spec = load_bundle().front_end
    assert spec.hop_samples < spec.window_samples
    settled = (len(ppg) - spec.settle_samples) // spec.window_samples
    assert settled - 1 <= len(embeddings) <= settled
