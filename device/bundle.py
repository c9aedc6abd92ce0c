"""The bundle: one folder that holds a model and everything that must be true about it.

Nothing in it is believed before its signature: the manifest is parsed after that, and nothing is read that the
manifest does not name, or that fails its sha256.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from device.errors import BundleError, BundleReason
from device.frontend import FrontEndSpec
from device.manifest import MANIFEST_NAME, FileEntry, Manifest, entry_of
from device.signature import check_signature
from firmware_bridge.errors import PulsekeyError

MODELS = Path(__file__).resolve().parent / "models"
# A manifest is some kB; this is far above it, and keeps a wrong file from filling the memory of a small
# board.
MAX_MANIFEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose signature, manifest, file digests and front end have been checked."""

    path: Path
    manifest: Manifest
    front_end: FrontEndSpec

    def read(self, name: str) -> bytes:
        """The content of one file, checked against the manifest at this very reading.

        Raises:
            BundleError: MISSING_FILE or DAMAGED, naming the file.
        """
        entry = self.manifest.files.get(name)
        if entry is None:
            raise BundleError(BundleReason.MISSING_FILE, f"bundle {self.path} has no {name}")
        return _read_checked(self.path / name, entry)


def default_bundle_path() -> Path:
    """The folder of the model that ships with the device: `device/models/` + the line in `models/DEFAULT`.

    Raises:
        BundleError: MISSING, where no model ships.
    """
    try:
        name = (MODELS / "DEFAULT").read_text(encoding="utf-8").strip()
    except OSError:
        raise BundleError(
            BundleReason.MISSING, f"no model ships in {MODELS}: name a bundle with --bundle FOLDER"
        ) from None
    return MODELS / name


def shipped_bundles() -> list[Path]:
    """The folders of the models that ship, in order of name."""
    return sorted(path.parent for path in MODELS.glob(f"*/{MANIFEST_NAME}"))


def bundle_folder(path: Path | str | None) -> Path:
    """The folder that is meant: the default model's, that of a shipped model of this name, or the path itself.

    Raises:
        BundleError: MISSING, where none is named and no model ships.
    """
    if path is None:
        return default_bundle_path()
    folder = Path(path)
    shipped = MODELS / folder.name
    # A folder of one's own comes first, and a path is never taken for a name.
    return shipped if folder.name == str(path) and not folder.exists() and shipped in shipped_bundles() else folder


def load_bundle(path: Path | str | None = None) -> Bundle:
    """Read and check a bundle, by its folder or the name of one that ships (default: the default model).

    Raises:
        BundleError: with the reason, and the file or field at fault in its line.
        TrustError: the trusted keys cannot be read.
    """
    folder = bundle_folder(path)
    content = read_manifest(folder)
    check_signature(folder, content)
    return checked_bundle(folder, content)


def checked_bundle(folder: Path, content: bytes) -> Bundle:
    """The bundle of a manifest of these bytes, all checked but its signature: for the exporter, before it signs.

    Raises:
        BundleError: with the reason, and the file or field at fault in its line.
    """
    origin = folder / MANIFEST_NAME
    try:
        manifest = Manifest.from_json(content.decode("utf-8"), str(origin))
    except UnicodeDecodeError:
        raise BundleError(BundleReason.MALFORMED, f"{origin} is not UTF-8 text") from None
    for name, entry in manifest.files.items():
        _read_checked(folder / name, entry)
    return Bundle(path=folder, manifest=manifest, front_end=_front_end(folder, manifest))


def read_manifest(folder: Path) -> bytes:
    """The bytes of a bundle's manifest, which nothing has vouched for yet.

    Raises:
        BundleError: MISSING, or MALFORMED, where it is too large.
    """
    if not folder.is_dir():
        names = ", ".join(shipped.name for shipped in shipped_bundles())
        raise BundleError(
            BundleReason.MISSING,
            f"no bundle at {folder}: it must be a folder with {MANIFEST_NAME}, or the name of one that ships: {names}",
        )
    path = folder / MANIFEST_NAME
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MANIFEST_BYTES + 1)
        if len(content) > MAX_MANIFEST_BYTES:
            raise BundleError(BundleReason.MALFORMED, f"{path} is larger than {MAX_MANIFEST_BYTES} bytes")
        return content
    except FileNotFoundError:
        raise BundleError(BundleReason.MISSING, f"no {MANIFEST_NAME} in {folder}: this is not a bundle") from None
    except OSError as error:
        raise BundleError(BundleReason.MISSING, f"cannot read {path}: {error.strerror}") from None


def _read_checked(path: Path, entry: FileEntry) -> bytes:
    try:
        # The size is asked first: a wrong file may be anything, of any length.
        content = path.read_bytes() if path.stat().st_size == entry.bytes else b""
    except FileNotFoundError:
        raise BundleError(
            BundleReason.MISSING_FILE, f"bundle {path.parent} lacks {path.name}: copy the whole bundle again"
        ) from None
    except OSError as error:
        raise BundleError(BundleReason.MISSING_FILE, f"cannot read {path}: {error.strerror}") from None
    if entry_of(content) != entry:
        raise BundleError(
            BundleReason.DAMAGED,
            f"{path} is damaged (its sha256 is not the manifest's): copy the bundle again",
        )
    return content


def _front_end(folder: Path, manifest: Manifest) -> FrontEndSpec:
    origin = folder / MANIFEST_NAME
    try:
        spec = FrontEndSpec.from_dict(dict(manifest.front_end))
    except (PulsekeyError, ValueError, TypeError, KeyError, OverflowError) as error:
        # It may quote a field's name, which may hold anything; a fault is one line.
        told = " ".join(str(error).split())
        raise BundleError(BundleReason.MALFORMED, f"{origin}: front_end: {told}") from None
    if spec.digest() != manifest.front_end_digest:
        raise BundleError(
            BundleReason.FRONT_END,
            f"{origin}: front_end does not match front_end_digest: the model would see other windows than it "
            "was trained on; export the bundle again",
        )
    # As JSON, where true is no 1, and "1" neither.
    if json.dumps(spec.to_dict(), sort_keys=True) != json.dumps(dict(manifest.front_end), sort_keys=True):
        raise BundleError(
            BundleReason.MALFORMED, f"{origin}: front_end: sections must be numbers with a point, as exported"
        )
    return spec
