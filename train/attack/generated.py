"""Generated pulses: the owner's pulse as a network that other people taught makes it of the owner's ECG.

An ECG can be had elsewhere, and tells when a heart beats and somewhat how. Source of the idea: Krish et al. 2024,
"Biosignal Authentication Considered Harmful Today" (BioForge), USENIX Security; theirs is a cycle-consistent GAN of
unpaired signals, this is a network taught on pairs, which is easier for the attacker.
"""

from collections.abc import Sequence

from firmware_bridge.sources import PulseSource
from train.attack.generator.network import PulseGenerator
from train.attack.generator.playing import generated_pulse, likeness
from train.attack.people import Person
from train.attack.presentation import Instrument
from train.attack.sources import as_measured
from train.attack.species import Case, Species
from train.attack.synthetic import INSTRUMENTS

_REMAINS = {
    Instrument.FAKE_BOARD: "only sealed frames (a board with a key) keep it out",
    Instrument.ADAPTIVE_BOARD: "whoever has an ECG of the owner and the wire is let in so often: only sealed frames "
    "keep it out",
}


def generated(network: PulseGenerator) -> list[Species]:
    """What ``network`` makes of the ECG of the same seconds as a replay's."""

    def source_of(case: Case) -> PulseSource | None:
        ecg = case.victim.ecg_slot(case.slot)
        if ecg is None:
            return None
        return as_measured(generated_pulse(network, ecg, case.victim.slot(case.slot)), case.seed)

    about = "a network's pulse of the owner's ECG"
    return [
        Species(f"generated_{where}", about, instrument, source_of, _REMAINS[instrument])
        for where, instrument in INSTRUMENTS.items()
    ]


def likenesses(network: PulseGenerator, victims: Sequence[Person]) -> list[float]:
    """Pearson's r of generated and true pulse, of every presentation that has both."""
    found: list[float] = []
    for one in victims:
        for slot in range(one.slots):
            ecg, true = one.ecg_slot(slot), one.slot(slot)
            if ecg is not None:
                r = likeness(generated_pulse(network, ecg, true).ppg, true.ppg, true.rate_hz)
                found += [] if r is None else [r]
    return found
