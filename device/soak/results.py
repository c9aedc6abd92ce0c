"""What a soak came to: counts, what must hold of them, a table and JSON."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from device.soak.comparing import Compared
from device.soak.resources import Growth, Look
from device.soak.witness import Witnessed
from firmware_bridge import LinkStatistics

MOST_GROWTH_BYTES = 1_000_000
KEPT_SPEED = 0.98
"""Of the speed that was asked for: less is told."""
ENOUGH_S = 600.0
"""In so much signal there are whole sittings; a shorter run may have none."""
STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold; `holds` is None where the run was too short to tell."""

    name: str
    found: str
    wanted: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Results:
    """Of a soak, whole or so far."""

    plan_s: float
    speed: float
    seed: int
    signal_s: float
    wall_s: float
    ended: str
    """Why before its time: `STOPPED`, or an error; empty otherwise."""
    befell: dict[str, int]
    link: LinkStatistics
    witnessed: Witnessed
    compared: Compared
    windows_due: int
    windows_lost: int
    growth: Growth | None
    looks: tuple[Look, ...]

    @property
    def kept_speed(self) -> float:
        """Signal time over wall time."""
        return self.signal_s / self.wall_s if self.wall_s else 0.0

    def checks(self) -> Iterator[Check]:
        """Everything that must hold."""
        growth, compared, witnessed = self.growth, self.compared, self.witnessed
        told = self.ended if self.ended not in ("", STOPPED) else "nothing"
        yield Check("what ended it", told, "nothing", told == "nothing")
        yield Check(
            "memory grown since it was warm",
            "too short to tell" if growth is None else f"{growth.rss_bytes / 1e3:+,.0f} kB",
            f"below {MOST_GROWTH_BYTES / 1e3:,.0f} kB",
            None if growth is None else growth.rss_bytes < MOST_GROWTH_BYTES,
        )
        for name in ("descriptors", "threads"):
            found = None if growth is None else int(getattr(growth, name))
            yield Check(
                f"{name} left open",
                "too short to tell" if found is None else f"{found:+d}",
                "none",
                None if found is None else found <= 0,
            )
        yield _none("windows lost outside the gaps", self.windows_lost + compared.windows_lost, self.windows_due)
        yield _none("samples altered unseen", witnessed.altered, witnessed.samples)
        yield _none("blocks of open air with the lock open", witnessed.open_unworn)
        yield _none(
            "outcomes that differ where the signal is whole", compared.differing, compared.windows + compared.decisions
        )
        short = self.ended == STOPPED or self.signal_s < ENOUGH_S
        yield Check(
            "decisions compared",
            f"{compared.decisions:,}",
            "some",
            compared.decisions > 0 or (None if short else False),
        )

    @property
    def all_hold(self) -> bool:
        """Whether nothing was found that must not be."""
        return all(check.holds is not False for check in self.checks())

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        values = asdict(self)
        values["kept_speed"] = round(self.kept_speed, 2)
        values["all_hold"] = self.all_hold
        values["checks"] = [asdict(check) for check in self.checks()]
        return values


def _none(name: str, found: int, among: int | None = None) -> Check:
    told = f"{found:,}" if among is None else f"{found:,} of {among:,}"
    return Check(name, told, "0", found == 0)


def table(results: Results) -> str:
    """For a terminal."""
    witnessed, compared, link = results.witnessed, results.compared, results.link
    kept = results.kept_speed >= KEPT_SPEED * results.speed
    speed = f"{results.kept_speed:.1f} times real time" + (
        "" if kept else f", of {results.speed:g} that were asked for"
    )
    lines = [
        f"signal      {results.signal_s / 3600:.2f} h in {results.wall_s / 60:.1f} min: {speed}",
        f"link        {link.samples:,} samples, {link.lost:,} lost, {link.corrupt:,} frames corrupt, "
        f"{link.restarts:,} restarts; {witnessed.epochs:,} epochs, {witnessed.outages:,} outages",
        f"faults      {_counted(results.befell)}",
        f"sittings    {witnessed.sittings:,} seen from their start; {witnessed.barred:,} cut by a lockout; "
        f"{witnessed.identified:,} times identified; opened {witnessed.opened:,} times, "
        f"{witnessed.opened_for_another:,} for another",
        f"compared    {compared.sittings:,} sittings, {compared.signal_s / 3600:.2f} h of whole signal: "
        f"{compared.windows:,} windows, {compared.decisions:,} decisions",
        "",
    ]
    for check in results.checks():
        mark = {True: "holds", False: "FAILS", None: "-"}[check.holds]
        lines.append(f"{mark:<6} {check.name:<48} {check.found:>20}  ({check.wanted})")
    return "\n".join([*lines, *(f"       {text}" for text in compared.first_differences)])


def _counted(befell: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in befell.items()) or "none"
