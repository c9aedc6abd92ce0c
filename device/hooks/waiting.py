"""What still has to reach a hook that is slower than the lock; never more than two changes."""

from device.hooks.change import Change


def newest(waiting: list[Change], change: Change) -> list[Change]:
    """For a hook that shows a state: whatever it has missed is over."""
    return [change]


def in_order(waiting: list[Change], change: Change) -> list[Change]:
    """For a hook that acts on each change: one after the other, without an unlock that is over before it has begun.

    A door that a late program opened would stand open with nobody there. The lock that ends such an unlock has nothing
    left to end, and is left out with it.
    """
    if waiting and change.locked and not waiting[-1].locked:
        return waiting[:-1]
    if waiting and change.locked == waiting[-1].locked:
        return [*waiting[:-1], change]
    return [*waiting, change]
