"""device/requirements.txt is what pyproject.toml asks for, in the versions of constraints.txt, and nothing more."""

import re
import tomllib
from collections.abc import Iterator
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging import pins as pins_module
from tests.packaging.building import ROOT
from tests.packaging.pins import (
    EXTRAS,
    MACHINES,
    PYTHONS,
    REQUIREMENTS,
    WITHOUT_WHEELS,
    Pin,
    PinError,
    licence_of,
    read_pins,
)

TEXT = REQUIREMENTS.read_text(encoding="utf-8")
PINS = {pin.name: pin for pin in read_pins(TEXT)}
TARGETS = [(machine, python) for machine in MACHINES for python in PYTHONS]


def environment(machine: str, python: str) -> dict[str, str]:
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


def asked_for(machine: str, python: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for on a target, before anything that those packages ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for extra in EXTRAS for line in project["optional-dependencies"][extra]]
    for requirement in map(Requirement, [*project["dependencies"], *extras]):
        if requirement.marker is None or requirement.marker.evaluate(environment(machine, python)):
            yield requirement


def installed(pin: Pin) -> metadata.Distribution | None:
    """The same package here, where it is the same version."""
    found = metadata.distribution(pin.name)
    return found if found.version == pin.version else None


@pytest.mark.parametrize(("machine", "python"), TARGETS)
def test_all_that_is_asked_for_is_pinned(machine: str, python: str) -> None:
    wanted, reached = list(asked_for(machine, python)), set[str]()
    while wanted:
        requirement = wanted.pop()
        pin = PINS[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pin.version), (requirement, pin.version)
        if pin.name in reached:
            continue
        reached.add(pin.name)
        for line in metadata.distribution(pin.name).requires or []:
            further = Requirement(line)
            if further.marker is None or further.marker.evaluate(environment(machine, python) | {"extra": ""}):
                wanted.append(further)
    assert reached == set(PINS)


def test_versions_are_those_that_are_known_to_work_together() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    known = {canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in lines if "==" in line}
    differ = [name for name, pin in PINS.items() if known[name] != pin.version]
    assert differ == list(WITHOUT_WHEELS)


def test_only_wheels_and_only_by_hash() -> None:
    written = "".join(f"\n{pin}" for pin in PINS.values())
    assert TEXT.endswith(written)
    before = [line for line in TEXT.removesuffix(written).splitlines() if not line.startswith("#")]
    assert before == ["--only-binary :all:"]
    assert all(pin.hashes for pin in PINS.values())


def test_licences_are_those_of_the_packages() -> None:
    same = [(pin, found) for pin in PINS.values() if (found := installed(pin)) is not None]
    assert len(same) >= len(PINS) - len(WITHOUT_WHEELS)
    assert [pin.licence for pin, _ in same] == [licence_of(pin.name, found.metadata) for pin, found in same]
    allowed = {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Zlib",
    }
    for pin in PINS.values():
        assert set(re.split(" AND | OR ", pin.licence)) <= allowed, "a licence that nobody here has read"


def test_platforms_that_come_to_different_versions_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolved(_: Path, machine: str, python: str) -> list[Pin]:
        version = "2.0" if (machine, python) == TARGETS[-1] else "1.0"
        return [Pin("numpy", version, ("0" * 64,), "")]

    monkeypatch.setattr(pins_module, "_resolved", resolved)
    with pytest.raises(PinError, match=r"numpy.*2\.0"):
        pins_module.make_pins()


def test_a_licence_that_is_not_known_is_asked_for() -> None:
    about = Message()
    about["License"] = "see the file"
    with pytest.raises(PinError, match="new-package states no licence"):
        licence_of("new-package", about)  # type: ignore[arg-type]
    about["Classifier"] = "License :: OSI Approved :: MIT License"
    assert licence_of("new-package", about) == "MIT"  # type: ignore[arg-type]
