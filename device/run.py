"""`python device/run.py --port PORT` does what `pulsekey run --port PORT` does, from a plain checkout."""

import sys
from importlib.util import find_spec
from pathlib import Path


def main() -> int:
    """Run the recogniser with this process's arguments; returns the exit status."""
    here = Path(__file__).resolve().parent
    if sys.path and Path(sys.path[0] or ".").resolve() == here:
        # Python puts a script's own folder first; the packages lie beside it, one folder up.
        sys.path[0] = str(here.parent)
    if any(find_spec(module) is None for module in ("numpy", "serial", "cobs")):
        sys.stderr.write(
            "pulsekey: error: run 'make install' first, then .venv/bin/python device/run.py "
            "(its dependencies are missing here)\n"
        )
        return 2
    from device.cli import main as pulsekey

    return pulsekey(["run", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
