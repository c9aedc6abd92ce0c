"""device/requirements.txt: what the device installs, pinned by hash: python -m tests.packaging.pins.

Each platform and Python is resolved by itself, from wheels alone, and all must come to the same versions, which are
those of constraints.txt.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tests.packaging.building import ROOT

REQUIREMENTS = ROOT / "device" / "requirements.txt"
EXTRAS = ("terminal",)
"""What `make install` installs beside the dependencies."""
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
C_LIBRARY = "manylinux_2_36"
"""Debian 12's; Raspberry Pi OS is no older where its Python is 3.11."""
WITHOUT_WHEELS = ("cobs",)
"""Pinned in constraints.txt to a version that has none; the device takes the newest with one, in pure Python."""

_HEADER = """\
# What the device runs on, to the byte: for Linux on x86-64 and 64-bit ARM, Python {pythons}. `make pins` writes
# this. Wheels only: nothing is compiled, no package's code runs while it is installed. Above each its licence.
--only-binary :all:
"""
_PIN = re.compile(
    r"^(?:# (?P<licence>.+)\n)?(?P<name>[\w.-]+)==(?P<version>\S+)(?P<hashes>(?: \\\n +--hash=\S+)+)$", re.M
)
_OF_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}
_OF_PACKAGE = {
    "protobuf": "BSD-3-Clause",
    "pyserial": "BSD-3-Clause",
}
"""Whose metadata has no identifier of SPDX; what their own licence texts are."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One package at one version: the SHA-256 of each wheel that may be installed, and its licence (SPDX)."""

    name: str
    version: str
    hashes: tuple[str, ...]
    licence: str

    def __str__(self) -> str:
        hashes = "".join(f" \\\n    --hash=sha256:{one}" for one in self.hashes)
        return f"# {self.licence}\n{self.name}=={self.version}{hashes}\n"


class PinError(RuntimeError):
    """The pins cannot be made; the text is one line."""


def read_pins(text: str) -> list[Pin]:
    """The pins of a requirements file, in its order."""
    return list(_pins_in(text))


def licence_of(name: str, about: metadata.PackageMetadata) -> str:
    """A package's licence, as SPDX's identifier or expression.

    Raises:
        PinError: It names none that is known here.
    """
    # Asked for as a list: where importlib_metadata is loaded, what is absent is a KeyError and not None.
    if stated := _OF_PACKAGE.get(name) or _first(about, "License-Expression"):
        return stated
    for classifier in about.get_all("Classifier") or []:
        if (known := _OF_CLASSIFIER.get(classifier.rpartition(" :: ")[2])) is not None:
            return known
    if re.fullmatch(r"[\w.-]+( (AND|OR) [\w.-]+)*", licence := _first(about, "License")):
        return licence
    raise PinError(f"{name} states no licence that SPDX knows: read its text, and add it to _OF_PACKAGE")


def _first(about: metadata.PackageMetadata, field: str) -> str:
    return next(iter(about.get_all(field) or []), "")


def _pins_in(text: str) -> Iterator[Pin]:
    for found in _PIN.finditer(text):
        hashes = tuple(sorted(set(re.findall(r"sha256:([0-9a-f]{64})", found["hashes"]))))
        yield Pin(found["name"], found["version"], hashes, found["licence"] or "")


def _uv(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "uv", *words], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise PinError("; ".join(line.strip() for line in done.stderr.splitlines() if line.strip()))
    return done.stdout


def _resolved(folder: Path, machine: str, python: str) -> list[Pin]:
    """What one platform and Python installs."""
    constraints = folder / "constraints.txt"
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    constraints.write_text("\n".join(line for line in lines if line.partition("==")[0] not in WITHOUT_WHEELS))
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    where = ["--python-version", python, "--python-platform", f"{machine}-{C_LIBRARY}"]
    how = ["--generate-hashes", "--only-binary", ":all:", "--no-header", "--no-annotate", "-c", str(constraints)]
    return read_pins(_uv("pip", "compile", "pyproject.toml", *extras, *where, *how))


def _licences(folder: Path, pins: list[Pin]) -> dict[str, str]:
    """What the metadata of each package say, once it is installed (by hash) into a folder of its own."""
    listed = folder / "requirements.txt"
    listed.write_text("".join(map(str, pins)), encoding="utf-8")
    _uv("pip", "install", "--require-hashes", "--no-deps", "--target", str(folder / "installed"), "-r", str(listed))
    found = metadata.distributions(path=[str(folder / "installed")])
    about = {re.sub(r"[-_.]+", "-", one.name).lower(): one.metadata for one in found}
    return {pin.name: licence_of(pin.name, about[pin.name]) for pin in pins}


def make_pins() -> str:
    """The text of device/requirements.txt; asks the package index.

    Raises:
        PinError: Nothing fits, two targets come to different versions, or a licence is not known.
    """
    with tempfile.TemporaryDirectory(prefix="pulsekey-pins-") as temporary:
        targets = [(machine, python) for machine in MACHINES for python in PYTHONS]
        all_pins = [_resolved(Path(temporary), *target) for target in targets]
        versions = [[(pin.name, pin.version) for pin in pins] for pins in all_pins]
        for target, one in zip(targets, versions, strict=True):
            if one != versions[0]:
                raise PinError(f"{target} and {targets[0]} differ: {sorted(set(one) ^ set(versions[0]))}")
        hashes = [{pin.name: pin.hashes for pin in pins} for pins in all_pins]
        licences = _licences(Path(temporary), all_pins[0])
    merged = [
        Pin(pin.name, pin.version, tuple(sorted({h for one in hashes for h in one[pin.name]})), licences[pin.name])
        for pin in all_pins[0]
    ]
    return _HEADER.format(pythons=f"{PYTHONS[0]} to {PYTHONS[-1]}") + "".join(f"\n{pin}" for pin in merged)


def main() -> int:
    """Write the file."""
    try:
        text = make_pins()
    except PinError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    REQUIREMENTS.write_text(text, encoding="utf-8")
    print(f"{REQUIREMENTS.relative_to(ROOT)}: {len(read_pins(text))} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
