"""A simulated wearer who presses harder and lighter: a physical argument, not a recording.

The artery's blood volume is a sigmoid of its transmural pressure, the blood pressure less the contact's (Shelley 2007,
Anesth. Analg. 105:S31, and its figure): under a light contact the tops of the pulse are compressed, where both
pressures balance it is largest, under a heavy one the artery is collapsed through diastole and the pulse is narrow. The
steady light rises with contact as blood is squeezed out of the tissue (Teng and Zhang 2004, which gives no size).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.sources import to_counts
from firmware_bridge.wearers import WearerSource, load_wearer

DIASTOLIC_MMHG, PULSE_MMHG = 80.0, 40.0
WIDTH_MMHG = 15.0
"""Over this the artery opens from a quarter to three quarters and a bit."""
DC_PER_MMHG = 0.0015
"""Share of the light that each mmHg of contact adds: 12 % from a light contact to a heavy one. An assumption."""
BALANCED_MMHG = 70.0


class PressedWearer:
    """A wearer's counts at 125 Hz, see ``PulseSource``, under a contact pressure that depends on time."""

    def __init__(self, name: str, mmhg_at: Callable[[float], float], seed: int = 0) -> None:
        """``mmhg_at``: contact pressure at so many seconds from the start."""
        self._wearer = load_wearer(name)
        self._source = WearerSource(self._wearer, seed)
        self._mmhg_at = mmhg_at
        self.rewind()

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self._source.rate_hz

    def rewind(self) -> None:
        """Begin again."""
        self._source.rewind()
        self._made = 0

    def read(self, count: int) -> NDArray[np.int32]:
        """The next counts (m, 2); RED is not pressed, which nothing here looks at."""
        counts = self._source.read(count)
        wearer = self._wearer
        time_s = (self._made + np.arange(len(counts))) / self.rate_hz
        self._made += len(counts)
        contact = np.array([self._mmhg_at(t) for t in time_s.tolist()], dtype=np.float64)
        pulse = (wearer.dc_ir_counts - counts[:, 0].astype(np.float64)) / wearer.ac_ir_counts
        blood_mmhg: NDArray[np.float64] = DIASTOLIC_MMHG + PULSE_MMHG * pulse
        # As large as the unpressed wearer's where the contact is balanced.
        height = wearer.ac_ir_counts / np.ptp(
            _volume(np.array([DIASTOLIC_MMHG, DIASTOLIC_MMHG + PULSE_MMHG]), BALANCED_MMHG)
        )
        level: NDArray[np.float64] = wearer.dc_ir_counts * (1.0 + DC_PER_MMHG * (contact - BALANCED_MMHG))
        pressed = level - height * _volume(blood_mmhg, contact)
        return to_counts(np.stack([pressed, counts[:, 1]], axis=1))


def _volume(blood_mmhg: NDArray[np.float64], contact_mmhg: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Share of the open artery's volume, 0 to 1."""
    return np.asarray(1.0 / (1.0 + np.exp(-(blood_mmhg - contact_mmhg) / WIDTH_MMHG)))
