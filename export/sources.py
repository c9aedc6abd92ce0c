"""Gathers what a bundle is made of from the recordings its checkpoint was trained on."""

import json
from pathlib import Path

from device.manifest import TrainingData
from export.build import Source
from export.errors import ExportError, ExportReason
from export.signing import SigningKey
from export.threshold import HeldOut
from train.checkpoint import Trained
from train.cohorts import read_challenge
from train.windows import good_windows

CHALLENGE_2015 = TrainingData(
    name="PhysioNet/CinC Challenge 2015",
    licence="ODC-BY 1.0",
    citation="Clifford et al. 2015, doi:10.13026/c9fg-a467; Goldberger et al. 2000",
    use="training, selection and threshold",
)


def gather(trained: Trained, recordings: Path, test_cohorts: tuple[Path, ...], signing: SigningKey) -> Source:
    """Read the people who trained, for calibration, and those held out, for gate and threshold.

    Args:
        trained: the checkpoint.
        recordings: the cohort file it was trained on.
        test_cohorts: cohort files of people never seen, measured and reported.
        signing: the key that signs the bundle.

    Raises:
        ExportError: the file holds other people than the checkpoint names.
        RecordingError: a file cannot be read.
    """
    everyone = {one.subject: one.recording for one in read_challenge(recordings, 0.0)}
    missing = sorted({*trained.train_subjects, *trained.dev_subjects} - set(everyone))
    if missing:
        raise ExportError(
            ExportReason.CALIBRATION,
            f"{recordings} lacks {len(missing)} people of the checkpoint, {missing[0]} first; give the file it was "
            "trained on",
        )
    held_out = [everyone[subject] for subject in trained.dev_subjects]
    return Source(
        trained=trained,
        train=[good_windows(everyone[subject], trained.front_end) for subject in trained.train_subjects],
        dev=[good_windows(one, trained.front_end) for one in held_out],
        held_out=HeldOut(tuple(held_out), "PhysioNet/CinC Challenge 2015, held out of training"),
        training_data=(CHALLENGE_2015,),
        test_cohorts=test_cohorts,
        signing=signing,
        command=_command(trained, test_cohorts),
    )


def _command(trained: Trained, test_cohorts: tuple[Path, ...]) -> str:
    """The commands that made the bundle, and the whole configuration, whatever its file was called."""
    tests = "".join(f" --test {path.name}" for path in test_cohorts)
    return (
        "pulsekey train CONFIG.toml --data challenge2015.npz\n"
        f"pulsekey export runs/{trained.config.name}/best.ckpt --data challenge2015.npz{tests} "
        f"--out {trained.config.name}\n"
        f"# best epoch {trained.epoch}; CONFIG.toml, as JSON:\n{json.dumps(trained.config.to_dict(), indent=1)}"
    )
