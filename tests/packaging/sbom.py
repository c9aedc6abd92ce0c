"""The bill of materials of a wheel, CycloneDX: python -m tests.packaging.sbom WHEEL.

It names the wheel, each model in it, and every package that device/requirements.txt pins, with versions, licences and
hashes. The same wheel and pins give the same bytes.
"""

import email.parser
import hashlib
import json
import re
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tests.packaging.pins import REQUIREMENTS, Pin, read_pins

_NAMESPACE = UUID("5d2b2f53-6d5c-5a0e-9d5e-3c6a7f1f0f57")
_MODEL = re.compile(r"^device/models/(?P<bundle>[^/]+)/model\.[\w.]+$")


def make_sbom(wheel: Path, requirements: str) -> str:
    """CycloneDX 1.6 as JSON, for a wheel and the text of its pinned requirements."""
    content = wheel.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        (named,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        about = email.parser.BytesParser().parsebytes(archive.read(named))
        made = datetime(*archive.getinfo(named).date_time, tzinfo=UTC)
        models = [_model(name, archive.read(name)) for name in sorted(archive.namelist()) if _MODEL.match(name)]
    itself = _package(ComponentType.APPLICATION, about["Name"], about["Version"], about["License-Expression"])
    itself.hashes = [_sha256(content)]
    packages = [_pinned(pin) for pin in read_pins(requirements)]
    bom = Bom(components=[*packages, *models], serial_number=uuid5(_NAMESPACE, _digest(content) + requirements))
    bom.metadata.component = itself
    bom.metadata.timestamp = made
    bom.register_dependency(itself, packages)
    return json.dumps(json.loads(JsonV1Dot6(bom).output_as_string()), indent=2, sort_keys=True) + "\n"


def _package(kind: ComponentType, name: str, version: str, licence: str) -> Component:
    """A Python package as a component; its reference is its package URL."""
    url = PackageURL("pypi", name=name, version=version)
    licences = [LicenseFactory().make_from_string(licence)]
    return Component(type=kind, name=name, version=version, licenses=licences, purl=url, bom_ref=str(url))


def _pinned(pin: Pin) -> Component:
    component = _package(ComponentType.LIBRARY, pin.name, pin.version, pin.licence)
    component.hashes = [HashType(alg=HashAlgorithm.SHA_256, content=one) for one in pin.hashes]
    return component


def _model(name: str, content: bytes) -> Component:
    kind = ComponentType.MACHINE_LEARNING_MODEL
    return Component(type=kind, name=name, bom_ref=name, hashes=[_sha256(content)])


def _sha256(content: bytes) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=_digest(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    """Write it beside the wheel."""
    wheel = Path(sys.argv[1])
    written = wheel.with_suffix(".cdx.json")
    written.write_text(make_sbom(wheel, REQUIREMENTS.read_text(encoding="utf-8")), encoding="utf-8")
    print(written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
