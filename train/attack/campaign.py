"""A whole run: people enrolled, genuine presentations, every species, worst first."""

from collections.abc import Sequence

from device.decision import DEFAULT_FMR
from train.attack.attempt import Device, Protection
from train.attack.choosing import Chosen
from train.attack.measuring import GENUINE, Campaign, Progress, Victim
from train.attack.people import People
from train.attack.presentation import Instrument, Presentation
from train.attack.result import Conditions, Result
from train.attack.sources import as_measured
from train.errors import TrainError, TrainReason

MIN_VICTIMS = 2
"""Of one there is neither a zero-effort attack nor an interval."""


def run_attacks(
    device: Device,
    people: People,
    chosen: Chosen,
    *,
    challenge: bool,
    presentations: int,
    fmr: float | None,
    precision: str,
    seed: int,
    progress: Progress = lambda _: None,
) -> Result:
    """Measure the chosen species.

    Args:
        device: what is attacked.
        people: the victims among them are enrolled.
        chosen: the species.
        challenge: whether the board is challenged where all protections are up.
        presentations: of each species to each victim, at most.
        fmr: that the device's boundary was set for; None: its default.
        precision: of the device's model, for the record.
        seed: of everything random.
        progress: is told what is being run.

    Raises:
        TrainError: TOO_FEW_PEOPLE, where not two could be enrolled and have signal left to attack with.
    """
    victims = _enough_victims(device, people, seed, progress)
    protections = tuple(Protection) if challenge else (Protection.NONE, Protection.CHECKS)
    campaign = Campaign(device, victims, presentations, protections, seed)
    attacks = [campaign.run(one, progress) for one in chosen.species]
    enrolled = {one.person.subject for one in victims}
    return Result(
        Conditions(
            source=people.source,
            model_id=device.bundle.manifest.model_id,
            precision=precision,
            runtime=device.embedder.runtime,
            fmr=_default_fmr(device) if fmr is None else fmr,
            accept_llr=device.boundaries.accept_llr,
            seed=seed,
            enrolled=len(victims),
            not_enrolled=tuple(one.subject for one in people.victims if one.subject not in enrolled),
        ),
        campaign.run(GENUINE, progress),
        tuple(sorted(attacks, key=lambda one: one.worst_first)),
        chosen.left_out,
        chosen.likenesses,
    )


def _enough_victims(device: Device, people: People, seed: int, progress: Progress) -> Sequence[Victim]:
    victims = enrol(device, people, seed, progress)
    if len(victims) < MIN_VICTIMS:
        raise TrainError(
            TrainReason.TOO_FEW_PEOPLE,
            f"{len(victims)} of {len(people.victims)} people of {people.source} have a good first minute and "
            f"3 minutes in all; {MIN_VICTIMS} are needed",
        )
    return victims


def enrol(device: Device, people: People, seed: int, progress: Progress) -> Sequence[Victim]:
    """Those whose first minute makes a reference and who have signal left for a presentation."""
    victims = []
    for one in people.victims:
        progress(f"enrol {one.subject}")
        source = as_measured(one.enrolment(), seed) if one.slots else None
        if source is None:
            continue
        reference = device.enrol(Presentation(source, Instrument.FINGER).board())
        if reference is not None:
            victims.append(Victim(one, reference))
    return victims


def _default_fmr(device: Device) -> float:
    """The default, or the lowest that the bundle supports, where that is higher."""
    return max(DEFAULT_FMR, device.bundle.manifest.decision.operating_points[-1][0])
