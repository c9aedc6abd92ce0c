"""Twenty times unplugged and plugged in again: nothing hangs and nothing leaks."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from tests.fuzzing.unplugging import Outcome, Plug, open_descriptors, run_cycles, settled_threads

BOARDS, CYCLES = 4, 5


def test_a_board_comes_back_each_time_and_leaves_nothing(tmp_path: Path) -> None:
    descriptors, threads = open_descriptors(), threading.active_count()

    def endure(number: int) -> Outcome:
        rng = Random(number)
        home = tmp_path / str(number)
        home.mkdir()
        plug = Plug(home, "ada", renames=number % 2 == 1)
        return run_cycles(plug, [rng.choice((0.0, rng.uniform(0.0, 0.3))) for _ in range(CYCLES)], rng)

    with ThreadPoolExecutor(BOARDS) as pool:
        outcomes = list(pool.map(endure, range(BOARDS)))
    assert not any(outcome.hung for outcome in outcomes)
    assert [len(outcome.first_sample_s) for outcome in outcomes] == [CYCLES] * BOARDS
    assert open_descriptors() == descriptors
    assert len(left := settled_threads(threads)) == threads, left
