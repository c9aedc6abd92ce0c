"""Which species are run: what was asked for, or all that the data allow, and why the others are not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from train.attack.beats import mean_beat
from train.attack.generated import generated, likenesses
from train.attack.generator.pairs import stretches_of
from train.attack.generator.training import GeneratorConfig, train_generator
from train.attack.no_pulse import no_pulse
from train.attack.people import People
from train.attack.replay import replays
from train.attack.species import Species
from train.attack.synthetic import mean_pulse, simulated
from train.attack.zero_effort import zero_effort
from train.errors import TrainError, TrainReason

PLAYED = (
    "zero_effort", "replay_lamp", "replay_wire", "replay_adaptive", "replay_loop", "no_pulse",
    "simulated_wire", "simulated_adaptive", "mean_wire", "mean_adaptive", "generated_wire", "generated_adaptive",
)  # fmt: skip
NAMES = (*PLAYED, "other_site")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The species to run, why others are not, and how alike generated and true pulses are."""

    species: tuple[Species, ...]
    left_out: tuple[str, ...]
    likenesses: tuple[float, ...]
    """Pearson's r of every presentation that can be compared; empty where none is generated."""


def choose(names: Sequence[str], people: People, generator: Path, config: GeneratorConfig) -> Chosen:
    """Make the species; all that the data allow if ``names`` is empty.

    Args:
        names: of ``NAMES``.
        people: whom to attack, and whom to learn from.
        generator: folder of the generator's checkpoint; it is trained there if it has to be.
        config: its training.

    Raises:
        TrainError: BAD_CONFIG, an unknown name; NO_DATA, a species that was asked for and cannot be; or as
            ``train_generator`` and ``mean_beat``.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise TrainError(TrainReason.BAD_CONFIG, f"no species {unknown[0]!r}; there are {', '.join(NAMES)}")
    lacking = {name: why for name in names or NAMES if (why := _lacking(name, people))}
    if names and lacking:
        name, why = next(iter(lacking.items()))
        raise TrainError(TrainReason.NO_DATA, f"{name}: {why}; leave it out of --species or give other --data")
    wanted = [name for name in names or NAMES if name not in lacking]
    found = [*zero_effort(), *replays(), *no_pulse(), *simulated()]
    if any(name.startswith("mean_") for name in wanted):
        found += mean_pulse(mean_beat([one.identity.recording for one in people.training]))
    alike: list[float] = []
    if any(name.startswith("generated_") for name in wanted):
        network = train_generator(stretches_of(people.training), config, generator)
        found += generated(network)
        alike = likenesses(network, people.victims)
    left_out = tuple(f"{name}: {why}" for name, why in lacking.items())
    return Chosen(tuple(one for one in found if one.name in wanted), left_out, tuple(alike))


def _lacking(name: str, people: People) -> str:
    """What the data lack for a species; empty if nothing."""
    if name == "other_site":
        return "no data here has one person's pulse at two sites"
    if name.startswith("generated_") and not people.have_ecg:
        return f"{people.source} has no ECG of the victims"
    if name.startswith(("generated_", "mean_")) and not people.training:
        return "there are no training people (challenge2015)"
    return ""
