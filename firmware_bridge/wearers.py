"""Simulated wearers: endless pulses, each with a person's own beat, from numbers in the package."""

import math
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.errors import PortError, PortReason
from firmware_bridge.sources import to_counts

WEARERS_FILE = Path(__file__).with_name("wearers.npz")
RATE_HZ = 125.0
MIN_RR_S, MAX_RR_S = 0.3, 2.0
"""200 to 30 beats a minute: a draw of the beat-to-beat noise beyond is no heart."""
BREATH_DEPTH = 0.08
"""Share by which breathing makes beats smaller and larger; 5-15 % in resting adults."""
WANDER_TIME_S = 4.0
"""Over this the baseline forgets where it was: vasomotion and small movements."""
_SCALARS = (
    "heart_rate_bpm", "rr_sd_ms", "respiration_hz", "rsa_ms", "dc_ir_counts", "dc_red_counts", "ac_ir_counts",
    "red_ac_ratio", "noise_counts", "wander_counts",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Wearer:
    """One person: the shape of a beat and how their heart, breath and skin behave."""

    name: str
    beat: NDArray[np.float32]
    """Shape (128,): one beat from foot to foot, pulse up, 0..1."""
    heart_rate_bpm: float
    rr_sd_ms: float
    respiration_hz: float
    rsa_ms: float
    """Respiratory sinus arrhythmia: by how much breathing lengthens and shortens the beats."""
    dc_ir_counts: float
    dc_red_counts: float
    ac_ir_counts: float
    """Peak to peak."""
    red_ac_ratio: float
    """RED's pulse in counts over IR's."""
    noise_counts: float
    wander_counts: float


def wearer_names() -> list[str]:
    """The names that ``sim://`` knows."""
    return sorted(_wearers(WEARERS_FILE))


def load_wearer(name: str) -> Wearer:
    """The simulated wearer called ``name``.

    Raises:
        PortError: BAD_URL, naming those there are.
    """
    wearers = _wearers(WEARERS_FILE)
    if name not in wearers:
        raise PortError(PortReason.BAD_URL, f"no simulated wearer {name!r}; there are {', '.join(sorted(wearers))}")
    return wearers[name]


@cache
def _wearers(path: Path) -> dict[str, Wearer]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names, beats = arrays["name"], arrays["beat"]
            columns = [arrays[scalar].astype(float) for scalar in _SCALARS]
    except FileNotFoundError as error:
        raise PortError(
            PortReason.NOT_FOUND, f"this installation lacks its simulated wearers ({path}): install it again"
        ) from error
    return {str(names[i]): Wearer(str(names[i]), beats[i], *(float(c[i]) for c in columns)) for i in range(len(names))}


class WearerSource:
    """A wearer's counts at 125 Hz, without end unless ``seconds`` says one.

    The same wearer and seed give the same counts, read in whatever portions: randomness is drawn beat by
    beat.
    """

    def __init__(self, wearer: Wearer, seed: int = 0, seconds: float | None = None) -> None:
        self._wearer = wearer
        self._seed = seed
        self._length = None if seconds is None else math.ceil(seconds * RATE_HZ)
        # One point more closes the circle: the end of a beat is the foot of the next.
        self._shape = np.append(wearer.beat, wearer.beat[0]).astype(np.float64)
        self._grid = np.linspace(0.0, 1.0, len(self._shape))
        self.rewind()

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return RATE_HZ

    def rewind(self) -> None:
        """Begin again."""
        self._random = np.random.default_rng([self._seed, zlib.crc32(self._wearer.name.encode())])
        self._ready = np.empty((0, 2), np.int32)
        self._given = 0
        self._made = 0
        self._beat_start_s = 0.0
        self._wander = 0.0

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts, see ``sources.PulseSource``."""
        if self._length is not None:
            count = min(count, self._length - self._given)
        parts, have = [self._ready], len(self._ready)
        while have < count:
            parts.append(self._beat())
            have += len(parts[-1])
        counts = np.concatenate(parts)
        self._ready = counts[count:]
        self._given += count
        return counts[:count]

    def _beat(self) -> NDArray[np.int32]:
        """All samples of the next beat."""
        person, start_s = self._wearer, self._beat_start_s
        breath = math.sin(2 * math.pi * person.respiration_hz * start_s)
        rr_s = 60.0 / person.heart_rate_bpm + 1e-3 * (
            person.rsa_ms * breath + person.rr_sd_ms * self._random.standard_normal()
        )
        self._beat_start_s = start_s + min(max(rr_s, MIN_RR_S), MAX_RR_S)
        last = math.ceil(self._beat_start_s * RATE_HZ)
        time_s = np.arange(self._made, last) / RATE_HZ
        self._made = last
        phase = (time_s - start_s) / (self._beat_start_s - start_s)
        breathing = np.sin(2 * np.pi * person.respiration_hz * time_s)
        pulse = np.interp(phase, self._grid, self._shape) * (1.0 + BREATH_DEPTH * breathing)
        wander = self._wander_of(len(time_s)) + 0.5 * person.wander_counts * breathing
        noise = person.noise_counts * self._random.standard_normal((len(time_s), 2))
        ir = person.dc_ir_counts - person.ac_ir_counts * pulse + wander
        red = person.dc_red_counts - person.red_ac_ratio * (person.ac_ir_counts * pulse - wander)
        return to_counts(np.stack([ir, red], axis=1) + noise)

    def _wander_of(self, count: int) -> NDArray[np.float64]:
        """A first-order random walk that returns, of standard deviation ``wander_counts``."""
        keep = math.exp(-1.0 / (WANDER_TIME_S * RATE_HZ))
        kicks = self._wearer.wander_counts * math.sqrt(1.0 - keep * keep) * self._random.standard_normal(count)
        wander = np.empty(count)
        for i, kick in enumerate(kicks):
            self._wander = keep * self._wander + float(kick)
            wander[i] = self._wander
        return wander
