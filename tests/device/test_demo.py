"""The demo, whole, on a simulated board, with the model that ships; and its story, event by event."""

import subprocess
import sys
from pathlib import Path

import pytest

from device.bundle import default_bundle_path
from device.commands.demo import Story
from device.errors import BundleError, CommandError
from device.events import LockChanged, Unknown

ROOT = Path(__file__).resolve().parents[2]


def demo(*options: object) -> str:
    words = [sys.executable, "-m", "device.cli", "demo", "--plain", *map(str, options)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_demo_with_the_model_that_ships() -> None:
    try:
        default_bundle_path()
    except BundleError as error:
        pytest.skip(str(error))
    told = demo()
    story = [
        "are enrolled",
        "sensor put on",
        "unlocked for alan",
        "locked: taken off",
        "sensor put on",
        "nobody I know",
    ]
    at = 0
    for sentence in [*story, "Both right"]:
        at = told.index(sentence, at) + 1
    assert told.count("unlocked for") == 1


class Wardrobe:
    """Who wears the sensor, without one."""

    wearer = ""

    def wear(self, name: str) -> None:
        self.wearer = name


def test_a_wrong_outcome_is_an_error() -> None:
    story = Story(Wardrobe(), "alan", "grace")
    with pytest.raises(CommandError, match="did not open"):
        story.check()
    story.take(LockChanged(1.0, False, "grace", "recognised"))
    assert story.over
    with pytest.raises(CommandError, match="did not open"):
        story.check()
    story = Story(Wardrobe(), "alan", "grace")
    story.take(LockChanged(1.0, False, "alan", "recognised"))
    with pytest.raises(CommandError, match="not turned away"):
        story.check()


def test_the_story_goes_on_when_the_lock_does() -> None:
    wardrobe = Wardrobe()
    story = Story(wardrobe, "alan", "grace")
    worn = []
    for time_s, event in [
        (1.9, None), (2.1, None), (12.0, LockChanged(12.0, False, "alan", "recognised")), (15.9, None), (16.1, None),
        (16.2, LockChanged(16.2, True, "alan", "taken off")), (18.3, None), (27.0, Unknown(27.0, -1.0, 4.0, 6)),
    ]:  # fmt: skip
        if event is not None:
            story.take(event)
        story.go_on(time_s)
        worn.append(wardrobe.wearer)
    assert worn == ["", "alan", "alan", "alan", "", "", "grace", "grace"]
    assert story.over
    story.check()
