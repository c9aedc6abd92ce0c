"""Any order of what is done to a gallery, held against a plain dictionary: what a reopened store says is that."""

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from numpy.typing import NDArray

from device.errors import GalleryError, GalleryReason
from device.gallery import Gallery
from device.person_names import composed
from device.store.guard import Guard, Outcome, Verdict
from device.store.lockout import Moment
from device.template_update import RULE

NAMES = st.sampled_from(["Ann", "Ben", "Jos\u00e9", "Jose\u0301"])  # two of them are one name
MODELS = st.sampled_from(["m1", "m1", "m1", "m2"])
SEEDS = st.integers(0, 2**16)
PINS = ("135790", "246802")


@dataclass(frozen=True)
class Held:
    """What is known of one person."""

    model_id: str
    good_windows: int
    enrolled_at_utc: str
    anchor: NDArray[np.float32]
    template: NDArray[np.float32]


def unit(seed: int) -> NDArray[np.float32]:
    """A unit vector (8,)."""
    values = np.random.default_rng(seed).standard_normal(8)
    return np.asarray(values / np.linalg.norm(values), dtype=np.float32)


class Tries:
    """Who may try, as README says it: five, then 30 s, twice that after the next five, at most an hour."""

    def __init__(self) -> None:
        self.boot, self.uptime_s = 1, 1000.0
        self.pin: str | None = None
        self.forget()

    def forget(self) -> None:
        """After a success."""
        self.left, self.locks, self.locked_at = 5, 0, (0, 0.0)

    def now(self) -> Moment:
        """The clock that the guard asks."""
        return Moment(str(self.boot), self.uptime_s)

    def fail(self) -> None:
        """One more."""
        self.left -= 1
        if self.left == 0:
            self.left, self.locks, self.locked_at = 5, self.locks + 1, (self.boot, self.uptime_s)

    def verdict(self, outcome: Outcome) -> Verdict:
        """With what is left."""
        length_s = 0.0
        for number in range(self.locks):
            length_s = 30.0 if number == 0 else min(3600.0, 2.0 * length_s)
        boot, at_s = self.locked_at
        return Verdict(outcome, max(0.0, length_s - (self.uptime_s - (at_s if boot == self.boot else 0.0))), self.left)

    def barrier(self, *, pin_given: bool = False) -> Verdict | None:
        """What keeps anybody from trying."""
        if self.verdict(Outcome.LOCKED).wait_s > 0.0:
            return self.verdict(Outcome.LOCKED)
        return self.verdict(Outcome.PIN_DUE) if self.locks >= 3 and self.pin and not pin_given else None


