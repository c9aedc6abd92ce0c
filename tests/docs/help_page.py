"""docs/commands.md: every command's help, word for word.

python -m tests.docs.help_page docs/commands.md
"""

import contextlib
import io
import os
import sys
import tomllib
from pathlib import Path
from unittest import mock

from device.cli import OWN_COMMANDS, main

ROOT = Path(__file__).parents[2]
COLUMNS = "100"
_HEADING = """# Every command

In the words of its `--help`. All of them write one line that says what to do when something is wrong, and then exit
with status 2.
"""


def commands() -> list[str]:
    """The device's own, in the order of `pulsekey --help`, then those of training and export."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*OWN_COMMANDS, *sorted(project["entry-points"]["pulsekey.commands"])]


def help_of(command: str) -> str:
    """What `pulsekey COMMAND --help` prints."""
    with (
        contextlib.redirect_stdout(io.StringIO()) as told,
        mock.patch.dict(os.environ, {"COLUMNS": COLUMNS}),
        contextlib.suppress(SystemExit),
    ):
        main([command, "--help"])
    return told.getvalue().strip()


def page() -> str:
    """The whole page."""
    parts = [f"## {command}\n\n```text\n{help_of(command)}\n```\n" for command in commands()]
    return "\n".join([_HEADING, *parts])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
