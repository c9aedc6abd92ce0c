"""Gathers what a bundle is made of from the recordings its checkpoint was trained on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from device.manifest import TrainingData
from export.build import Source
from export.errors import ExportError, ExportReason
from export.operating import HeldOut
from export.signing import SigningKey
from firmware_bridge.errors import RecordingError, RecordingReason
from firmware_bridge.recordings import Recording, read_cohort
from train.checkpoint import Trained
from train.cohorts import Identity, read_bidmc, read_challenge
from train.distillation.config import DistillationConfig
from train.errors import TrainError, TrainReason
from train.people import assert_apart, hold_out, record_of, without
from train.protocols import split_people
from train.protocols.config import ProtocolConfig
from train.synchronous import SynchronousRecording, pairs_of
from train.windows import good_windows

CHALLENGE_2015 = TrainingData(
    name="PhysioNet/CinC Challenge 2015",
    licence="ODC-BY 1.0",
    citation="Clifford et al. 2015, doi:10.13026/c9fg-a467; Goldberger et al. 2000",
    use="training, selection and threshold",
)
BIDMC = TrainingData(
    name="BIDMC PPG and Respiration",
    licence="ODC-BY 1.0",
    citation="Pimentel et al. 2017, doi:10.1109/TBME.2016.2613124; Goldberger et al. 2000",
    use="training and threshold",
)
STRESS_PREDICT = TrainingData(
    name="Stress-Predict",
    licence="MIT",
    citation="Iqbal et al. 2022, doi:10.3390/s22218135",
    use="whitening and cohort, two thirds of its people",
)
CHALLENGE_NAME = "challenge2015"
"""As the catalogue and `train.sources` name it."""
OTHERS_SEED = 7
"""Of the draw of the third of the others who stay unknown to every bundle."""
LAYOUT = "challenge2015/challenge2015.npz and bidmc/"


@dataclass(frozen=True, slots=True)
class _People:
    """Whose recordings a bundle is made of."""

    train: list[Recording]
    """One recording of each person who trained."""
    held_out: list[Recording]
    data: tuple[TrainingData, ...]
    known: list[Recording]
    """All that trained."""


def gather(
    trained: Trained,
    recordings: Path,
    test_cohorts: tuple[Path, ...],
    signing: SigningKey,
    fine_tune_epochs: int = 0,
    others: Path | None = None,
) -> Source:
    """Read the people who trained, for calibration, and those held out, for gate and threshold.

    Args:
        trained: the checkpoint.
        recordings: what it was trained on, as ``pulsekey train`` takes it: the cohort file of a recogniser, the folder
            of an experiment of distillation.
        test_cohorts: cohort files of people never seen, measured and reported.
        signing: the key that signs the bundle.
        fine_tune_epochs: of fine-tuning before conversion, 0 for none.
        others: a cohort file of people with another kind of sensor, two thirds of whom join whitening and cohort.

    Raises:
        ExportError: the recordings are of other people than the checkpoint names.
        RecordingError: a file cannot be read, or the path is a file for a folder or the other way round.
        TrainError: LEAK, somebody who trained, or signal of theirs, is held out or in a test cohort; TOO_FEW_PEOPLE, as
            ``split_people``.
    """
    config = trained.config
    experiment = config if isinstance(config, DistillationConfig) else None
    _require_kind(recordings, folder=experiment is not None)
    for path in test_cohorts:
        _require_strangers(trained, path)
    people = _of_recogniser(trained, recordings) if experiment is None else _of_student(trained, experiment, recordings)
    aside = _others(others) if others is not None else []
    _assert_apart(people, aside, test_cohorts)
    return Source(
        trained=replace(trained, dev_subjects=tuple(one.subject for one in people.held_out)),
        train=[good_windows(one, trained.front_end) for one in people.train],
        others=[good_windows(one, trained.front_end) for one in aside],
        known=tuple({one.fingerprint for one in (*people.known, *aside)}),
        dev=[good_windows(one, trained.front_end) for one in people.held_out],
        held_out=HeldOut(
            tuple(people.held_out), " and ".join(one.name for one in people.data) + ", held out of training"
        ),
        training_data=(*people.data, *([_terms(others)] if others is not None else [])),
        test_cohorts=test_cohorts,
        signing=signing,
        command=_command(trained, test_cohorts, fine_tune_epochs, others),
        fine_tune_epochs=fine_tune_epochs,
    )


def _require_kind(recordings: Path, *, folder: bool) -> None:
    if folder and recordings.is_file():
        raise RecordingError(
            RecordingReason.UNREADABLE,
            f"{recordings} is a file; this checkpoint is of distillation, so give --data the folder of {LAYOUT}",
        )
    if not folder and recordings.is_dir():
        raise RecordingError(
            RecordingReason.UNREADABLE,
            f"{recordings} is a folder; this checkpoint is of a recogniser, so give --data the challenge2015 cohort "
            "file it was trained on",
        )


def _require_strangers(trained: Trained, path: Path) -> None:
    """Nobody is tested whom the network knows; one name is one person, as ``train.cohorts`` names people."""
    known = sorted(set(trained.train_subjects) & set(read_cohort(path).subjects.tolist()))
    if known:
        raise TrainError(
            TrainReason.LEAK,
            f"{path} holds {len(known)} people who trained this network, {known[0]} first: they would be tested on "
            "what it learnt; give --test a cohort of others",
        )


def _assert_apart(people: _People, others: Sequence[Recording], test_cohorts: Sequence[Path]) -> None:
    """Neither a threshold nor an error rate comes from signal that trained, whatever name it goes by.

    Of a test cohort, recordings that the bundle will know are left out by their fingerprint, as `evaluate` does.
    """
    trained = [record_of(one) for one in people.known]
    assert_apart(trained, [record_of(one) for one in people.held_out], ("trains", "is held out"))
    aside = {one.fingerprint for one in others}
    for path in test_cohorts:
        tested = [record_of(one) for one in read_cohort(path) if one.fingerprint not in aside]
        assert_apart([*trained, *map(record_of, others)], tested)


def _others(path: Path) -> list[Recording]:
    """Those of a cohort file who join whitening and cohort: all but the third that is drawn to stay unknown."""
    everyone = [Identity(one) for one in read_cohort(path)]
    named = list({one.subject: one for one in everyone}.values())
    unknown = hold_out(named, round(len(named) / 3), OTHERS_SEED)
    return [one.recording for one in without(everyone, unknown)]


def _terms(path: Path) -> TrainingData:
    """On what terms the people of another sensor are used."""
    if path.stem == "stress_predict":
        return STRESS_PREDICT
    return TrainingData(path.stem, "not stated", "not stated", STRESS_PREDICT.use)


def _of_recogniser(trained: Trained, recordings: Path) -> _People:
    every = read_challenge(recordings, 0.0, every=True)
    # Of each person the best record comes first, and is the one that stays.
    everyone = {one.subject: one.recording for one in reversed(every)}
    # A prepared folder names people with their source.
    trains, held_out = (
        [subject.removeprefix(f"{CHALLENGE_NAME}/") for subject in subjects]
        for subjects in (trained.train_subjects, trained.dev_subjects)
    )
    missing = sorted({*trains, *held_out} - set(everyone))
    if missing:
        raise ExportError(
            ExportReason.CALIBRATION,
            f"{recordings} lacks {len(missing)} people of the checkpoint, {missing[0]} first; give the challenge2015 "
            "cohort file it was trained on; who trained on other recordings too cannot be exported",
        )
    return _People(
        [everyone[subject] for subject in trains],
        [everyone[subject] for subject in held_out],
        (CHALLENGE_2015,),
        [one.recording for one in every if one.subject in trains],
    )


def _of_student(trained: Trained, config: DistillationConfig, folder: Path) -> _People:
    """Who trained and who was tested, as the experiment's protocol told them apart."""
    challenge = read_challenge(folder / "challenge2015" / "challenge2015.npz", config.protocol.min_good)
    bidmc = read_bidmc(folder / "bidmc")
    train, test = _split([*challenge, *bidmc], config.protocol)
    others = sorted({one.subject for one in train} ^ set(trained.train_subjects))
    if others:
        raise ExportError(
            ExportReason.CALIBRATION,
            f"{folder} tells {len(others)} people otherwise into training and test than the checkpoint, {others[0]} "
            "first; give the folder it was trained on",
        )
    use = "training of student and teacher, and threshold" if config.teacher else "training and threshold"
    used = {one.subject for one in (*train, *test)}
    data = [
        replace(one, use=use)
        for one, people in ((CHALLENGE_2015, challenge), (BIDMC, bidmc))
        if any(person.subject in used for person in people)
    ]
    trains = [one.recording for one in train]
    return _People(trains, [one.recording for one in test], tuple(data), trains)


