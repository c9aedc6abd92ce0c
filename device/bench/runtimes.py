"""Which runtimes there are: those that read a bundle's files, and plug-ins that build the network themselves."""

import importlib
import importlib.util
from collections.abc import Iterable
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Protocol, cast

from device.bench.runners import FILE_RUNNERS, Runner
from device.bench.subjects import FORMAT_OF, Subject
from device.bundle import Bundle
from device.embedders import MODULES
from device.embedders.protocol import first_line
from device.errors import CommandError, CommandReason
from device.manifest import Architecture

ENTRY_POINT_GROUP = "pulsekey.runtimes"
TORCH = "torch"

_PIP = {"litert": "ai-edge-litert", "onnxruntime": "'pulsekey[onnx]'", TORCH: "'pulsekey[train]'"}


class Plugin(Protocol):
    """What a module of the entry-point group `pulsekey.runtimes` offers."""

    PRECISION: str

    def describe(self) -> str:
        """The runtime and its version."""
        ...

    def load(self, architecture: Architecture, threads: int) -> Runner:
        """Build this network; its weights may be anything."""
        ...


class FileRuntime:
    """A runtime that reads the bundle's files."""

    def __init__(self, name: str, module: str) -> None:
        self.name = name
        self._module = module

    def describe(self) -> str:
        """The package and its version."""
        package = self._module.partition(".")[0].replace("_", "-")
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:  # built from source and copied there, as boards sometimes need
            return f"{package} of unknown version"

    def load(self, subject: Subject, threads: int) -> Runner:
        """Load the subject's file on so many threads.

        Raises:
            BundleError: BAD_MODEL.
        """
        return FILE_RUNNERS[self.name](subject.content, label=subject.label, module=self._module, threads=threads)


class PluginRuntime:
    """A runtime that builds the network from the manifest's architecture."""

    def __init__(self, name: str, plugin: Plugin) -> None:
        self.name = name
        self._plugin = plugin

    def describe(self) -> str:
        """As the plug-in describes itself."""
        return self._plugin.describe()

    def load(self, subject: Subject, threads: int) -> Runner:
        """Build the subject's network.

        Raises:
            PulsekeyError: the plug-in knows no such network.
        """
        return self._plugin.load(subject.architecture, threads)

    def subject(self, bundle: Bundle) -> Subject:
        """The row of a bundle."""
        manifest = bundle.manifest
        return Subject(
            manifest.model_id,
            self.name,
            self.name,
            self._plugin.PRECISION,
            manifest.architecture,
            bundle.front_end.window_samples,
            None,
        )


Runtime = FileRuntime | PluginRuntime


def known_runtimes() -> tuple[str, ...]:
    """Every name that `--runtime` takes, installed or not."""
    return tuple(dict.fromkeys((*FORMAT_OF, TORCH, *(point.name for point in _plugins()))))


def open_runtime(name: str) -> Runtime:
    """The runtime of that name, loaded.

    Raises:
        CommandError: BAD_ARGUMENT, nothing is known by that name; NOT_INSTALLED, naming what to install.
    """
    if name not in known_runtimes():
        raise CommandError(CommandReason.BAD_ARGUMENT, f"no runtime {name!r}: there are {', '.join(known_runtimes())}")
    found = _file_runtime(name) if name in FORMAT_OF else _plugin_runtime(name)
    if found is None:
        raise CommandError(CommandReason.NOT_INSTALLED, f"runtime {name} is not installed: pip install {_pip(name)}")
    return found


def open_installed() -> tuple[list[Runtime], list[str]]:
    """Every runtime that is installed, and a line about each that is not.

    Raises:
        CommandError: NOT_INSTALLED, none is, or one is broken.
    """
    found: list[Runtime] = []
    left_out = []
    for name in known_runtimes():
        runtime = _file_runtime(name) if name in FORMAT_OF else _plugin_runtime(name)
        if runtime is None:
            left_out.append(f"{name}: not installed (pip install {_pip(name)})")
        else:
            found.append(runtime)
    if not found:
        raise CommandError(CommandReason.NOT_INSTALLED, f"no runtime is installed: pip install {_PIP['litert']}")
    return found, left_out


def _pip(name: str) -> str:
    return _PIP.get(name, "what its plug-in needs")


def _file_runtime(name: str) -> FileRuntime | None:
    for module in MODULES[name]:
        if importlib.util.find_spec(module.partition(".")[0]) is not None:
            _import(name, module)
            return FileRuntime(name, module)
    return None


def _plugin_runtime(name: str) -> PluginRuntime | None:
    for point in _plugins():
        if point.name == name:
            try:
                return PluginRuntime(name, cast(Plugin, point.load()))
            except ModuleNotFoundError as error:
                if (error.name or "").partition(".")[0] in ("device", "train", "export", "firmware_bridge"):
                    raise  # a fault of ours, not of the installation
                return None
    return None


def _import(name: str, module: str) -> None:
    try:
        importlib.import_module(module)
    except Exception as error:
        raise CommandError(
            CommandReason.NOT_INSTALLED,
            f"{name} is installed but {module} cannot be loaded: {first_line(error)}: reinstall it",
        ) from None


def _plugins() -> Iterable[EntryPoint]:
    return entry_points(group=ENTRY_POINT_GROUP)
