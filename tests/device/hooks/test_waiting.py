"""What waits for a slow hook: bounded, in order, and never an unlock that is over."""

from hypothesis import given
from hypothesis import strategies as st

from device.hooks.change import Change
from device.hooks.waiting import in_order, newest

# Each step: the lock changes, or the hook takes what is next.
STEPS = st.lists(st.sampled_from(["change", "take"]), max_size=40)


def alternating(count: int) -> list[Change]:
    """As a lock changes: opened for one person, closed on the same, opened for the next."""
    return [Change(bool(i % 2), f"p{i // 2}", "", "") for i in range(count)]


@given(STEPS)
def test_in_order_takes_every_change_but_unlocks_that_were_over(steps: list[str]) -> None:
    changes = iter(alternating(len(steps)))
    waiting: list[Change] = []
    taken: list[Change] = []
    made: list[Change] = []
    for step in steps:
        if step == "change":
            made.append(next(changes))
            waiting = in_order(waiting, made[-1])
        elif waiting:
            taken.append(waiting.pop(0))
            # An unlock that is taken has not been ended by a lock yet, even if one takes it late.
            assert taken[-1].locked or made[-1] == taken[-1]
        assert len(waiting) <= 2
    done = taken + waiting
    assert [change for change in made if change in done] == done
    left_out = [change for change in made if change not in done]
    assert [change.locked for change in left_out] == [False, True] * (len(left_out) // 2)
    assert [c.person for c in left_out[::2]] == [c.person for c in left_out[1::2]]
    if made:  # nothing done at all is as good as locked
        assert (done[-1].locked if done else True) == made[-1].locked


@given(STEPS)
def test_newest_keeps_the_last_alone(steps: list[str]) -> None:
    waiting: list[Change] = []
    for change in alternating(len(steps)):
        waiting = newest(waiting, change)
        assert waiting == [change]


def test_a_second_unlock_or_lock_replaces_the_first() -> None:
    for locked in (True, False):
        first, second = Change(locked, "a", "", ""), Change(locked, "b", "", "")
        assert in_order([first], second) == [second]
