"""The parts the page is made of: plain HTML elements, and a few of our own.

All are drawn by render functions: templates, as most of NiceGUI's own elements have, would need `eval` in the browser,
which the page forbids.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Self

from device.ui.nice import GenericEventArguments, TextElement, core, ui

Done = Callable[[], Awaitable[None]]


class Part(ui.element):
    """An HTML element."""

    def __init__(self, tag: str, css: str = "", **attributes: str) -> None:
        """`attributes`: underscores stand for hyphens, as in `aria_label`."""
        super().__init__(tag)
        self.classes(css)
        for name, value in attributes.items():
            self.props[name.replace("_", "-")] = value

    def say(self, name: str, value: object) -> None:
        """Set an attribute, and send it if it is news."""
        if self.props.get(name) != value:
            self.props[name] = value
            self.update()


class Words(TextElement):
    """An HTML element that holds words; `set_text` sends them if they are news."""

    def __init__(self, tag: str, text: str = "", css: str = "", **attributes: str) -> None:
        super().__init__(tag=tag, text=text)
        self.classes(css)
        for name, value in attributes.items():
            self.props[name.replace("_", "-")] = value


class Button(Words):
    """A button that does something when it is pressed."""

    def __init__(self, text: str, pressed: Done, css: str = "", **attributes: str) -> None:
        super().__init__("button", text, css, type="button", **attributes)
        self.on("click", pressed, args=[])


class _Drawn(ui.element):
    """A canvas that is sent what to draw.

    Past NiceGUI's own queue, whose messages are code that the browser evaluates, and are kept to be sent again.
    """

    event: ClassVar[str]

    def __init__(self, label: str) -> None:
        """`label`: for those who have the page read aloud."""
        super().__init__()
        self.props["label"] = label

    async def push(self, data: dict[str, Any]) -> None:
        """Send it, to this tab alone."""
        await core.sio.emit(self.event, data, room=self.client.id)


class Wave(_Drawn, component="static/wave.js", dependencies=["static/canvas.js"]):
    """The running pulse; push what `device.ui.live_samples.LiveSamples.since` gives."""

    event = "pulsekey_wave"


class Evidence(_Drawn, component="static/evidence.js", dependencies=["static/canvas.js"]):
    """The evidence of the last minute."""

    event = "pulsekey_evidence"


class Entry(ui.element, component="static/entry.js"):
    """One line to fill in; `entered` gets it."""

    def __init__(self, entered: Callable[[str], Awaitable[None]], **props: object) -> None:
        super().__init__()
        self.props.update(props)

        async def heard(event: GenericEventArguments) -> None:
            await entered(str(event.args))

        self.on("entered", heard)

    def block(self, blocked: bool) -> None:
        """Let nobody type, or let them again."""
        if self.props.get("blocked") != blocked:
            self.props["blocked"] = blocked
            self.update()


class Confirm(ui.element, component="static/confirm.js"):
    """A question that is answered with yes before something is done."""

    def __init__(self) -> None:
        super().__init__()
        self._agreed: Done | None = None
        self._asked = 0
        self.on("yes", self._heard, args=[])

    def ask(self, title: str, text: str, yes: str, agreed: Done) -> None:
        """Ask; `agreed` is called on yes, `yes` being the button's word."""
        self._agreed = agreed
        self._asked += 1
        self.props["question"] = {"number": self._asked, "title": title, "text": text, "yes": yes}
        self.update()

    async def _heard(self) -> None:
        agreed, self._agreed = self._agreed, None
        if agreed is not None:
            await agreed()


class _Rows(ui.element):
    """Pairs of words, sent when they are news."""

    def __init__(self, prop: str) -> None:
        super().__init__()
        self._prop = prop
        self.props[prop] = []

    def show(self, rows: Sequence[tuple[str, str]]) -> Self:
        """Show these."""
        new = [list(row) for row in rows]
        if self.props[self._prop] != new:
            self.props[self._prop] = new
            self.update()
        return self


class Facts(_Rows, component="static/facts.js"):
    """Names and what is said of them."""

    def __init__(self) -> None:
        super().__init__("facts")


class Lines(_Rows, component="static/lines.js"):
    """Times and what happened at them."""

    def __init__(self) -> None:
        super().__init__("lines")
