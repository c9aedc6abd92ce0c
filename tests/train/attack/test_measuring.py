"""Attacks on a device that answers by rule, counted again by hand; and on the one that ships."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from train.attack.attempt import DETECTING, Device, Outcome, Protection
from train.attack.campaign import run_attacks
from train.attack.choosing import NAMES, PLAYED, choose
from train.attack.generator.training import GeneratorConfig
from train.attack.measuring import GENUINE, Campaign, Victim
from train.attack.no_pulse import no_pulse
from train.attack.people import Person, checked
from train.attack.presentation import Instrument, Presentation
from train.attack.replay import replays
from train.attack.report import markdown
from train.attack.species import Case, Species
from train.errors import TrainError, TrainReason
from train.synchronous import SynchronousRecording

TINY = GeneratorConfig(epochs=1, batches=1, batch_size=2)
REFERENCE = np.zeros(4, dtype=np.float32)


@dataclass
class ByRule:
    """The matcher accepts every second seed; detection refuses lamps, the seal whatever is on the wire."""

    asked: list[tuple[Protection, bool, int]] = field(default_factory=list)

    def attempt(
        self, presentation: Presentation, reference: Any, protection: Protection, *, matching: bool, seed: int
    ) -> Outcome:
        self.asked.append((protection, matching, seed))
        if matching and seed % 2:
            return Outcome.NO_MATCH
        if protection is Protection.SEALED and presentation.instrument is Instrument.FAKE_BOARD:
            return Outcome.NOT_SEALED
        if protection is not Protection.NONE and presentation.instrument is Instrument.LAMP:
            return Outcome.DETECTED
        return Outcome.ACCEPTED


def campaign(device: Any, people: list[Person], protections: tuple[Protection, ...] = tuple(Protection)) -> Campaign:
    return Campaign(device, [Victim(one, REFERENCE) for one in people], 3, protections, seed=3)


@pytest.mark.parametrize("name", ["replay_lamp", "replay_wire"])
def test_shares_are_those_of_a_plain_loop(name: str, wearers: list[Person]) -> None:
    (species,) = [one for one in replays() if one.name == name]
    device = ByRule()
    measured = campaign(device, wearers).run(species)
    bare = [seed for protection, matching, seed in device.asked if matching and protection is Protection.NONE]
    even = sum(seed % 2 == 0 for seed in bare)
    assert 0 < even < len(bare) == measured.presentations == measured.people == len(wearers)
    lamp = name == "replay_lamp"
    assert {one: share.hits for one, share in measured.accepted.items()} == {
        Protection.NONE: even,
        Protection.CHECKS: 0 if lamp else even,
        Protection.CHALLENGE: 0 if lamp else even,
        Protection.SEALED: 0,
    }
    assert {one: share.hits for one, share in measured.passed.items()} == dict.fromkeys(
        DETECTING, 0 if lamp else len(bare)
    )
    assert {one: share.hits for one, share in measured.detected.items()} == dict.fromkeys(
        DETECTING, len(bare) if lamp else 0
    )


def test_a_species_does_not_depend_on_what_was_run_before(wearers: list[Person]) -> None:
    first, second = ByRule(), ByRule()
    campaign(first, wearers).run(GENUINE)
    of_second = campaign(second, wearers)
    of_second.run(replays()[0])
    second.asked.clear()
    of_second.run(GENUINE)
    assert first.asked == second.asked


def test_presentations_that_cannot_be_made_are_not_counted(wearers: list[Person]) -> None:
    def for_ada(case: Case) -> Any:
        return GENUINE.source_of(case) if case.victim.subject == "ada" else None

    measured = campaign(ByRule(), wearers).run(Species("some", "some", Instrument.FINGER, for_ada))
    assert (measured.people, measured.presentations) == (1, 1)


def test_the_device_that_ships(shipped: Device, wearers: list[Person]) -> None:
    references = [
        shipped.enrol(Presentation(source, Instrument.FINGER).board())
        for one in wearers
        if (source := GENUINE.source_of(Case(one, 0, [], 0)))
    ]
    ada = references[0]
    assert ada is not None

    def outcome(name: str, protection: Protection, *, of: int = 0, matching: bool = True) -> Outcome:
        (species,) = [one for one in [GENUINE, *replays(), *no_pulse()] if one.name == name]
        source = species.source_of(Case(wearers[of], 0, [], 5))
        assert source is not None
        return shipped.attempt(Presentation(source, species.instrument), ada, protection, matching=matching, seed=5)

    assert {outcome("genuine", one) for one in Protection} == {Outcome.ACCEPTED}
    # Refused without protections, refused with them: what a campaign does not play again.
    assert {outcome("genuine", one, of=1) for one in Protection} == {Outcome.NO_MATCH}
    assert outcome("genuine", Protection.CHALLENGE, of=1, matching=False) is Outcome.ACCEPTED
    assert outcome("replay_wire", Protection.NONE) is Outcome.ACCEPTED
    assert outcome("replay_wire", Protection.CHALLENGE) is Outcome.DETECTED
    assert outcome("replay_lamp", Protection.CHALLENGE) is Outcome.DETECTED
    assert outcome("replay_adaptive", Protection.CHALLENGE) is Outcome.ACCEPTED
    assert outcome("replay_adaptive", Protection.SEALED) is Outcome.NOT_SEALED
    assert outcome("no_pulse", Protection.NONE, matching=False) is Outcome.NOT_ACQUIRED


def test_who_cannot_be_enrolled_is_named_and_too_few_are_refused(shipped: Device, wearers: list[Person]) -> None:
    short = Person(wearers[2].recording.cut(0.0, 90.0))
    people = checked([*wearers[:2], short], [], "wearers")
    chosen = choose(["zero_effort", "replay_wire"], people, Path("none"), TINY)
    result = run_attacks(shipped, people, chosen, challenge=False, presentations=1, fmr=0.01, precision="int8", seed=0)
    assert result.conditions.not_enrolled == ("grace",)
    assert result.conditions.enrolled == result.genuine.people == 2
    assert [one.species.name for one in result.attacks] == ["replay_wire", "zero_effort"]
    told = markdown(result)
    assert "| replay_wire " in told
    assert "(1 could not be: grace)" in told
    assert "with challenge" not in told
    assert "- replay_wire, 100.0 % [0.0, 100.0]: only sealed frames" in told
    with pytest.raises(TrainError, match="1 of 2 people of wearers have a good first minute") as refused:
        run_attacks(
            shipped, checked([wearers[0], short], [], "wearers"), chosen,
            challenge=False, presentations=1, fmr=0.01, precision="int8", seed=0,
        )  # fmt: skip
    assert refused.value.reason is TrainReason.TOO_FEW_PEOPLE


def test_all_that_the_data_allow_are_chosen(
    tmp_path: Path, wearers: list[Person], teachers: list[SynchronousRecording]
) -> None:
    some = [Person(one.recording, one.recording.ppg) for one in wearers]
    whole = choose([], checked(some, teachers, "all"), tmp_path, TINY)
    assert [one.name for one in whole.species] == list(PLAYED)
    assert whole.left_out == ("other_site: no data here has one person's pulse at two sites",)
    assert len(whole.likenesses) == len(wearers)
    bare = choose([], checked(wearers, [], "x.npz"), tmp_path, TINY)
    assert {one.split(":")[0] for one in bare.left_out} == set(NAMES) - {one.name for one in bare.species}
    assert "generated_wire: x.npz has no ECG of the victims" in bare.left_out
    assert bare.likenesses == ()


@pytest.mark.parametrize(
    ("names", "says", "reason"),
    [
        (["replay"], "no species 'replay'; there are zero_effort", TrainReason.BAD_CONFIG),
        (["generated_wire"], "generated_wire: x.npz has no ECG of the victims; leave it out", TrainReason.NO_DATA),
        (["no_pulse", "mean_wire"], "mean_wire: there are no training people", TrainReason.NO_DATA),
        (["other_site"], "other_site: no data here", TrainReason.NO_DATA),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(
    names: list[str], says: str, reason: TrainReason, wearers: list[Person], tmp_path: Path
) -> None:
    with pytest.raises(TrainError, match=says) as refused:
        choose(names, checked(wearers, [], "x.npz"), tmp_path, TINY)
    assert refused.value.reason is reason
    assert "\n" not in str(refused.value)


def test_nobody_is_victim_and_teacher(wearers: list[Person], teachers: list[SynchronousRecording]) -> None:
    with pytest.raises(TrainError, match="t1 is a victim and a training person") as refused:
        checked([*wearers, Person(teachers[1].identity.recording)], teachers, "both")
    assert refused.value.reason is TrainReason.LEAK
