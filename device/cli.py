"""The `pulsekey` command: finds a command, runs it, and turns every known error into one line.

Nothing but argparse is imported before a command is chosen, so that `--help` is instant on a small board.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn, Protocol, TextIO, cast

ENTRY_POINT_GROUP = "pulsekey.commands"

# The device's own commands: known without entry points, so that a plain checkout works too.
OWN_COMMANDS = {
    "run": ("device.commands.run", "name the wearer of a live pulse"),
    "unlock": ("device.commands.unlock", "open a lock by pulse"),
    "ui": ("device.commands.ui", "the same as a page in a browser"),
    "enrol": ("device.commands.enrol", "enrol a person from half a minute of pulse"),
    "list": ("device.commands.listing", "list who is enrolled"),
    "forget": ("device.commands.forget", "remove a person"),
    "verify": ("device.commands.verify", "decide once whether the wearer is one person"),
    "identify": ("device.commands.identify", "decide once who of the enrolled the wearer is"),
    "pin": ("device.commands.pin", "set the PIN that is asked after failed tries"),
    "rekey": ("device.commands.rekey", "encrypt the gallery anew"),
    "transfer": ("device.commands.transfer", "take a person to another device, encrypted"),
    "log": ("device.commands.log", "show the audit log of decisions and changes"),
    "trust": ("device.commands.trust", "trust bundles that were exported with a key"),
    "ports": ("device.commands.ports", "list sensor boards"),
    "record": ("device.commands.record", "keep a board's samples in a file"),
    "lsl": ("device.commands.lsl", "offer the samples to LabRecorder and other LSL programs"),
    "firmware": ("device.commands.firmware", "write the sensor board's sketch"),
    "recipe": ("device.commands.recipe", "print a systemd service or a PAM script"),
    "demo": ("device.commands.demo", "show the whole chain on a simulated board"),
    "evaluate": ("device.commands.evaluate", "measure error rates on recordings"),
    "bench": ("device.commands.bench", "measure speed and memory on this machine"),
    "soak": ("device.commands.soak", "let the device run for a day of faults in minutes"),
}
EXTRAS = {"rich": "terminal"} | dict.fromkeys(("fastapi", "nicegui", "uvicorn"), "ui")
"""Modules that parts of the device need, and the extras that bring them."""
OUR_PACKAGES = ("device", "firmware_bridge", "train", "export")

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE


class Command(Protocol):
    """What a command's module offers."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's options."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Carry it out; returns the exit status, raises PulsekeyError."""
        ...


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        from device.errors import CommandError, CommandReason

        raise CommandError(CommandReason.BAD_ARGUMENT, f"{message} (see `{self.prog} --help`)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `pulsekey` with these arguments (default: the process's own); returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name must print on any terminal
    try:
        status = _dispatch(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _silence(sys.stdout)
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        print("pulsekey: stopped", file=sys.stderr)
        return EXIT_INTERRUPTED
    except Exception as error:
        from firmware_bridge.errors import PulsekeyError

        if not isinstance(error, PulsekeyError):
            raise
        print(f"pulsekey: error: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_ERROR


def _silence(stream: TextIO) -> None:
    # Python flushes stdout once more at exit, and would complain there: let it write to nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _dispatch(arguments: list[str]) -> int:
    first = next((i for i, word in enumerate(arguments) if not word.startswith("-")), len(arguments))
    top = _top_parser().parse_args(arguments[:first])
    if top.version:
        print(f"pulsekey {_version()}")
        return 0
    if top.help or first == len(arguments):
        _print_help()
        return 0 if top.help else EXIT_ERROR
    return _run(arguments[first], arguments[first + 1 :], verbose=top.verbose)


def _top_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="pulsekey", add_help=False)
    parser.add_argument("-h", "--help", action="store_true", help="show this")
    parser.add_argument("--version", action="store_true", help="show the version")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="tell more on stderr; -vv for everything")
    return parser


def _print_help() -> None:
    lines = [f"  {name:<10} {text}" for name, (_, text) in OWN_COMMANDS.items()]
    others = sorted(set(_entry_points()) - set(OWN_COMMANDS))
    print("usage: pulsekey [-h] [--version] [-v] COMMAND ...\n")
    print("Recognises the person who wears a pulse sensor.\n\ncommands:")
    print("\n".join(lines))
    if others:
        print(f"\ninstalled beside them: {', '.join(others)}")
    print("\n`pulsekey COMMAND --help` tells a command's options.")


def _entry_points() -> dict[str, str]:
    """Commands that installed packages declare: name to module.

    Read from the packages' own files, since importing importlib.metadata alone takes half of `--help`'s time.
    """
    found: dict[str, str] = {}
    for folder in dict.fromkeys(sys.path):
        try:
            packages = [name for name in os.listdir(folder or ".") if name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue  # sys.path may name archives and folders that do not exist
        for package in sorted(packages):
            for name, module in _declared(os.path.join(folder, package, "entry_points.txt")):
                found.setdefault(name, module)
    return found


def _declared(path: str) -> list[tuple[str, str]]:
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except OSError:
        return []
    header = f"[{ENTRY_POINT_GROUP}]"
    if header not in lines:
        return []
    section = lines[lines.index(header) + 1 :]
    end = next((i for i, line in enumerate(section) if line.startswith("[")), len(section))
    pairs = (line.partition("=") for line in section[:end] if "=" in line)
    return [(name.strip(), module.strip()) for name, _, module in pairs]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pulsekey")
    except PackageNotFoundError:
        return "(a checkout that is not installed)"


def _run(name: str, arguments: list[str], *, verbose: int) -> int:
    module_name = OWN_COMMANDS[name][0] if name in OWN_COMMANDS else _entry_points().get(name)
    if module_name is None:
        from device.errors import CommandError, CommandReason

        raise CommandError(CommandReason.UNKNOWN_COMMAND, f"no command {name!r}: `pulsekey --help` lists the commands")
    try:
        command = _load(module_name)
        parser = _Parser(prog=f"pulsekey {name}", description=command.HELP)
        parser.add_argument("-v", "--verbose", action="count", default=0, help="tell more on stderr")
        command.add_arguments(parser)
        args = parser.parse_args(arguments)
        args.verbose += verbose
        _start_logging(args.verbose)
        return command.run(args)
    except ModuleNotFoundError as error:
        raise _not_installed(name, module_name, error) from error


def _load(module_name: str) -> Command:
    from importlib import import_module

    return cast(Command, import_module(module_name))


def _not_installed(name: str, module_name: str, error: ModuleNotFoundError) -> Exception:
    missing, package = (error.name or "").partition(".")[0], module_name.partition(".")[0]
    if not missing or missing in OUR_PACKAGES:
        return error  # a fault of ours, not of the installation
    from device.errors import CommandError, CommandReason

    part = EXTRAS.get(missing, "" if package == "device" else package)
    extra = f"'pulsekey[{part}]'" if part else "'pulsekey'"
    return CommandError(
        CommandReason.NOT_INSTALLED,
        f"{name} needs the Python module {missing}, which is not installed: pip install {extra}",
    )


def _start_logging(verbose: int) -> None:
    import logging

    class Line(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return f"pulsekey: {record.levelname.lower()}: {' '.join(record.getMessage().split())}"

    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    logging.basicConfig(level=level, handlers=[handler], force=True)


if __name__ == "__main__":
    sys.exit(main())
