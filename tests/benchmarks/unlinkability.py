"""Can the templates of two devices be linked, and what does the transform cost? On recordings of real people.

python tests/benchmarks/unlinkability.py --cohort bidmc.npz [--bundle FOLDER] [--keys N] [--json OUT]

Two devices enrol the same people from different minutes. An attacker who has got through the encryption of both, but
has neither transform key, compares what is stored on one with what is stored on the other. D_sys (ISO/IEC 30136) is 0
where same people's scores look like other people's, 1 where they can always be told. A finite sample never gives quite
0: `chance` is D_sys of labels dealt out at random. The EER is that of probes on one device: of cosines as the device
takes them, of cosines of templates stored and turned back, and of sign bits, a form that the device does not use.

Source: Gomez-Barrero et al. 2018, "General framework to evaluate unlinkability in biometric template protection
systems", IEEE TIFS 13(6), equations 6 to 8, with omega = 1.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.bundle import load_bundle
from device.comparison import pooled
from device.embedders import load_embedder
from device.evaluation.timelines import timelines_of
from device.metrics import equal_error_rate
from device.store.transform import orthonormal, turned, turned_back
from firmware_bridge.recordings import read_cohort

REFERENCES = 2  # a person and device
REFERENCE_WINDOWS = 25
PROBE_WINDOWS = 5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Person:
    """References (REFERENCES, d) on two devices, and probes (n, d)."""

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    probes: NDArray[np.float32]


@dataclass(frozen=True)
class Linking:
    """How well one form of template can be linked."""

    form: str
    d_sys: float
    chance: float
    mated: int
    non_mated: int


def d_sys(mated: Floats, non_mated: Floats) -> float:
    """Linkability of two sets of scores, by histograms of equal width."""
    bins = int(np.clip(len(mated) // 10, 5, 100))
    scores = np.concatenate((mated, non_mated))
    edges = np.linspace(scores.min(), scores.max(), bins + 1)
    same = np.histogram(mated, edges)[0] / len(mated)
    other = np.histogram(non_mated, edges)[0] / len(non_mated)
    ratio = np.divide(same, other, out=np.full(bins, np.inf), where=other > 0)
    local = np.where(ratio > 1.0, 1.0 - 2.0 / (1.0 + ratio), 0.0)  # 2r / (1 + r) - 1
    return float(np.sum(local * same))


def read_people(path: Path, bundle_path: Path | None) -> list[Person]:
    bundle = load_bundle(bundle_path)
    embedder = load_embedder(bundle)
    cohort = read_cohort(path)
    people: dict[str, list[NDArray[np.float32]]] = {}
    recordings = (cohort[i] for i in range(len(cohort)))
    lines = timelines_of(recordings, embedder, bundle.front_end, windowed=cohort.windowed)
    for line in lines:
        people.setdefault(line.subject, []).extend(one for one in line.embeddings if one is not None)
    return [person for windows in people.values() if (person := split(windows)) is not None]


def split(windows: list[NDArray[np.float32]]) -> Person | None:
    """None for somebody with too few good windows."""
    size = REFERENCES * REFERENCE_WINDOWS
    if len(windows) < 2 * size:
        return None

    def pools(part: list[NDArray[np.float32]], count: int) -> NDArray[np.float32]:
        return np.stack([pooled(part[at : at + count]) for at in range(0, len(part) - count + 1, count)])

    return Person(
        first=pools(windows[:size], REFERENCE_WINDOWS),
        second=pools(windows[-size:], REFERENCE_WINDOWS),
        probes=pools(windows[size:], PROBE_WINDOWS),
    )


def linking(form: str, first: list[Floats], second: list[Floats], rng: np.random.Generator) -> Linking:
    """`first`, `second`: of each draw of keys (people, references, d), unit length or signs."""
    mated, non_mated = [], []
    for one, other in zip(first, second, strict=True):
        scores = np.einsum("prd,qsd->pqrs", one, other) / one.shape[-1] ** (0.5 if form == "sign bits" else 0.0)
        own = np.eye(len(one), dtype=bool)
        mated.append(scores[own].ravel())
        non_mated.append(scores[~own].ravel())
    same, others = np.concatenate(mated), np.concatenate(non_mated)
    both = rng.permutation(np.concatenate((same, others)))
    chance = d_sys(both[: len(same)], both[len(same) :])
    return Linking(form, d_sys(same, others), chance, len(same), len(others))


def stored(people: list[Person], device: str) -> Floats:
    """What a device with a fresh key stores, each reference under its own salt: (people, references, d)."""
    key = bytearray(os.urandom(32))
    references = [getattr(person, device) for person in people]
    return np.stack([np.stack([turned(one, key, os.urandom(16)) for one in own]) for own in references])


def error_rates(people: list[Person]) -> dict[str, float]:
    """EER of three forms, each person's first reference against everybody's probes."""
    key = bytearray(os.urandom(32))
    scores: dict[str, tuple[list[float], list[float]]] = {
        form: ([], []) for form in ("plain", "turned there and back", "sign bits")
    }
    for owner in people:
        salt = os.urandom(16)
        plain = owner.first[0].astype(np.float64)
        template = turned(owner.first[0], key, salt)
        rotation = orthonormal(key, salt, len(template))
        back = turned_back(template, key, salt).astype(np.float64)
        for prober in people:
            kind = 0 if prober is owner else 1
            probes = prober.probes.astype(np.float64)
            bits = np.sign(probes @ rotation.T)
            scores["plain"][kind].extend(probes @ plain)
            scores["turned there and back"][kind].extend(probes @ back)
            scores["sign bits"][kind].extend(bits @ np.sign(template) / len(template))
    return {form: equal_error_rate(*both) for form, both in scores.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--keys", type=int, default=20, help="pairs of devices, each with fresh keys")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    people = read_people(args.cohort, args.bundle)
    rng = np.random.default_rng(0)
    plain = [np.stack([getattr(one, device) for one in people]).astype(np.float64) for device in ("first", "second")]
    pairs = [(stored(people, "first"), stored(people, "second")) for _ in range(args.keys)]
    turned_first, turned_second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    links = [
        linking("plain", plain[:1], plain[1:], rng),
        linking("as stored", turned_first, turned_second, rng),
        linking("sign bits", [np.sign(one) for one in turned_first], [np.sign(one) for one in turned_second], rng),
    ]
    rates = error_rates(people)
    print(f"{len(people)} people, {args.keys} pairs of devices")
    for link in links:
        print(f"D_sys {link.form:22} {link.d_sys:.4f} (chance {link.chance:.4f}; {link.mated} mated scores)")
    for form, rate in rates.items():
        print(f"EER   {form:22} {100 * rate:.3f} % ({100 * (rate - rates['plain']):+.3f})")
    if args.json:
        args.json.write_text(json.dumps({"people": len(people), "links": [asdict(one) for one in links], "eer": rates}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
