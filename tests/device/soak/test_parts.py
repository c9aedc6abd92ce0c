"""The parts of a soak, each by itself: sittings and their slate, faults, stretches, and what a process holds."""

import ctypes
import subprocess
import sys
import weakref
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.frontend import BoardFrontEnd
from device.soak.boards import MOST_HASTE, FaultyBoard, haste
from device.soak.injecting import ALL_FAULTS, OF_A_BOARD, OF_A_MOMENT, Injecting
from device.soak.resources import WARM_UP_S, Look, Resources
from device.soak.running import GIVEN_UP_S
from device.soak.stretches import Stretches
from device.soak.wearing import AIR_IR, AIR_RED, SURE, OneSitting, Sittings, Slate, WornSensor
from firmware_bridge import LightBoard, SampleBlock
from firmware_bridge.clocked_source import ClockedSource
from firmware_bridge.direct_reader import DirectReader
from firmware_bridge.reader import SILENCE_S
from tests.device.conftest import make_spec

ROOT = Path(__file__).resolve().parents[3]


def test_a_board_that_was_unplugged_is_gone_at_once(no_collector: None) -> None:
    plan = Injecting(ALL_FAULTS, gap_s=60.0, lives_s=(600.0, 600.0), long_stall_s=5.0, seed=0).board(600.0)
    befallen: list[str] = []
    board = FaultyBoard(WornSensor(Sittings(0)), plan, befallen.append, 0)
    gone = weakref.ref(board)
    packets = board.wired.boot()
    assert next(packets).data
    del board, packets
    assert gone() is None


