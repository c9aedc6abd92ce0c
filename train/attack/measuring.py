"""Runs species of attack, and genuine people, against a device."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.sources import PulseSource
from train.attack.attempt import DETECTING, Attempts, Outcome, Protection
from train.attack.people import Person
from train.attack.presentation import Instrument, Presentation
from train.attack.rates import Share, Trial, acquired, share_of
from train.attack.replay import replayed
from train.attack.species import Case, Species

GENUINE = Species("genuine", "the owner's own finger", Instrument.FINGER, replayed)
"""The owner, at another time than their enrolment; not an attack."""
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Victim:
    """A person enrolled: their reference (d,)."""

    person: Person
    reference: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of a species' presentations, under each protection."""

    species: Species
    presentations: int
    people: int
    accepted: Mapping[Protection, Share]
    """Of the whole system: IAPAR of an attack, 1 - FRR of genuine people."""
    not_acquired: Share
    """Without detection: presentations of which too little could be used (APNRR of an attack)."""
    passed: Mapping[Protection, Share]
    """Of those acquired, with a matcher that accepts: APCER of an attack."""
    detected: Mapping[Protection, Share]
    """The rest: BPCER of genuine people."""

    @property
    def worst_first(self) -> tuple[float, float]:
        """Sorts by what is accepted by a board without a key, then by what is where nothing detects."""
        last = list(self.passed)[-1]
        return -(self.accepted[last].value or 0.0), -(self.accepted[Protection.NONE].value or 0.0)


@dataclass(frozen=True, slots=True)
class _Played:
    """One presentation, played as often as there are questions."""

    device: Attempts
    presentation: Presentation
    reference: NDArray[np.float32]
    seed: int

    def outcome(self, protection: Protection, *, matching: bool) -> Outcome:
        return self.device.attempt(self.presentation, self.reference, protection, matching=matching, seed=self.seed)

    def whole(self, protection: Protection, bare: Outcome) -> Outcome:
        """Of the whole system; ``bare`` is that without protection.

        Protections only take accepts away, and the challenge steps RED, which is not matched: what was refused without
        them stays refused.
        """
        again = bare is Outcome.ACCEPTED and protection is not Protection.NONE
        return self.outcome(protection, matching=True) if again else bare

    def alone(self, protection: Protection, bare: Outcome) -> Outcome:
        """Of detection, with a matcher that accepts; what is too bad to decide on is so for everyone."""
        return bare if bare is Outcome.NOT_ACQUIRED else self.outcome(protection, matching=False)


@dataclass(frozen=True, slots=True)
class Campaign:
    """How attacks are run: on whom, how often, and what is behind the sensor."""

    device: Attempts
    victims: Sequence[Victim]
    presentations: int
    """Of each species to each victim, at most."""
    protections: Sequence[Protection]
    """From none to all there is."""
    seed: int

    def run(self, species: Species, progress: Progress = lambda _: None) -> Measured:
        """Every presentation of one species, which do not depend on what was run before."""
        matching: dict[Protection, list[Trial]] = {one: [] for one in self.protections}
        detecting: dict[Protection, list[Trial]] = {one: [] for one in self.protections if one in DETECTING}
        for number, victim in enumerate(self.victims):
            progress(f"{species.name} {victim.person.subject}")
            for seed, source in self._sources(species, number):
                played = _Played(self.device, Presentation(source, species.instrument), victim.reference, seed)
                bare = played.outcome(Protection.NONE, matching=True)
                for protection, trials in matching.items():
                    trials.append(Trial(number, played.whole(protection, bare)))
                for protection, trials in detecting.items():
                    trials.append(Trial(number, played.alone(protection, bare)))
        return self._measured(species, matching, detecting)

    def _sources(self, species: Species, number: int) -> list[tuple[int, PulseSource]]:
        """What is played to one victim, with the seed of each: spread over their recording, its end first."""
        victim = self.victims[number].person
        others = [one.person for i, one in enumerate(self.victims) if i != number]
        count = min(self.presentations, victim.slots)
        slots = np.linspace(victim.slots - 1, 0, count).round().astype(int).tolist() if count else []
        made = []
        for slot in slots:
            seed = int(np.random.SeedSequence([self.seed, number, slot]).generate_state(1)[0])
            made.append((seed, species.source_of(Case(victim, slot, others, seed))))
        return [(seed, source) for seed, source in made if source is not None]

    def _measured(
        self,
        species: Species,
        matching: Mapping[Protection, list[Trial]],
        detecting: Mapping[Protection, list[Trial]],
    ) -> Measured:
        decided = {protection: acquired(trials) for protection, trials in detecting.items()}
        first = next(iter(matching.values()))
        return Measured(
            species,
            len(first),
            len({one.victim for one in first}),
            {one: share_of(trials, Outcome.ACCEPTED, self.seed) for one, trials in matching.items()},
            share_of(first, Outcome.NOT_ACQUIRED, self.seed),
            {one: share_of(trials, Outcome.ACCEPTED, self.seed) for one, trials in decided.items()},
            {one: share_of(trials, Outcome.DETECTED, self.seed) for one, trials in decided.items()},
        )
