"""The threshold a bundle ships with: set on people who never trained, through the device's own path."""

from dataclasses import dataclass

from device.comparison import Comparator
from device.embedders import Embedder
from device.enrolment import DEFAULT_SECONDS, windows_in
from device.evaluation.protocol import Selector, decide, references_of
from device.evaluation.settings import Settings
from device.evaluation.timelines import timelines_of
from device.frontend import FrontEndSpec
from device.manifest import DecisionSpec
from device.metrics import supports_fmr, threshold_at_fmr
from export.errors import ExportError, ExportReason
from firmware_bridge.recordings import Recording

FMR = 0.001
"""One comparison in a thousand: in a household's gallery of five, one stranger's decision in two hundred."""
DECISION_S = 12.0


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The recordings the threshold is set on, and what to call them in the manifest."""

    recordings: tuple[Recording, ...]
    name: str


def decision_spec(embedder: Embedder, comparator: Comparator, spec: FrontEndSpec, held_out: HeldOut) -> DecisionSpec:
    """Enrol and probe everyone held out, and take the lowest threshold at the stated false match rate.

    Raises:
        ExportError: there are too few comparisons to support that rate.
    """
    selector = Selector(Settings(), windows_in(DEFAULT_SECONDS, spec))
    windows = windows_in(DECISION_S, spec)
    lines = timelines_of(held_out.recordings, embedder, spec, windowed=False)
    plans = [plan for plan in (selector.plan(line.subject, [line]) for line in lines) if plan.enrollable]
    non_mated = decide(plans, comparator.against(references_of(plans)), windows).non_mated
    if not supports_fmr(non_mated.size, FMR):
        raise ExportError(
            ExportReason.CALIBRATION,
            f"{non_mated.size} comparisons of {held_out.name} cannot support a false match rate of {FMR:g}; "
            "hold more people out",
        )
    return DecisionSpec(windows, threshold_at_fmr(non_mated, FMR), FMR, held_out.name, len(plans))
