"""Asking a person for what must not be seen."""

import getpass
import sys


def ask_hidden(prompt: str) -> str:
    """What is typed at the terminal, unseen; without a terminal the next line of stdin."""
    return getpass.getpass(f"{prompt}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
