"""A student of unseen people becomes a bundle, and whoever trained is never tested."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wfdb

from device.bundle import load_bundle
from device.cli import main as pulsekey
from export import parity, sources
from export.build import Source
from export.signing import signing_key
from firmware_bridge.recordings import Recording, read_cohort
from train.checkpoint import Trained, load_trained
from train.cohorts import read_bidmc, read_challenge, write_cohort
from train.distillation.config import DistillationConfig, load_distillation
from train.distillation.data import load_people
from train.distillation.run import Laboratory
from train.distillation.trainer import CHECKPOINT
from train.protocols import split_people
from train.windows import good_windows

# The converters' own deprecations are theirs to mend.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(400)]

CONFIG = Path(__file__).parents[2] / "train" / "configs" / "unseen_none_mobilenet.toml"
RATE_HZ, SECONDS = 125, 150
CHALLENGE, BIDMC = range(6), range(6, 9)


def heartbeat(number: int) -> tuple[np.ndarray, np.ndarray]:
    """PPG and ECG (n,) of one made-up person."""
    rng = np.random.default_rng(number)
    t = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    phase = 2 * np.pi * (1.0 + 0.07 * number) * t + 0.3 * np.sin(0.2 * t)
    ppg = np.cos(phase) + 0.08 * number * np.cos(2 * phase + number) + 0.02 * rng.normal(size=t.size)
    ecg = np.exp(-0.5 * (((phase / (2 * np.pi)) % 1.0 - 0.5) / 0.03) ** 2)
    return ppg, ecg + 0.02 * rng.normal(size=t.size)


def write_recordings(folder: Path) -> None:
    """As published ones are laid out."""
    numbers = np.array([100 + 40 * n for n in CHALLENGE])
    names = np.array([f"a{n}l" for n in numbers])
    signals = [np.rint(8000 * np.array(heartbeat(n))).astype(np.int16) for n in CHALLENGE]
    arrays = {"fs": np.float64(RATE_HZ), "start": np.arange(len(CHALLENGE) + 1) * SECONDS * RATE_HZ}
    arrays |= {"subject": np.array([f"c15g{n}" for n in numbers]), "session": names, "record": names}
    arrays |= {"group": numbers, "number": numbers, "ppg_good_frac": np.ones(len(CHALLENGE))}
    for i, channel in enumerate(("ppg", "ecg")):
        arrays[channel] = np.concatenate([one[i] for one in signals])
        arrays[f"{channel}_scale"] = np.full(len(CHALLENGE), 1 / 8000)
        arrays[f"{channel}_offset"] = np.zeros(len(CHALLENGE))
    (folder / "challenge2015").mkdir()
    np.savez(folder / "challenge2015" / "challenge2015.npz", ecg_lead=np.array(["II"] * len(CHALLENGE)), **arrays)
    (folder / "bidmc").mkdir()
    for n in BIDMC:
        wfdb.wrsamp(
            f"bidmc{n:02d}",
            fs=RATE_HZ,
            units=["NU", "mV"],
            sig_name=["PLETH", "II"],
            p_signal=np.stack(heartbeat(n), axis=1),
            fmt=["16", "16"],
            comments=[f"<source>: matched/s{n:05d}/ <data>"],
            write_dir=str(folder / "bidmc"),
        )


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    write_recordings(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = load_distillation(CONFIG)
    schedule = replace(config.schedule, epochs=2, batch_size=8, windows_per_person=8)
    network = replace(config.network, width=0.25, embedding_size=16)
    tiny = replace(config, threads=1, network=network, schedule=schedule)
    return Laboratory(recordings, tmp_path_factory.mktemp("runs")).run(tiny, CONFIG) / CHECKPOINT


@pytest.fixture(scope="module")
def trained(checkpoint: Path) -> Trained:
    return load_trained(checkpoint)


@pytest.fixture(scope="module")
def gathered(trained: Trained, recordings: Path) -> Source:
    return sources.gather(trained, recordings, (), signing_key(None, lambda _: None))


def experiment(trained: Trained) -> DistillationConfig:
    assert isinstance(trained.config, DistillationConfig)
    return trained.config


Refusal = Callable[..., str]


@pytest.fixture
def refused(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """The one line an export is refused with; it writes nothing."""

    def say(*words: object, path: Path = checkpoint) -> str:
        out = tmp_path / "bundle"
        assert pulsekey(["export", str(path), *map(str, words), "--out", str(out)]) == 2
        assert not out.exists()
        lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("pulsekey: error: ")]
        assert len(lines) == 1
        return lines[0]

    return say


def test_those_who_train_and_those_held_out_are_the_experiments(
    trained: Trained, gathered: Source, recordings: Path, tmp_path: Path
) -> None:
    split = split_people(load_people(recordings, experiment(trained).protocol, tmp_path), experiment(trained).protocol)
    assert [one.subject for one in gathered.train] == list(split.train.people) == list(trained.train_subjects)
    held_out = [one.subject for one in gathered.held_out.recordings]
    assert held_out == [one.subject for one in gathered.dev] == list(split.test.people)
    assert gathered.trained.dev_subjects == split.test.people
    assert not set(held_out) & set(trained.train_subjects)


def test_windows_come_through_the_students_front_end(gathered: Source, trained: Trained) -> None:
    for windows, recording in zip(gathered.dev, gathered.held_out.recordings, strict=True):
        np.testing.assert_array_equal(windows.pulse, good_windows(recording, trained.front_end).pulse)


def test_both_data_sets_are_named_with_their_terms(gathered: Source) -> None:
    named = {one.name: (one.licence, one.use) for one in gathered.training_data}
    assert named == dict.fromkeys(
        ("PhysioNet/CinC Challenge 2015", "BIDMC PPG and Respiration"), ("ODC-BY 1.0", "training and threshold")
    )
    assert "Pimentel et al. 2017, doi:10.1109/TBME.2016.2613124" in gathered.training_data[1].citation
    assert gathered.held_out.name == (
        "PhysioNet/CinC Challenge 2015 and BIDMC PPG and Respiration, held out of training"
    )


def test_the_command_holds_the_whole_configuration(gathered: Source, trained: Trained) -> None:
    first, second, third, rest = gathered.command.split("\n", 3)
    assert first == "pulsekey train CONFIG.toml --data recordings"
    assert second == (
        "pulsekey export runs/unseen-none-mobilenet-s1/last.ckpt --data recordings --out unseen-none-mobilenet"
    )
    assert third == "# epoch 2; CONFIG.toml, as JSON:"
    assert json.loads(rest) == trained.config.to_dict()


def test_a_student_is_fine_tuned_and_becomes_a_bundle(
    checkpoint: Path,
    recordings: Path,
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Two epochs on nine people teach no network to bear INT8.
    for name, value in {"MIN_MEAN_COSINE": 0.5, "MIN_COSINE": -1.0, "MAX_EER_SHIFT": 1.0, "MAX_STEPS": 256}.items():
        monkeypatch.setattr(parity, name, value)
    out = tmp_path / "bundle"
    arguments = ["export", str(checkpoint), "--data", str(recordings), "--fine-tune", "2", "--out", str(out)]
    assert pulsekey(arguments) == 0
    assert "fine-tuning, epoch 2/2: loss" in capsys.readouterr().err
    bundle = load_bundle(out)
    assert bundle.front_end == replace(trained.front_end, hop_samples=150)
    assert bundle.manifest.decision.people == 2
    assert bundle.manifest.model_id.startswith("unseen-none-mobilenet-")
    assert bundle.manifest.architecture.embedding_size == 16
    with np.load(out / "cohort.npz") as arrays:
        assert arrays["references"].shape == (len(trained.train_subjects), 16)
    card = (out / "MODEL_CARD.md").read_text()
    for words in (
        "BIDMC PPG and Respiration** (ODC-BY 1.0)",
        "doi:10.1109/TBME.2016.2613124",
        '"kind": "subject-wise"',
        "--data recordings --fine-tune 2 --out unseen-none-mobilenet",
    ):
        assert words in card


@pytest.mark.parametrize("epochs", ["-1", "1.5", "two", ""])
def test_epochs_are_a_number_of_0_or_more(refused: Refusal, recordings: Path, epochs: str) -> None:
    said = refused("--data", recordings, f"--fine-tune={epochs}")
    assert f"{epochs!r} is no number of epochs; give 0 or more" in said


def test_a_file_is_no_folder_and_a_folder_no_file(
    refused: Refusal, recordings: Path, trained: Trained, source: Source
) -> None:
    cohort = recordings / "challenge2015" / "challenge2015.npz"
    assert refused("--data", cohort).endswith(
        "is a file; this checkpoint is of distillation, so give --data the folder of challenge2015/challenge2015.npz "
        "and bidmc/"
    )
    with pytest.raises(Exception, match="is a folder; this checkpoint is of a recogniser, so give --data the chall"):
        sources.gather(source.trained, recordings, (), source.signing)
    assert "no such file" in refused("--data", recordings / "nowhere")


def test_people_are_not_tested_on_what_they_trained(refused: Refusal, recordings: Path, tmp_path: Path) -> None:
    bidmc = [one.recording for one in read_bidmc(recordings / "bidmc")]
    write_cohort(tmp_path / "bidmc.npz", bidmc)
    said = refused("--data", recordings, "--test", tmp_path / "bidmc.npz")
    assert "people who trained this network" in said
    assert said.endswith("they would be tested on what it learnt; give --test a cohort of others")
    challenge = recordings / "challenge2015" / "challenge2015.npz"
    assert "people who trained this network" in refused("--data", recordings, "--test", challenge)


def test_a_recogniser_is_not_tested_on_its_people_either(source: Source, recordings: Path) -> None:
    cohort = recordings / "challenge2015" / "challenge2015.npz"
    known = read_challenge(cohort, 0.0)[0].subject
    with pytest.raises(Exception, match=f"holds 1 people who trained this network, {known} first"):
        sources.gather(replace(source.trained, train_subjects=(known,)), cohort, (cohort,), source.signing)


def test_who_trained_on_a_prepared_folder_is_found_in_the_recordings(source: Source, recordings: Path) -> None:
    cohort = recordings / "challenge2015" / "challenge2015.npz"
    first, second, *_ = (one.subject for one in read_challenge(cohort, 0.0))
    trained = replace(source.trained, train_subjects=(f"challenge2015/{first}",), dev_subjects=(second,))
    made = sources.gather(trained, cohort, (), source.signing)
    assert [one.subject for one in made.train] == [first]
    assert [one.subject for one in made.dev] == [second]
    other = replace(trained, train_subjects=("mimic3/p000001",))
    with pytest.raises(Exception, match="lacks 1 people of the checkpoint, mimic3/p000001 first"):
        sources.gather(other, cohort, (), source.signing)


def test_of_others_a_third_stays_unknown(source: Source, recordings: Path, tmp_path: Path) -> None:
    cohort = recordings / "challenge2015" / "challenge2015.npz"
    first, second, *_ = (one.subject for one in read_challenge(cohort, 0.0))
    trained = replace(source.trained, train_subjects=(first,), dev_subjects=(second,))
    wrist = tmp_path / "wrist.npz"
    write_cohort(wrist, [Recording(heartbeat(n)[0], float(RATE_HZ), f"w{n}", "", f"w{n}") for n in range(30, 36)])
    made = sources.gather(trained, cohort, (), source.signing, 0, wrist)
    names = {one.subject for one in made.others}
    assert len(names) == 4
    prints = {one.subject: one.fingerprint for one in read_cohort(wrist)}
    assert {name for name, fingerprint in prints.items() if fingerprint in made.known} == names
    assert {one.recording.fingerprint for one in read_challenge(cohort, 0.0, every=True) if one.subject == first} < set(
        made.known
    )
    assert [one.name for one in made.training_data] == ["PhysioNet/CinC Challenge 2015", "wrist"]
    assert "--others wrist.npz" in made.command
    assert sources.gather(trained, cohort, (wrist,), source.signing, 0, wrist).test_cohorts == (wrist,)


def test_strangers_may_be_tested(trained: Trained, recordings: Path, tmp_path: Path) -> None:
    stranger = Recording(heartbeat(20)[0], float(RATE_HZ), "s00020", "bidmc20", "bidmc20")
    write_cohort(tmp_path / "others.npz", [stranger])
    source = sources.gather(trained, recordings, (tmp_path / "others.npz",), signing_key(None, lambda _: None))
    assert source.test_cohorts == (tmp_path / "others.npz",)
    assert "--test others.npz" in source.command


def test_recordings_of_other_people_are_refused(refused: Refusal, recordings: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(recordings, other)
    for path in (other / "bidmc").glob("bidmc06.*"):
        path.unlink()
    said = refused("--data", other)
    assert "otherwise into training and test than the checkpoint" in said
    assert said.endswith("give the folder it was trained on")
