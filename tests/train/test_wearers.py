from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.wearers import WEARERS_FILE
from train.commands.wearers import SEED
from train.wearers import make_wearers, write_wearers

# NeuroKit2 and pandas warn about their own future.
pytestmark = pytest.mark.filterwarnings("ignore")


def test_the_file_that_ships_is_what_the_script_makes(tmp_path: Path) -> None:
    write_wearers(tmp_path / "w.npz", SEED)
    with np.load(tmp_path / "w.npz") as made, np.load(WEARERS_FILE) as shipped:
        assert set(made.files) == set(shipped.files)
        for name in made.files:
            if made[name].dtype.kind == "U":
                assert made[name].tolist() == shipped[name].tolist()
            else:
                np.testing.assert_allclose(made[name], shipped[name], rtol=1e-5, atol=1e-6)


def test_beats_are_pulses_and_no_two_are_alike() -> None:
    beats = make_wearers(SEED)["beat"].astype(float)
    assert beats.min() == 0.0
    assert beats.max() == 1.0
    assert np.abs(beats[:, 0] - beats[:, -1]).max() < 0.05
    # The upstroke is the steep part: within the first third, and steeper than any descent.
    slopes = np.diff(beats, axis=1)
    assert (slopes.argmax(axis=1) < beats.shape[1] / 3).all()
    assert (slopes.max(axis=1) > -slopes.min(axis=1)).all()
    alike = np.corrcoef(beats)[np.triu_indices(len(beats), 1)]
    assert alike.max() < 0.95


def test_another_seed_makes_other_people() -> None:
    assert not np.array_equal(make_wearers(1)["beat"], make_wearers(2)["beat"])
