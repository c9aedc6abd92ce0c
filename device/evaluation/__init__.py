"""`pulsekey evaluate`: the error rates of a shipped model on anybody's recordings, by the device's code."""

from device.evaluation.report import table
from device.evaluation.runner import evaluate
from device.evaluation.settings import Result, Settings

__all__ = ["Result", "Settings", "evaluate", "table"]
