"""The page's first part: the lock, what to do next, and the running pulse."""

from collections.abc import Awaitable, Callable

from device.session.orders import PinEntered, Request, StopEnrolling
from device.ui.feed import Snapshot
from device.ui.live_samples import LiveSamples
from device.ui.parts import Button, Entry, Part, Wave, Words
from device.ui.scene import Scene, Tone, scene_of

Ask = Callable[[Request], Awaitable[None]]


class Hero:
    """Call `show` with each new snapshot, and `run` ten times a second."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._block = self._window = 0
        self._said: tuple[Tone, str] | None = None
        with Part("section", "hero card", aria_label="Lock and pulse") as self._box:
            with Part("div", "state"):
                _glyph()
                self._title = Words("h2", "", "title")
                self._sentence = Words("p", "", "sentence")
                self._progress()
                self._pin = Entry(
                    self._entered, label="PIN", button="Enter", kind="password", mode="numeric", longest=32, name="pin"
                )
                self._announced = Words("p", "", "unseen", role="status", aria_live="polite", aria_atomic="true")
            with Part("div", "signal"):
                with Part("div", "readings"):
                    self._rate = Words("span", "", "rate")
                    self._quality = Words("span", "", "quality")
                self._wave = Wave("Pulse of the last eight seconds")

    def _progress(self) -> None:
        with Part("div", "enrolment") as self._enrolment:
            self._bar = Part("progress", max="100", aria_label="Enrolment")
            with Part("div", "row"):
                self._good = Words("span", "")
                Button("Stop", self._stop, "quiet")

    async def _entered(self, digits: str) -> None:
        await self._ask(PinEntered(digits))

    async def _stop(self) -> None:
        await self._ask(StopEnrolling())

    def show(self, snapshot: Snapshot, now_s: float) -> None:
        """Say how things stand."""
        scene = scene_of(snapshot, now_s)
        self._box.say("data-tone", scene.tone.value)
        self._title.set_text(scene.title)
        self._sentence.set_text(scene.sentence)
        self._announce(scene)
        self._pin.set_visibility(snapshot.pin_barred or snapshot.status.pin_due)
        self._pin.block(now_s < snapshot.barred_until_s)
        self._show_progress(snapshot)
        self._show_readings(snapshot)

    def _announce(self, scene: Scene) -> None:
        """Only what is news is read aloud: not each second of a wait."""
        if self._said != (scene.tone, scene.title):
            self._said = (scene.tone, scene.title)
            self._announced.set_text(f"{scene.title}. {scene.sentence}")

    def _show_progress(self, snapshot: Snapshot) -> None:
        self._enrolment.set_visibility(bool(snapshot.enrolling))
        progress = snapshot.status.enrolment
        if not snapshot.enrolling:
            return
        if progress is None:
            self._bar.say("value", "0")
            self._good.set_text("0 good seconds")
            return
        self._bar.say("value", f"{100 * min(1.0, progress.good_s / max(progress.wanted_s, 1e-9)):.0f}")
        self._good.set_text(f"{progress.good_s:.0f} of about {progress.wanted_s:.0f} good seconds")

    def _show_readings(self, snapshot: Snapshot) -> None:
        status, rate = snapshot.status, snapshot.heart_rate_bpm
        worn = status.finger and not snapshot.board_away
        self._rate.set_text(f"{rate:.0f} beats a minute" if worn and rate else "no pulse")
        self._quality.set_text(f"quality {status.sqi:.2f}" if worn and status.sqi is not None else "")

    async def run(self, samples: LiveSamples, rate_hz: float | None) -> None:
        """Send what is new of the pulse."""
        news = samples.since(self._block, self._window)
        if news is not None:
            self._block, self._window, batch = news
            await self._wave.push(batch | {"rate": rate_hz})


def _glyph() -> None:
    """A padlock; the style opens it."""
    with Part("svg", "glyph", viewBox="0 0 48 48", aria_hidden="true"):
        Part("path", "shackle", d="M14 22v-7a10 10 0 0 1 20 0v7")
        Part("rect", "body", x="9", y="22", width="30", height="21", rx="6")
        Part("path", "beat", d="M14 33h5l3-6 4 11 3-5h5")
