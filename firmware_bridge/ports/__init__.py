"""pyserial's extension point: ``sim://``, ``replay://`` and ``ble://``, found here by ``serial.serial_for_url``."""

import serial


def register() -> None:
    """Let pyserial look for URL handlers in this package too."""
    if __name__ not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(__name__)
