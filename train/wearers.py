"""Simulated wearers: a textbook pulse bent into people, so that demo and tests need nobody's recording."""

import itertools
from pathlib import Path

import neurokit2 as nk
import numpy as np
from numpy.typing import NDArray

NAMES = ("ada", "alan", "grace", "linus", "mae", "tim")
BEAT_SAMPLES = 128
TEXTBOOK_RATE_HZ = 1000
TEXTBOOK_BPM = 60.0

Floats = NDArray[np.float64]


def make_wearers(seed: int) -> dict[str, NDArray[np.generic]]:
    """Every simulated wearer's beat and habits.

    Args:
        seed: of every draw; the same seed makes the same file.

    Returns:
        Arrays by name, one row a wearer: ``beat`` (n, 128) float32 from foot to foot, 0 to 1; ``heart_rate_bpm``,
        ``rr_sd_ms``, ``respiration_hz``, ``rsa_ms``, ``dc_ir_counts``, ``dc_red_counts``, ``ac_ir_counts`` (peak to
        peak), ``red_ac_ratio``, ``noise_counts``, ``wander_counts``, all (n,).
    """
    rng = np.random.default_rng(seed)
    n = len(NAMES)
    textbook = textbook_beat()
    # Spread evenly, then shuffled: people drawn at random would now and then be twins.
    spread = {key: rng.permutation(np.linspace(-1.0, 1.0, n)) for key in ("rise", "notch", "delay", "width")}
    beats = [_bend(textbook, *(spread[key][i] for key in ("rise", "notch", "delay", "width"))) for i in range(n)]

    def draw(low: float, high: float) -> Floats:
        return rng.uniform(low, high, n)

    return {
        "name": np.array(NAMES),
        "beat": np.array(beats, dtype=np.float32),
        "heart_rate_bpm": draw(58.0, 84.0),
        "rr_sd_ms": draw(8.0, 20.0),
        "respiration_hz": draw(0.2, 0.3),
        "rsa_ms": draw(10.0, 30.0),
        "dc_ir_counts": draw(105_000.0, 140_000.0),
        "dc_red_counts": draw(80_000.0, 110_000.0),
        "ac_ir_counts": draw(1_500.0, 3_500.0),
        "red_ac_ratio": draw(0.45, 0.6),
        "noise_counts": draw(6.0, 14.0),
        "wander_counts": draw(100.0, 300.0),
    }


def textbook_beat() -> Floats:
    """NeuroKit2's pulse at 60 beats a minute, the mean of its beats from foot to foot: (128,), 0 to 1."""
    pulse = nk.ppg_simulate(
        duration=30,
        sampling_rate=TEXTBOOK_RATE_HZ,
        heart_rate=TEXTBOOK_BPM,
        frequency_modulation=0.0,
        ibi_randomness=0.0,
        motion_amplitude=0.0,
        powerline_amplitude=0.0,
        random_state=0,
    )
    peaks = nk.ppg_findpeaks(nk.ppg_clean(pulse, sampling_rate=TEXTBOOK_RATE_HZ), TEXTBOOK_RATE_HZ)["PPG_Peaks"]
    feet = [low + int(np.argmin(pulse[low:high])) for low, high in itertools.pairwise(peaks)]
    phase = np.arange(BEAT_SAMPLES) / BEAT_SAMPLES
    beats = [
        np.interp(phase * (high - low), np.arange(high - low + 1), pulse[low : high + 1])
        for low, high in itertools.pairwise(feet)
    ]
    return _unit_range(np.mean(beats, axis=0))


def _bend(beat: Floats, rise: float, notch: float, delay: float, width: float) -> Floats:
    """One person's beat: each trait in [-1, 1] moves what vessels move in real pulses."""
    phase = np.arange(beat.size) / beat.size
    # A steeper or slower upstroke: phase runs along a power curve that keeps both ends.
    bent = np.interp(phase ** (2.0 ** (0.45 * rise)), phase, beat, period=1.0)
    reflected = np.exp(-0.5 * ((phase - (0.48 + 0.1 * delay)) / (0.07 + 0.025 * width)) ** 2)
    tail = np.exp(-0.5 * ((phase - (0.72 + 0.08 * notch)) / 0.1) ** 2)
    bent = _unit_range(bent) + (0.22 + 0.22 * notch) * reflected - 0.12 * width * tail
    # Foot to foot without a step.
    return _unit_range(bent - (bent[0] + (bent[-1] - bent[0]) * phase))


def _unit_range(beat: Floats) -> Floats:
    scaled: Floats = (beat - beat.min()) / (beat.max() - beat.min())
    return scaled


def write_wearers(path: Path, seed: int) -> None:
    """Write the file that ``sim://`` reads, the same bytes for the same seed."""
    np.savez_compressed(path, **make_wearers(seed))  # type: ignore[arg-type]
