"""From samples to windows: the one front end of training and of the device."""

from device.frontend.board import BoardFrontEnd
from device.frontend.quality import Quality, Reason
from device.frontend.spec import FrontEndSpec, QualitySpec
from device.frontend.stream import FrontEnd, windows_of
from device.frontend.windows import Window

__all__ = ["BoardFrontEnd", "FrontEnd", "FrontEndSpec", "Quality", "QualitySpec", "Reason", "Window", "windows_of"]
