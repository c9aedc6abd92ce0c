"""SIGKILL at random moments of enrolment, update, forgetting, lockout and rekeying: is all whole, and nothing reset?

python tests/benchmarks/kill_store.py [--kills N] [--seed N]

A child process changes the store without pause and tells each change before and after it; it is killed at a random
moment, and this process opens what is left. The store must hold what the child had told as done, and the change that it
was about wholly or not at all: templates to the bit, failed tries, PIN and the number of log entries.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.gallery import Gallery
from device.store.guard import Guard
from device.store.lockout import Lockout, Moment
from device.store.pin import Pin

SIZE = 96
MODEL = "m1"
LONGEST_S = 0.08  # several changes of some ms each
CHANGES = ("enrol", "update", "forget", "begin", "conclude", "rekey")


@dataclass
class Expected:
    """What must be in the store."""

    people: dict[str, int] = field(default_factory=dict)
    """Name to the seed of the reference."""
    lockout: Lockout = field(default_factory=Lockout)
    entries: int = 1  # "store made"

    def after(self, words: list[str]) -> "Expected":
        """After one more change."""
        kind, name, number = words[0], words[1], int(words[2])
        people, lockout = dict(self.people), self.lockout
        if kind in ("enrol", "update"):
            people[name] = number
        elif kind == "forget":
            del people[name]
        elif kind == "begin":
            lockout = lockout.failed(moment(number))
        elif kind == "conclude":
            lockout = Lockout()
        return Expected(people, lockout, self.entries + 1)


def moment(number: int) -> Moment:
    """Of a clock so fast that no lock is in the way."""
    return Moment("boot", number * 10_000.0)


def reference(seed: int) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).standard_normal(SIZE)
    return np.asarray(values / np.linalg.norm(values), dtype=np.float32)


def change_for_ever(path: Path, pipe: int, expected: Expected, number: int, rng: random.Random) -> None:
    """The child: changes without pause."""
    with Gallery(path) as gallery:
        while True:
            number += 1
            words = some_change(expected, number, rng)
            os.write(pipe, (" ".join(words) + "\n").encode())
            carry_out(gallery, words)
            os.write(pipe, b"done\n")
            expected = expected.after(words)


def some_change(expected: Expected, number: int, rng: random.Random) -> list[str]:
    names = sorted(expected.people)
    # Some sixteen people: the number of rows is crossed both ways.
    kind = rng.choice(CHANGES if names and len(names) < 20 else ("forget",) if names else ("enrol",))
    name = f"person-{number}" if kind == "enrol" else rng.choice(names)
    return [kind, name, str(number)]


def carry_out(gallery: Gallery, words: list[str]) -> None:
    kind, name, number = words[0], words[1], int(words[2])
    if kind == "enrol":
        gallery.enrol(name, MODEL, reference(number), 20)
    elif kind == "update":
        gallery.update(name, reference(number), 20)
    elif kind == "forget":
        gallery.forget(name)
    elif kind == "begin":
        assert Guard(gallery.store, lambda: moment(number)).begin(name) is None
    elif kind == "conclude":
        Guard(gallery.store, lambda: moment(number)).conclude(name, accepted=True)
    else:
        gallery.store.rekey()


def killed_child(path: Path, expected: Expected, number: int, rng: random.Random) -> list[str]:
    """The lines that a child told before it was killed."""
    reading, writing = os.pipe()
    seed = rng.random()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            change_for_ever(path, writing, expected, number, random.Random(seed))
        finally:
            os._exit(1)
    os.close(writing)
    time.sleep(rng.uniform(0.0, LONGEST_S))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child ended by itself: see its traceback above"
    with os.fdopen(reading, encoding="ascii") as file:
        return file.read().splitlines()


def found(path: Path, entries: int) -> Expected:
    """What is in the store; opening it checks the rest."""
    with Gallery(path) as gallery:
        written = [entry.number for entry in gallery.log_entries()]
        assert written == list(range(1, len(written) + 1))
        people = {}
        if gallery.people():
            references = gallery.references(MODEL)
            people = dict(zip(references.names, references.embeddings, strict=True))
        with gallery.store.reading() as view:
            lockout, pin = view.head.lockout, view.head.pin
        assert pin is not None
        assert pin.digest == PIN.digest
    return Expected({name: seed_of(name, one) for name, one in people.items()}, lockout, len(written))


SEEDS: dict[bytes, int] = {}
PIN = Pin.of("246810")


def seed_of(name: str, found_reference: NDArray[np.float32]) -> int:
    seed = SEEDS.get(found_reference.tobytes())
    assert seed is not None, f"the template of {name} was never written"
    return seed


def run(kills: int, path: Path, rng: random.Random) -> Counter[str]:
    """Kill and check; what the child was about when it was killed."""
    with Gallery(path) as gallery, gallery.store.changing() as view:
        view.head.pin = PIN
    expected, number, interrupted = Expected(), 0, Counter[str]()
    for kill in range(kills):
        lines = killed_child(path, expected, number, rng)
        for line in lines:
            if line != "done":
                about = line.split()
                number = int(about[2])
                SEEDS[reference(number).tobytes()] = number
            else:
                expected, about = expected.after(about), []
        left = found(path, expected.entries)
        allowed = [expected, expected.after(about)] if lines and about else [expected]
        assert left in allowed, f"kill {kill}, about {about}: {left} is none of {allowed}"
        interrupted[
            (f"{about[0]}, {'done' if left == allowed[1] else 'not done'}") if lines and about else "opening"
        ] += 1
        expected = left
    return interrupted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        interrupted = run(args.kills, Path(folder) / "gallery.sqlite", random.Random(args.seed))
    for about, times in sorted(interrupted.items()):
        print(f"{times:5d}  killed in {about}")
    print(f"{args.kills} kills: the store opened each time, whole, with nothing reset")
    return 0


if __name__ == "__main__":
    sys.exit(main())
