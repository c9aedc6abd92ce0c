"""What a front end is: every number of it, as it travels in the bundle."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

Section = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class QualitySpec:
    """The bounds a window must keep to be embedded; counts are those of an 18-bit sensor."""

    min_finger_counts: float
    """DC level of reflected infrared under which no finger lies on the sensor."""
    saturation_counts: float
    """Count at which the converter is at its end."""
    min_pulse_counts: float
    """Root mean square of the filtered pulse under which it drowns in the sensor's noise."""
    max_interpolated_fraction: float
    """Share of a window that may come from interpolated samples."""
    max_crest: float
    """Largest excursion in standard deviations; beyond it something moved."""
    max_imbalance: float
    """Ratio of the louder to the quieter half's standard deviation; beyond it something moved."""
    min_periodicity: float
    """Least correlation of the window with itself one beat later."""


@dataclass(frozen=True, slots=True)
class FrontEndSpec:
    """One front end, whole: the same numbers make the same windows in training and on the device."""

    rate_hz: float
    """Rate that everything after the resampler runs at."""
    window_samples: int
    hop_samples: int
    settle_samples: int
    """Samples dropped at the start of an epoch while the filter settles."""
    sections: tuple[Section, ...]
    """Second-order sections (b0, b1, b2, a0, a1, a2) of the band-pass, a0 = 1."""
    resampler_zero_crossings: int
    """Length of the resampling kernel, zero crossings on either side."""
    resampler_cutoff: float
    """Its cut-off as a share of the lower of the two Nyquist rates."""
    max_gap_ms: float
    """Longest gap that is interpolated; a longer one starts a new epoch."""
    quality: QualitySpec

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; ``from_dict`` gives the same specification back."""
        data = asdict(self)
        data["sections"] = [list(section) for section in self.sections]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "FrontEndSpec":
        """Read what ``to_dict`` wrote.

        Raises:
            ValueError: a field is missing, unknown or of the wrong shape.
        """
        names = {field.name for field in fields(cls)}
        if set(data) != names:
            raise ValueError(f"front end fields differ: {sorted(set(data) ^ names)}")
        values = dict(data)
        try:
            values["quality"] = QualitySpec(**data["quality"])
            values["sections"] = tuple(_section(row) for row in data["sections"])
        except TypeError as error:
            raise ValueError(f"front end malformed: {error}") from error
        return cls(**values)

    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON: what a template and a model were made with."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _section(row: Any) -> Section:
    if len(row) != 6 or float(row[3]) != 1.0:
        raise ValueError("a filter section has six coefficients with a0 = 1")
    b0, b1, b2, a0, a1, a2 = (float(value) for value in row)
    return b0, b1, b2, a0, a1, a2
