"""The page: laid out once for each browser tab, then kept up with the session."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.manifest import Manifest
from device.session.orders import Request
from device.simulation import Simulation
from device.ui.facts import answer_facts, link_facts, model_facts
from device.ui.feed import Feed, Snapshot
from device.ui.hero import Hero
from device.ui.nice import ui
from device.ui.parts import Button, Evidence, Facts, Lines, Part, Words
from device.ui.people import People
from device.ui.simulation_panel import SimulationPanel

REFRESH_S = 0.1
SLOW_S = 1.0
"""Between two looks at what changes with time alone."""
STATIC = Path(__file__).with_name("static")


@dataclass(frozen=True, slots=True)
class Page:
    """What a tab is built of; call it to build one."""

    feed: Feed
    manifest: Manifest
    ask: Callable[[Request], None]
    """Passes a request to the session; may wait for it."""
    simulation: Simulation | None = None

    def __call__(self) -> None:
        """Lay the page out in the tab that asks for it, and keep it up."""
        _View(self)


class _View:
    def __init__(self, page: Page) -> None:
        self._page, self._feed = page, page.feed
        self._version, self._slow_at_s = -1, float("-inf")
        ui.add_head_html(f"<style>{(STATIC / 'page.css').read_text(encoding='utf-8')}</style>")
        self._dark = ui.dark_mode(None)
        self._header()
        with Part("div", "board"):
            self._hero = Hero(self._ask)
            if page.simulation is not None:
                SimulationPanel(page.simulation)
            self._evidence()
            self._people = People(self._ask)
            self._facts()
        self._show(self._feed.snapshot(), self._feed.now_s)
        ui.timer(REFRESH_S, self._refresh)

    def _header(self) -> None:
        with Part("header"):
            Words("h1", "Pulsekey")
            Words("span", self._page.manifest.model_id, "muted")
            self._theme = Button("Theme: auto", self._turn, "quiet")

    async def _turn(self) -> None:
        """On to the next of auto, dark and light."""
        self._dark.value = {None: True, True: False, False: None}[self._dark.value]
        self._theme.set_text({None: "Theme: auto", True: "Theme: dark", False: "Theme: light"}[self._dark.value])

    def _evidence(self) -> None:
        with Part("section", "evidence card", aria_labelledby="evidence-title"):
            with Part("div", "row"):
                Words("h2", "Evidence", id="evidence-title")
                self._weight = Words("span", "", "muted")
            self._curve = Evidence("Evidence of the last minute, between the bounds that reject and accept")

    def _facts(self) -> None:
        with Part("section", "log card", aria_labelledby="log-title"):
            Words("h2", "What happened", id="log-title")
            self._lines = Lines()
        with Part("section", "link card", aria_labelledby="link-title"):
            Words("h2", "Link", id="link-title")
            self._link = Facts()
        with Part("section", "model card", aria_labelledby="model-title"):
            Words("h2", "Model", id="model-title")
            Facts().show(model_facts(self._page.manifest))
            Words("h2", "Speed")
            self._answers = Facts()

    async def _ask(self, request: Request) -> None:
        await asyncio.to_thread(self._page.ask, request)

    async def _refresh(self) -> None:
        snapshot, now_s = self._feed.snapshot(), self._feed.now_s
        await self._hero.run(self._feed.samples, snapshot.link.measured_rate_hz)
        if snapshot.version != self._version or now_s - self._slow_at_s >= SLOW_S:
            self._version, self._slow_at_s = snapshot.version, now_s
            self._show(snapshot, now_s)
            await self._curve.push(_evidence_of(snapshot, now_s))

    def _show(self, snapshot: Snapshot, now_s: float) -> None:
        self._hero.show(snapshot, now_s)
        self._people.show(snapshot)
        self._weight.set_text(_weight(snapshot))
        self._lines.show([_line(text) for text in reversed(snapshot.status.told)])
        self._link.show(link_facts(snapshot))
        self._answers.show(answer_facts(self._feed.samples.windows))


def _evidence_of(snapshot: Snapshot, now_s: float) -> dict[str, Any]:
    bounds = snapshot.boundaries
    points = [[w.time_s, round(w.llr, 2), w.windows, w.outcome] for w in snapshot.weighed]
    return {
        "now": now_s,
        "accept": None if bounds is None else bounds.accept_llr,
        "reject": None if bounds is None else bounds.reject_llr,
        "points": points,
    }


def _weight(snapshot: Snapshot) -> str:
    status, bounds = snapshot.status, snapshot.boundaries
    if bounds is None:
        return "nobody to compare with"
    if status.llr is None:
        return f"{bounds.accept_llr:.1f} accepts, {bounds.reject_llr:.1f} rejects"
    windows = f"{status.evidence_windows} window{'s' * (status.evidence_windows != 1)}"
    return f"{status.llr:.1f} of {bounds.accept_llr:.1f} after {windows}"


def _line(told: str) -> tuple[str, str]:
    time, _, text = told.strip().partition(" s  ")
    return f"{time} s", text
