"""The bill of materials: valid by CycloneDX's schema, whole, and the same for the same wheel."""

import hashlib
import json
import re
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cyclonedx", reason="cyclonedx-python-lib is not installed")

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.packaging.building import ROOT
from tests.packaging.pins import REQUIREMENTS, read_pins
from tests.packaging.sbom import make_sbom

pytestmark = pytest.mark.timeout(300)

REQUIRED = REQUIREMENTS.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(wheel: Path) -> str:
    return make_sbom(wheel, REQUIRED)


@pytest.fixture(scope="module")
def bom(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def test_it_is_valid(text: str, bom: dict[str, Any]) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    bom["components"][0]["hashes"][0]["content"] = "none"
    assert validator.validate_str(json.dumps(bom)) is not None


def test_every_pin_with_version_licence_and_hashes(text: str) -> None:
    told = {
        one["name"]: (one["version"], {h["content"] for h in one["hashes"]}, one["licenses"])
        for one in json.loads(text)["components"]
        if one["type"] == "library"
    }
    pins = read_pins(REQUIRED)
    assert set(told) == {pin.name for pin in pins}
    for pin in pins:
        version, hashes, (licence,) = told[pin.name]
        assert version == pin.version
        assert hashes == set(pin.hashes)
        assert (licence.get("expression") or licence["license"]["id"]) == pin.licence


def test_the_wheel_and_the_models_in_it(text: str, wheel: Path) -> None:
    bom = json.loads(text)
    itself = bom["metadata"]["component"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert (itself["name"], itself["version"]) == ("pulsekey", version)
    assert [h["content"] for h in itself["hashes"]] == [hashlib.sha256(wheel.read_bytes()).hexdigest()]
    models = {one["name"]: one["hashes"][0]["content"] for one in bom["components"] if "learning" in one["type"]}
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if re.search(r"/models/[^/]+/model\.", name)]
        assert models == {name: hashlib.sha256(archive.read(name)).hexdigest() for name in names}
    assert len(models) >= 4
    (needs,) = [one["dependsOn"] for one in bom["dependencies"] if one["ref"] == itself["bom-ref"]]
    assert len(needs) == len(read_pins(REQUIRED))


def test_the_same_wheel_gives_the_same_text(text: str, wheel: Path) -> None:
    assert make_sbom(wheel, REQUIRED) == text
    other = make_sbom(wheel, REQUIRED.replace("pyserial==3.5", "pyserial==3.4"))
    assert json.loads(other)["serialNumber"] != json.loads(text)["serialNumber"]