class TestSittings:
    def test_they_come_again_alike_and_in_order(self) -> None:
        sittings, again = Sittings(3), Sittings(3)
        sensor = WornSensor(sittings)
        for number in range(3):
            one, other = sittings.sitting(number), again.sitting(number)
            assert (one.wearer, one.is_enrolled) == (other.wearer, number % 2 == 0)
            assert (one.wearer in sittings.enrolled) == one.is_enrolled
            for part in (other.air, other.worn):
                np.testing.assert_array_equal(sensor.read(len(part)), part)
        assert not np.array_equal(Sittings(4).sitting(0).worn[:100], sittings.sitting(0).worn[:100])

    def test_one_alone_begins_within_its_slate(self) -> None:
        sitting = Sittings(0).sitting(1)
        source = OneSitting(sitting, 7)
        assert source.read(7)[:, 0].tolist() == [AIR_IR + left for left in range(7, 0, -1)]
        np.testing.assert_array_equal(source.read(10**6), sitting.worn)
        assert len(source.read(1)) == 0

    @settings(max_examples=12, deadline=None)
    @given(st.integers(0, 5), st.lists(st.integers(1, 400), max_size=8))
    def test_the_slate_tells_the_first_sample_in_any_portions(self, first: int, portions: list[int]) -> None:
        sittings, slate = Sittings(1), Slate()
        parts = [part for n in (first, first + 1) for part in (sittings.sitting(n).air, sittings.sitting(n).worn[:200])]
        begun = {}
        for place, (ir_counts, red_counts) in enumerate(np.concatenate(parts).tolist()):
            number = slate.take(ir_counts, red_counts)
            if number is not None:
                begun[number] = place
        ends = np.cumsum([len(part) for part in parts]).tolist()
        assert begun == {first: ends[0], first + 1: ends[2]}

    @pytest.mark.parametrize("missing", [1, SURE // 2])
    def test_a_slate_with_a_hole_near_its_end_is_not_believed(self, missing: int) -> None:
        sitting, slate = Sittings(1).sitting(0), Slate()
        rows = np.concatenate([sitting.air, sitting.worn[:50]]).tolist()
        del rows[len(sitting.air) - missing - 20 : len(sitting.air) - 20]
        assert [n for row in rows if (n := slate.take(*row)) is not None] == []

    @pytest.mark.parametrize("error", [0.02, -0.02, 0.04, -0.04])
    def test_a_clock_that_is_off_shows_no_slate(self, error: float) -> None:
        source, slate = ClockedSource(WornSensor(Sittings(2)), error), Slate()
        assert all(slate.take(*row) is None for row in source.read(12_000).tolist())

    def test_red_has_room_for_the_sittings_of_a_month(self) -> None:
        assert AIR_RED + 30 * 24 * 60 < 1 << 18


class TestInjecting:
    def make(self, names: tuple[str, ...] = ALL_FAULTS, seed: int = 0) -> Injecting:
        return Injecting(names, gap_s=60.0, lives_s=(600.0, 1800.0), long_stall_s=200.0, seed=seed)

    def test_each_fault_comes_about_as_often(self) -> None:
        injecting = self.make()
        plans = [injecting.board(1e6) for _ in range(120)]
        moments = Counter(fault.name for plan in plans for fault in plan.faults)
        assert set(moments) == set(OF_A_MOMENT)
        assert max(moments.values()) - min(moments.values()) <= 1
        assert Counter(plan.lasting for plan in plans) == {"": 60} | dict.fromkeys(OF_A_BOARD, 20)

    def test_they_follow_each_other_within_the_life_of_their_board(self) -> None:
        for plan in [self.make(seed=seed).board(1e6) for seed in range(30)]:
            ends = [0.0, *(fault.at_s + fault.lasts_s for fault in plan.faults)]
            assert all(end < fault.at_s < plan.lives_s for end, fault in zip(ends, plan.faults, strict=False))
            assert 600.0 <= plan.lives_s <= 1800.0

    def test_the_same_seed_draws_the_same(self) -> None:
        assert self.make(seed=5).board(1e6) == self.make(seed=5).board(1e6)
        assert self.make(seed=5).board(1e6) != self.make(seed=6).board(1e6)

    def test_without_a_reason_to_unplug_there_is_one_board(self) -> None:
        plan = self.make(("nack",)).board(7200.0)
        assert plan.lives_s == float("inf")
        assert {fault.name for fault in plan.faults} == {"nack"}
        assert max(fault.at_s for fault in plan.faults) < 7200.0


class TestStretches:
    """Against the front end itself, whose windows it must not ask for more of, nor miss a lost one."""

    def blocks(self, count: int, first: int = 0, epoch: int = 0) -> list[SampleBlock]:
        messages = DirectReader(LightBoard(OneSitting(Sittings(0).sitting(0), 5)))
        blocks = [one for one in messages if isinstance(one, SampleBlock)]
        return blocks[first : first + count]

    def count(self, blocks: list[SampleBlock], drop: int = -1) -> Stretches:
        spec = make_spec()
        front_end, stretches, seen = BoardFrontEnd(spec), Stretches(spec), 0
        for block in blocks:
            windows = len(front_end.feed(block))
            seen += windows
            windows -= bool(windows) and seen == drop
            stretches.block(len(block.ir_counts), windows, front_end.rate_hz, idle=False)
        stretches.end()
        stretches.block(5, 0, front_end.rate_hz, idle=False)
        return stretches

    @settings(max_examples=12, deadline=None)
    @given(st.integers(1, 500))
    def test_a_front_end_that_loses_nothing_owes_nothing(self, count: int) -> None:
        stretches = self.count(self.blocks(count))
        assert stretches.lost == 0
        assert stretches.due >= max(0, (5 * count - 94 - 300 - 250 - 40) // 300)

    def test_a_window_that_is_lost_is_missed(self) -> None:
        # Of a stretch that ends just after its last window is due.
        lost = [self.count(self.blocks(count), drop=3).lost for count in range(300, 420, 7)]
        assert max(lost) == 1

    def test_idle_it_owes_nothing(self) -> None:
        stretches = Stretches(make_spec())
        for _ in range(500):
            stretches.block(5, 0, 125.0, idle=True)
        stretches.end()
        stretches.block(5, 0, 125.0, idle=True)
        assert (stretches.due, stretches.lost) == (0, 0)


class TestResources:
    def looked(self, hours: float, rss: float = 0.0, leaks: float = 0.0) -> Resources:
        random = Random(1)
        resources = Resources(
            hours * 3600.0,
            lambda s: Look(
                s,
                round(60e6 + min(s, WARM_UP_S) * 1e4 + s / 3600 * rss + random.uniform(-2e5, 2e5)),
                9 + round(s / 3600 * leaks) - (random.random() < 0.1),
                5 + round(s / 3600 * leaks),
            ),
        )
        for second in range(int(hours * 3600)):
            resources.at(float(second))
        return resources

    def test_what_warms_up_and_then_stays_has_not_grown(self) -> None:
        growth = self.looked(6.0).growth()
        assert growth is not None
        assert abs(growth.rss_bytes) < 2e5
        assert (growth.descriptors, growth.threads) == (0, 0)

    def test_a_leak_is_seen(self) -> None:
        growth = self.looked(6.0, rss=3e5, leaks=1.0).growth()
        assert growth is not None
        assert growth.rss_bytes > 1e6
        assert (growth.descriptors, growth.threads) == (5, 5)

    def test_a_short_run_says_nothing(self) -> None:
        assert self.looked(0.9).growth() is None

    def test_its_own_memory_is_bounded(self) -> None:
        assert len(self.looked(6.0).looks) <= 401

    def test_this_process(self) -> None:
        resources = Resources(1.0)
        resources.at(0.0)
        (look,) = resources.looks
        assert look.rss_bytes > 10e6
        assert look.descriptors >= 3
        assert look.threads >= 1


@pytest.mark.parametrize(
    ("behind_s", "lives_s", "expected"), [(0.0, 600.0, 1.0), (30.0, 600.0, 1.05), (500.0, 600.0, 1.1), (-1.0, 0.1, 1.0)]
)
def test_a_board_makes_up_for_the_time_without_one(behind_s: float, lives_s: float, expected: float) -> None:
    assert haste(behind_s, lives_s) == pytest.approx(expected)


def test_in_haste_a_long_stall_is_too_long_for_a_reader_still() -> None:
    assert GIVEN_UP_S / MOST_HASTE > SILENCE_S


FORGETTING = """
import numpy as np
from device.soak.resources import look, keep_one_heap
keep_one_heap()
for size in (200_000, 400_000, 300_000):  # the first one freed would raise glibc's bound for the next
    held = [np.ones(size, dtype=np.uint8) for _ in range(60)]
    kept = [np.ones(50, dtype=np.uint8) for _ in range(60)]  # above them in the heap, were they in it
    before = look(0.0).rss_bytes
    held.clear()
    assert look(0.0).rss_bytes - before < -50 * size, size
"""


def test_a_large_array_that_is_forgotten_is_resident_no_longer() -> None:
    # In a process of its own: in the holes of an old heap there may be room.
    subprocess.run([sys.executable, "-c", FORGETTING], cwd=ROOT, check=True, timeout=60)


THREADED = """
import ctypes, pathlib, sys, threading
from device.soak.resources import keep_one_heap
keep_one_heap()
libc = ctypes.CDLL(None)
libc.fopen.restype, libc.malloc.restype = ctypes.c_void_p, ctypes.c_void_p
thread = threading.Thread(target=lambda: libc.malloc(5_000))
thread.start(), thread.join()
told = libc.fopen(sys.argv[1].encode(), b"w")
assert libc.malloc_info(0, ctypes.c_void_p(told)) == 0
libc.fclose(ctypes.c_void_p(told))
assert pathlib.Path(sys.argv[1]).read_text().count("<heap nr=") == 1
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="of glibc alone")
def test_all_threads_have_one_heap(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", THREADED, str(tmp_path / "heaps.xml")], cwd=ROOT, check=True, timeout=60)