def _split(everyone: Sequence[Identity], protocol: ProtocolConfig) -> tuple[list[Identity], list[Identity]]:
    """Those who train and those who are tested; the split asserts that nobody is both.

    It depends on the pulse alone, so no ECG is read.
    """
    pairs = [pairs_of(SynchronousRecording(one, None)) for one in tqdm(everyone, desc="front end", leave=False)]
    split = split_people(pairs, protocol)
    named = {one.subject: one for one in everyone}
    return [named[subject] for subject in split.train.people], [named[subject] for subject in split.test.people]


def _command(trained: Trained, test_cohorts: tuple[Path, ...], fine_tune_epochs: int, others: Path | None) -> str:
    """The commands that made the bundle, and the whole configuration, whatever its file was called."""
    config = trained.config
    if isinstance(config, DistillationConfig):
        data, run, epoch = "recordings", f"{config.run_name}/last.ckpt", f"epoch {trained.epoch}"
    else:
        data, run, epoch = "challenge2015.npz", f"{config.name}/best.ckpt", f"best epoch {trained.epoch}"
    options = "".join(f" --test {path.name}" for path in test_cohorts)
    if others is not None:
        options += f" --others {others.name}"
    if fine_tune_epochs:
        options += f" --fine-tune {fine_tune_epochs}"
    return (
        f"pulsekey train CONFIG.toml --data {data}\n"
        f"pulsekey export runs/{run} --data {data}{options} --out {config.name}\n"
        f"# {epoch}; CONFIG.toml, as JSON:\n{json.dumps(config.to_dict(), indent=1)}"
    )
