"""The export side's commands of ``pulsekey``."""
