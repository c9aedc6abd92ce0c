"""The network from ECG to pulse: its pairs, its training, and what it plays."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from firmware_bridge.recordings import Recording
from tests.train.attack.conftest import RATE_HZ, beating
from train.attack.generator.network import SAMPLE_MULTIPLE, PulseGenerator
from train.attack.generator.pairs import MIN_SAMPLES, stretches_of, whole
from train.attack.generator.playing import generated_pulse, likeness
from train.attack.generator.training import CHECKPOINT, SLOPE_WEIGHT, GeneratorConfig, pulse_loss, train_generator
from train.checkpoint import load, save
from train.cohorts import Identity
from train.distillation.delay import delay_of
from train.errors import TrainError, TrainReason
from train.synchronous import SynchronousRecording

TINY = GeneratorConfig(epochs=3, batches=2, batch_size=2)


def test_pulses_are_as_long_as_their_ecgs() -> None:
    assert MIN_SAMPLES % SAMPLE_MULTIPLE == 0
    with torch.inference_mode():
        assert PulseGenerator()(torch.randn(2, 1, 5 * SAMPLE_MULTIPLE)).shape == (2, 1, 5 * SAMPLE_MULTIPLE)


def test_one_windows_pulse_is_its_own_alone() -> None:
    network = PulseGenerator().eval()
    windows = torch.randn(3, 1, 64)
    with torch.inference_mode():
        assert torch.allclose(network(windows)[1:2], network(windows[1:2]), atol=1e-5)


def test_runs_are_those_of_a_plain_loop() -> None:
    present = np.ones(3 * MIN_SAMPLES, dtype=np.bool_)
    present[[0, MIN_SAMPLES, 2 * MIN_SAMPLES + 1]] = False
    expected, first = [], None
    for i, there in enumerate([*present.tolist(), False]):
        if there and first is None:
            first = i
        elif not there and first is not None:
            if i - first >= MIN_SAMPLES:
                expected.append((first, i))
            first = None
    assert whole(present) == expected == [(MIN_SAMPLES + 1, 2 * MIN_SAMPLES + 1)]


def test_the_delay_is_taken_out_and_those_without_an_ecg_are_left_out() -> None:
    ecg, ppg = beating(30.0, 66.0, 1, delay_s=0.4)
    one = SynchronousRecording(Identity(Recording(ppg, RATE_HZ, "a", "a", "a")), ecg)
    late_s = delay_of(ecg, ppg, RATE_HZ)
    assert 0.2 < late_s < 0.4
    (stretch,) = stretches_of([one])
    assert stretch.ecg.size == stretch.ppg.size == ppg.size - round(late_s * RATE_HZ)
    assert delay_of(stretch.ecg.astype(float), stretch.ppg.astype(float), RATE_HZ) <= 1 / RATE_HZ
    assert stretches_of([replace(one, ecg=None)]) == []


def test_the_loss_equals_plain_loops() -> None:
    made, true = torch.randn(2, 6), torch.randn(2, 6)
    values = [abs(float(made[i, k] - true[i, k])) for i in range(2) for k in range(6)]
    slopes = [
        abs(float((made[i, k + 1] - made[i, k]) - (true[i, k + 1] - true[i, k]))) for i in range(2) for k in range(5)
    ]
    assert float(pulse_loss(made, true)) == pytest.approx(np.mean(values) + SLOPE_WEIGHT * np.mean(slopes), rel=1e-5)


def test_a_training_that_was_cut_goes_on_to_the_same_weights(
    tmp_path: Path, teachers: list[SynchronousRecording], monkeypatch: pytest.MonkeyPatch
) -> None:
    stretches = stretches_of(teachers)
    expected = train_generator(stretches, TINY, tmp_path / "whole").state_dict()

    class KilledError(Exception):
        pass

    def killed(done: float, peak: float) -> float:
        if done >= 0.5:
            raise KilledError
        return one_cycle(done, peak)

    from train.attack.generator import training

    one_cycle = training.one_cycle
    monkeypatch.setattr(training, "one_cycle", killed)
    with pytest.raises(KilledError):
        train_generator(stretches, TINY, tmp_path / "cut")
    monkeypatch.undo()
    assert load(tmp_path / "cut" / CHECKPOINT)["epoch"] == 1
    resumed = train_generator(stretches, TINY, tmp_path / "cut").state_dict()
    assert all(torch.equal(resumed[name], weights) for name, weights in expected.items())
    untrained = train_generator(stretches, replace(TINY, epochs=0), tmp_path / "none").state_dict()
    assert not torch.equal(untrained["last.weight"], expected["last.weight"])


def test_another_training_and_too_few_people_are_refused(tmp_path: Path, teachers: list[SynchronousRecording]) -> None:
    stretches = stretches_of(teachers)
    train_generator(stretches, replace(TINY, epochs=1), tmp_path)
    for config, people in ((TINY, stretches), (replace(TINY, epochs=1), stretches[1:])):
        with pytest.raises(TrainError, match="another configuration or other people") as refused:
            train_generator(people, config, tmp_path)
        assert refused.value.reason is TrainReason.BAD_CHECKPOINT
    content = load(tmp_path / CHECKPOINT)
    del content["network"]["last.bias"]
    save(tmp_path / CHECKPOINT, content)
    with pytest.raises(TrainError, match="weights do not fit the generator"):
        train_generator(stretches, replace(TINY, epochs=1), tmp_path)
    with pytest.raises(TrainError, match="1 people have ECG") as few:
        train_generator(stretches[:1], TINY, tmp_path / "few")
    assert few.value.reason is TrainReason.TOO_FEW_PEOPLE


class _Same(nn.Module):
    def forward(self, ecg: Tensor) -> Tensor:
        return ecg


def test_windows_are_faded_into_one_pulse_and_gaps_stay() -> None:
    ecg = np.sin(2 * np.pi * 1.25 * np.arange(4000) / RATE_HZ)
    ecg[2500] = np.nan
    beside = Recording(ecg, RATE_HZ, "a", "a", "a")
    pulse = generated_pulse(_Same(), ecg, beside).ppg  # type: ignore[arg-type]
    assert np.flatnonzero(np.isnan(pulse)).tolist() == [2500]
    # Standardised, a sine has the height of the square root of 2, whichever windows it is put together of.
    inner = np.r_[200:2300, 2700:3800]
    assert pulse[inner] == pytest.approx(np.sqrt(2.0) * ecg[inner], abs=0.15)
    short = np.where(np.arange(4000) < 3500, np.nan, ecg)
    assert np.isnan(generated_pulse(_Same(), short, beside).ppg).all()  # type: ignore[arg-type]


def test_likeness_finds_the_delay() -> None:
    _, ppg = beating(40.0, 70.0, 2)
    assert likeness(ppg[40:-40], ppg[:-80], RATE_HZ) == pytest.approx(1.0, abs=0.02)
    assert likeness(np.random.default_rng(0).standard_normal(5000), ppg, RATE_HZ) == pytest.approx(0.0, abs=0.1)
    assert likeness(np.full(5000, np.nan), ppg, RATE_HZ) is None
