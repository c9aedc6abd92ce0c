import numpy as np
import pytest
import torch

from train.errors import TrainError, TrainReason
from train.views import seen, views_of


def test_each_name_doubles_the_views_and_the_pulse_as_it_is_comes_first() -> None:
    assert views_of([]) == [()]
    assert views_of(["backwards"]) == [(), ("backwards",)]
    views = views_of(["inverted", "slope", "backwards"])
    assert views[0] == ()
    assert len(set(views)) == 8


@pytest.mark.parametrize("names", [["sideways"], ["slope", "slope"]])
def test_other_names_are_refused(names: list[str]) -> None:
    with pytest.raises(TrainError, match="backwards, inverted, slope") as caught:
        views_of(names)
    assert caught.value.reason is TrainReason.BAD_CONFIG


def test_a_view_is_what_it_is_called() -> None:
    rng = np.random.default_rng(3)
    windows = rng.normal(size=(2, 9)).astype(np.float32)
    given = torch.from_numpy(windows)
    for row in range(2):
        pulse = windows[row].tolist()
        assert seen(given, ("backwards",))[row].tolist() == pulse[::-1]
        assert seen(given, ("inverted",))[row].tolist() == [-v for v in pulse]
        slope = [pulse[1] - pulse[0]]
        slope += [(pulse[i + 1] - pulse[i - 1]) / 2 for i in range(1, 8)]
        slope.append(pulse[8] - pulse[7])
        mean = sum(slope) / 9
        spread = (sum((v - mean) ** 2 for v in slope) / 9) ** 0.5
        wanted = [(v - mean) / spread for v in slope]
        np.testing.assert_allclose(seen(given, ("slope",))[row].numpy(), wanted, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(
            seen(given, ("slope", "backwards", "inverted"))[row].numpy(),
            [-v for v in wanted[::-1]],
            rtol=1e-4,
            atol=1e-6,
        )
