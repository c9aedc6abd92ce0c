"""The commands that README and docs show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+#\s.*$")


@dataclass(frozen=True, slots=True)
class ShellLine:
    """One command, without its comment, and where it stands."""

    text: str
    page: str


def shell_lines() -> Iterator[ShellLine]:
    """Every line of every block of shell (`sh`, or no language), continued lines joined."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            if block["language"] not in ("", "sh"):
                continue
            for line in block["body"].replace("\\\n", " ").splitlines():
                command = _COMMENT.sub("", line).strip()
                if command and not command.startswith("#"):
                    yield ShellLine(command, path.relative_to(ROOT).as_posix())
