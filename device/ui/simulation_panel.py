"""The simulated sensor's controls, on the page of a demonstration only."""

import asyncio

from device.simulation import Simulation
from device.ui.parts import Button, Part, Words


class SimulationPanel:
    """Who wears the sensor, and whether it is plugged in."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._worn: dict[str, Button] = {}
        with Part("section", "simulation card", aria_labelledby="simulation-title"):
            Words("h2", "Simulated sensor", id="simulation-title")
            Words("span", "worn by", "muted")
            with Part("div", "choices", role="group", aria_label="Who wears the sensor"):
                for name in ("", *simulation.names):
                    self._choice(name)
            self._plug = Button("", self._turn, "quiet")
        self._show()

    def _choice(self, name: str) -> None:
        async def wear() -> None:
            self._simulation.wear(name)
            self._show()

        self._worn[name] = Button(name or "nobody", wear, "choice")

    async def _turn(self) -> None:
        await asyncio.to_thread(self._simulation.plug, not self._simulation.plugged)
        self._show()

    def _show(self) -> None:
        for name, button in self._worn.items():
            button.props["aria-pressed"] = "true" if name == self._simulation.wearer else "false"
            button.update()
        self._plug.set_text("Pull the plug" if self._simulation.plugged else "Plug it in")
