import fcntl
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TextIO

import pytest

from device.cli import main
from train.config import Config, load_config
from train.distillation.config import DistillationConfig, MethodConfig, is_distillation, load_distillation
from train.distillation.result import RESULT
from train.distillation.sweep import load_sweep, run_sweep
from train.errors import TrainError

CONFIGS = Path(__file__).parents[3] / "train" / "configs"
SMALL = """
[network]
name = "mobilenetv1"
width = 0.25
embedding_size = 16

[schedule]
epochs = 1
batch_size = 8
windows_per_person = 8
"""


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """Two experiments and their sweep, on the shipped base."""
    folder = tmp_path / "configs"
    folder.mkdir()
    for base in CONFIGS.glob("base_*.toml"):
        shutil.copy(base, folder)
    head = 'extends = "base_sample_wise.toml"\nthreads = 1\n'
    (folder / "none.toml").write_text(f'{head}name = "none"\nmethod_name = "none"\n{SMALL}')
    (folder / "teacher.toml").write_text(
        f'{head}name = "teacher"\nmethod_name = "teacher"\nmodality = "ecg"\n{SMALL}\n[augment]\nwarp = 0.0\n'
    )
    (folder / "cmkd.toml").write_text(
        f'{head}name = "cmkd"\nmethod_name = "proposed"\nteacher = "teacher.toml"\n{SMALL}\n[method]\nkd = 1.0\n'
    )
    (folder / "sweep.toml").write_text(
        'seeds = [1, 2]\nteachers = ["teacher.toml"]\nconfigs = ["none.toml", "cmkd.toml"]\n'
    )
    return folder


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sweep_trains_everything_once(
    configs: Path, recordings: Path, tmp_path: Path, workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    command = ["train", "--sweep", str(configs / "sweep.toml"), "--data", str(recordings), "--out", str(runs)]
    assert main([*command, "--workers", str(workers)]) == 0
    done = sorted(path.parent.name for path in runs.glob(f"*/{RESULT}"))
    assert done == ["cmkd-s1", "cmkd-s2", "none-s1", "none-s2", "teacher-s1"]
    times = {path: path.stat().st_mtime_ns for path in runs.glob(f"*/{RESULT}")}
    (runs / "none-s2" / RESULT).unlink()
    assert main(command) == 0
    again = {path: path.stat().st_mtime_ns for path in runs.glob(f"*/{RESULT}")}
    assert {path.parent.name for path in times if times[path] != again[path]} == {"none-s2"}
    assert capsys.readouterr().out.splitlines() == [str(runs), str(runs)]


def test_seeds_come_before_the_next_experiment_and_teachers_first(configs: Path) -> None:
    names = [job.config.run_name for job in load_sweep(configs / "sweep.toml")]
    assert names == ["teacher-s1", "none-s1", "cmkd-s1", "none-s2", "cmkd-s2"]


def test_a_worker_that_fails_is_told(configs: Path, tmp_path: Path) -> None:
    jobs = load_sweep(configs / "sweep.toml")
    with pytest.raises(TrainError, match="2 of 2 workers failed"):
        run_sweep(jobs, tmp_path / "nothing", tmp_path / "runs", 2)
    assert not list((tmp_path / "runs").glob("*/result.json"))


def test_a_sweep_takes_no_seed_and_a_config_without_recordings_leaves_nothing(
    configs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = ["train", "--sweep", str(configs / "sweep.toml"), "--data", str(tmp_path)]
    assert main([*sweep, "--seed", "2"]) == 2
    assert "a sweep's seeds are in" in capsys.readouterr().err
    runs = tmp_path / "runs"
    assert main(["train", str(configs / "none.toml"), "--data", str(tmp_path), "--out", str(runs)]) == 2
    assert "no such file" in capsys.readouterr().err
    assert not runs.exists()


def test_a_sweep_that_is_killed_leaves_no_worker(configs: Path, recordings: Path, tmp_path: Path) -> None:
    (configs / "none.toml").write_text((configs / "none.toml").read_text().replace("epochs = 1", "epochs = 100000"))
    (configs / "sweep.toml").write_text('seeds = [1, 2]\nteachers = []\nconfigs = ["none.toml"]\n')
    runs = tmp_path / "runs"
    code = "import sys; from device.cli import main; sys.exit(main(sys.argv[1:]))"
    options = ["--data", str(recordings), "--out", str(runs), "--workers", "2"]
    command = [sys.executable, "-c", code, "train", "--sweep", str(configs / "sweep.toml"), *options]
    sweep = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(list(runs.glob("none-s*/last.ckpt"))) == 2)
    sweep.kill()
    sweep.wait()
    for seed in (1, 2):
        with (runs / f"none-s{seed}" / "lock").open("w") as lock:
            wait_until(partial(is_free, lock))


def wait_until(true: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def is_free(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_one_command_makes_one_row(configs: Path, recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    assert main(["train", str(configs / "none.toml"), "--seed", "3", "--data", str(recordings), "--out", str(out)]) == 0
    assert json.loads((out / "none-s3" / RESULT).read_text())["config"]["seed"] == 3


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('seeds = [1]\nteachers = []\nconfigs = ["none.toml", "none.toml"]', "two runs of the name none-s1"),
        ("seeds = [1]\nteachers = []", "key 'configs' is missing"),
        ('seeds = ["a"]\nteachers = []\nconfigs = []', "seeds = ['a'] is no list of int"),
        ('seeds = [1]\nteachers = []\nconfigs = ["x.toml"]', "cannot read"),
    ],
)
def test_a_bad_sweep_is_one_line(
    configs: Path, recordings: Path, line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (configs / "sweep.toml").write_text(line)
    assert main(["train", "--sweep", str(configs / "sweep.toml"), "--data", str(recordings)]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('[protocol]\nkind = "leave-one-out"', "'leave-one-out' is none of sample-wise, subject-wise"),
        ('[protocol]\nstage = "peek"', "'peek' is none of tune, test"),
        ('modality = "eeg"', "'eeg' is none of ppg, ecg"),
        ("[schedule]\nwindows_in_batch = 3", "windows_in_batch must divide batch_size"),
        ("[method]\nkd = 1.0", "names no teacher"),
        ('teacher = "teacher.toml"', "has a teacher and no term that looks at it"),
        ("[protocol]\noverlap = 1", "overlap = 1 is no bool"),
        ("[method]\nfade = 1.5", "fade is a share of the training"),
        ("[augment]\nwarp = 0.6", r"warp is at most 0\.5"),
        ('modality = "ecg"\n[augment]\nwarp = 0.1', "an ECG is not stretched"),
        ('extends = "bad.toml"', "extends itself"),
    ],
)
def test_a_bad_config_is_one_line(configs: Path, change: str, says: str, tmp_path: Path) -> None:
    extends = "" if change.startswith("extends") else 'extends = "none.toml"\n'
    (configs / "bad.toml").write_text(f"{extends}{change}\n")
    with pytest.raises(TrainError, match=says) as caught:
        load_distillation(configs / "bad.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_config_says_what_runs_it(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    if path.stem.startswith("base"):
        return
    assert path.name in first
    assert first.startswith("# pulsekey train ")
    if path.stem.startswith("sweep"):
        assert load_sweep(path)
        return
    if not is_distillation(path):
        recogniser = load_config(path)
        assert Config.from_dict(recogniser.to_dict(), "") == recogniser
        return
    config = load_distillation(path)
    assert DistillationConfig.from_dict(config.to_dict(), "") == config
    assert not config.teacher or (CONFIGS / config.teacher).exists()
    assert {field.name for field in fields(MethodConfig)} == set(config.to_dict()["method"])
