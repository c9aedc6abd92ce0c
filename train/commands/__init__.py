"""The training side's commands of ``pulsekey``."""