class GalleryMachine(RuleBasedStateMachine):
    """A gallery, and what it must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, Held] = {}
        self.logged = [("store", "made", "")]
        self.tries = Tries()
        self.open: list[Gallery] = []
        self.ending = ExitStack()

    @initialize()
    def begin_anew(self) -> None:
        self.path = Path(self.ending.enter_context(tempfile.TemporaryDirectory())) / "gallery.sqlite"
        self.ending.enter_context(mock.patch("device.gallery._now_utc", self.stamp))
        self.opened()
        for name in ("Ann", "Jos\u00e9"):
            self.enrol(name, "m1", len(name), 20)

    def stamp(self) -> str:
        """Another with each change, in place of the date."""
        return f"change {len(self.logged)}"

    def opened(self, **options: bool) -> Gallery:
        self.gallery = Gallery(self.path, **options)
        self.guard = Guard(self.gallery.store, self.tries.now)
        return self.gallery

    def tried(self, expected: GalleryReason | None, call: Any, *values: object) -> bool:
        """Whether it was done; where it must not be, it is refused for this reason."""
        if expected is None:
            call(*values)
            return True
        with pytest.raises(GalleryError, check=lambda error: error.reason is expected and "\n" not in str(error)):
            call(*values)
        return False

    def whose(self, name: str) -> GalleryReason | None:
        return None if composed(name) in self.people else GalleryReason.UNKNOWN_NAME

    @rule(name=NAMES, model_id=MODELS, seed=SEEDS, windows=st.integers(1, 99))
    def enrol(self, name: str, model_id: str, seed: int, windows: int) -> None:
        expected = None
        if composed(name) in self.people:
            expected = GalleryReason.ALREADY_ENROLLED
        elif any(held.model_id != model_id for held in self.people.values()):
            expected = GalleryReason.OTHER_MODEL
        new = Held(model_id, windows, self.stamp(), unit(seed), unit(seed))
        if self.tried(expected, self.gallery.enrol, name, model_id, unit(seed), windows):
            self.people[composed(name)] = new
            self.logged.append(("enrol", "done", composed(name)))

    @rule(name=NAMES, seed=SEEDS, windows=st.integers(1, 99))
    def another_session(self, name: str, seed: int, windows: int) -> None:
        if self.tried(self.whose(name), self.gallery.update, name, unit(seed), windows):
            old = self.people[composed(name)]
            self.people[composed(name)] = replace(old, good_windows=windows, anchor=unit(seed), template=unit(seed))
            self.logged.append(("update", "done", composed(name)))

    @rule(name=NAMES, seed=SEEDS)
    def move(self, name: str, seed: int) -> None:
        if self.tried(self.whose(name), self.gallery.move, name, unit(seed), RULE):
            old = self.people[composed(name)]
            moved = RULE.moved(old.anchor, old.template, unit(seed))
            self.people[composed(name)] = replace(old, template=moved)
            self.logged.append(("move", "done", composed(name)))

    @rule(name=NAMES)
    def forget(self, name: str) -> None:
        if self.tried(self.whose(name), self.gallery.forget, name):
            del self.people[composed(name)]
            self.logged.append(("forget", "done", composed(name)))

    @rule()
    def rekey(self) -> None:
        self.gallery.store.rekey()
        self.logged.append(("rekey", "done", ""))

    @rule(name=NAMES, accepted=st.sampled_from([True, False, False, None]), times=st.integers(1, 6))
    def tries_to_verify(self, name: str, accepted: bool | None, times: int) -> None:
        """`accepted` None: cut off before the answer."""
        for _ in range(times):
            barrier = self.tries.barrier()
            assert self.guard.begin(name) == barrier
            self.logged.append(("verify", barrier.outcome.value if barrier else "begun", name))
            if barrier:
                return
            self.tries.fail()
            if accepted is None:
                continue
            if accepted:
                self.tries.forget()
            expected = self.tries.verdict(Outcome.ACCEPTED if accepted else Outcome.REFUSED)
            assert self.guard.conclude(name, accepted=accepted) == expected
            self.logged.append(("verify", expected.outcome.value, name))

    @rule(pin=st.sampled_from(PINS))
    def set_pin(self, pin: str) -> None:
        failed = self.tries.left < 5 or self.tries.locks > 0
        if self.tried(GalleryReason.WRONG_PIN if failed else None, self.guard.set_pin, pin):
            self.tries.pin = pin
            self.logged.append(("pin", "set", ""))

    @rule(pin=st.sampled_from(PINS))
    def enter_pin(self, pin: str) -> None:
        if self.tries.pin is None:
            self.tried(GalleryReason.WRONG_PIN, self.guard.enter_pin, pin)
            return
        expected = self.tries.barrier(pin_given=True)
        if expected is None and pin == self.tries.pin:
            self.tries.forget()
        elif expected is None:
            self.tries.fail()
            expected = self.tries.verdict(Outcome.WRONG_PIN)
        assert self.guard.enter_pin(pin) == expected
        self.logged.append(("pin", expected.outcome.value if expected else "right", ""))

    @rule(seconds=st.sampled_from([1.0, 29.0, 30.0, 60.0, 4000.0]), reboots=st.booleans())
    def time_passes(self, seconds: float, reboots: bool) -> None:
        if reboots:
            self.tries.boot, self.tries.uptime_s = self.tries.boot + 1, 0.0
        self.tries.uptime_s += seconds

    @rule(create=st.booleans())
    def reopened(self, create: bool) -> None:
        self.gallery.close()
        self.says_what_it_must(self.opened(create=create))

    @rule()
    def seen_beside(self) -> None:
        with Gallery(self.path) as other:
            self.says_what_it_must(other)

    @rule(content=st.sampled_from([None, b"", b"x" * 31, b"x" * 32]))
    def without_its_key(self, content: bytes | None) -> None:
        self.gallery.close()
        key = self.path.with_name(self.path.name + ".key")
        kept = key.with_suffix(".kept")
        shutil.copy2(key, kept)
        if content is None:
            key.unlink()
        else:
            key.write_bytes(content)
        files = [
            file for file in self.path.parent.iterdir() if file.name in (self.path.name, self.path.name + ".state")
        ]
        before = {file: file.read_bytes() for file in files}
        self.tried(GalleryReason.NO_KEY if content is None else GalleryReason.WRONG_KEY, Gallery, self.path)
        assert {file: file.read_bytes() for file in files} == before
        kept.replace(key)
        self.opened()

    def says_what_it_must(self, gallery: Gallery) -> None:
        told = [(one.name, one.model_id, one.good_windows, one.enrolled_at_utc) for one in gallery.people()]
        people = sorted(self.people.items())
        assert told == [(name, one.model_id, one.good_windows, one.enrolled_at_utc) for name, one in people]
        for name, held in people:
            assert gallery.as_enrolled(name, held.model_id).tobytes() == held.anchor.tobytes()
        if people:
            references = gallery.references(people[0][1].model_id)
            assert references.names == tuple(name for name, _ in people)
            assert references.embeddings.tobytes() == b"".join(one.template.tobytes() for _, one in people)
        guard = Guard(gallery.store, self.tries.now)
        assert guard.barrier() == self.tries.barrier()
        assert guard.has_pin == (self.tries.pin is not None)
        with gallery.store.reading() as view:
            assert (view.head.lockout.failures, view.head.lockout.rounds) == (5 - self.tries.left, self.tries.locks)
        assert [(one.event, one.outcome, one.person) for one in gallery.log_entries()] == self.logged

    def teardown(self) -> None:
        with self.ending:
            self.gallery.close()
            with Gallery(self.path) as gallery:
                self.says_what_it_must(gallery)


def test_a_reopened_store_says_what_was_done_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULSEKEY_PASSPHRASE_FILE", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    # Not shrunk: every step syncs a disk, and a timeout would tell less than a long story does.
    told = settings(
        max_examples=60,
        stateful_step_count=30,
        derandomize=True,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
    )
    run_state_machine_as_test(GalleryMachine, settings=told)
