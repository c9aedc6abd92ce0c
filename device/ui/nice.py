"""NiceGUI, without what it would load along with itself."""

import os

_VARIABLE = "MATPLOTLIB"
_before = os.environ.get(_VARIABLE)
os.environ[_VARIABLE] = "false"  # NiceGUI's own switch; else it loads matplotlib wherever that is installed
try:
    from nicegui import core, ui
    from nicegui.elements.mixins.text_element import TextElement
    from nicegui.events import GenericEventArguments
finally:
    if _before is None:
        del os.environ[_VARIABLE]
    else:
        os.environ[_VARIABLE] = _before

__all__ = ["GenericEventArguments", "TextElement", "core", "ui"]
