"""The board's compiled firmware, executed: an ATmega328P in libsimavr and a MAX30102 modelled in Python.

simavr is free software under the GPL: tests and demonstrations use it, and nothing that ships imports this package.
"""

from tests.simulated_uno.sensor import SensorModel
from tests.simulated_uno.shim import SimulatorMissingError
from tests.simulated_uno.uno import SimulatedUno

__all__ = ["SensorModel", "SimulatedUno", "SimulatorMissingError"]
