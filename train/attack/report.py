"""A run of attacks as Markdown, which a terminal shows as well."""

from collections.abc import Sequence
from textwrap import wrap

from device.enrolment import DEFAULT_SECONDS
from train.attack.people import FIRST_ATTACK_S, PRESENTATION_S
from train.attack.rates import Share
from train.attack.result import Result
from train.attack.sources import NOISE_COUNTS

WIDTH = 118
"""Of a line of text; tables are as wide as they are."""
INSTRUMENTS = (
    "A finger reflects the LEDs' light, so that levels follow their currents; nothing in counts tells a perfect "
    "artefact from it. A lamp shines by itself, the same in both channels, and reflects nothing. A fake board is a "
    "program on the wire, without the board's key: it acknowledges commands; an adaptive one scales its samples as it "
    "is commanded too."
)


def markdown(result: Result) -> str:
    """The whole report."""
    parts = [
        ["# Presentation attacks"],
        _conditions(result),
        _attacks(result),
        _genuine(result),
        _remaining(result),
        _likeness(result),
        [f"Not measured: {'; '.join(result.left_out)}."] if result.left_out else [],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _conditions(result: Result) -> list[str]:
    own = result.conditions
    not_enrolled = f" ({len(own.not_enrolled)} could not be: {', '.join(own.not_enrolled)})" if own.not_enrolled else ""
    text = (
        f"Victims: {own.enrolled} people of {own.source}, enrolled from their first {DEFAULT_SECONDS:g} s"
        f"{not_enrolled}. Model {own.model_id}, {own.precision} on {own.runtime}; verification at an FMR of "
        f"{own.fmr:g}, accepted from a log-likelihood ratio of {own.accept_llr:.2f}; seed {own.seed}. "
        f"A presentation is up to {PRESENTATION_S:g} s, {FIRST_ATTACK_S:g} s or more after the recording's beginning, "
        "played by a simulated board through the device's own chain to its first decision. "
        f"Every source has a sensor's noise of {NOISE_COUNTS:g} counts in each channel. IAPAR is the share of attacks "
        "that the whole system accepts, of zero_effort the false match rate; APCER the share of those acquired that "
        "detection lets pass, BPCER that of genuine presentations it refuses, both with a matcher that accepts "
        "(ISO/IEC 30107-3). Intervals (95 %) are over the people attacked, by the rule of three where none or all hit."
    )
    return [*wrap(text, WIDTH), "", *wrap(INSTRUMENTS, WIDTH)]


def _attacks(result: Result) -> list[str]:
    detecting = tuple(result.genuine.detected)
    head = [
        "attack", "what is played", "by",
        *(f"IAPAR {one.value}" for one in result.protections),
        *(f"APCER {one.value}" for one in detecting),
        "people", "presentations", "not acquired",
    ]  # fmt: skip
    rows = [
        [
            one.species.name, one.species.about, one.species.instrument.value,
            *(_share(one.accepted[protection]) for protection in result.protections),
            *(_share(one.passed[protection]) for protection in detecting),
            str(one.people), str(one.presentations), _share(one.not_acquired),
        ]
        for one in result.attacks
    ]  # fmt: skip
    return _table(head, rows)


def _genuine(result: Result) -> list[str]:
    one = result.genuine
    rows = [
        [
            protection.value,
            _share(one.accepted[protection]),
            _share(one.detected[protection]) if protection in one.detected else "",
            str(one.people),
            str(one.presentations),
        ]
        for protection in result.protections
    ]
    return _table(["genuine people", "accepted", "BPCER", "people", "presentations"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (head, *rows)]
    return [f"| {' | '.join(line)} |" for line in (lines[0], ["-" * width for width in widths], *lines[1:])]


def _remaining(result: Result) -> list[str]:
    """What a board without a key accepts: with one, the table's last column says it."""
    strongest = list(result.genuine.detected)[-1]
    left = [one for one in result.attacks if one.accepted[strongest].hits]
    if not left:
        return [f"Nothing was accepted {strongest.value}."]
    lines = [f"- {one.species.name}, {_share(one.accepted[strongest])}: {one.species.remains}." for one in left]
    return [f"What remains possible {strongest.value}, where frames are not sealed:", "", *lines]


def _likeness(result: Result) -> list[str]:
    if result.likeness is None:
        return []
    low, middle, high = result.likeness
    text = (
        f"Generated against true pulse, at the best delay: Pearson's r {middle:.2f} (quartiles {low:.2f} to "
        f"{high:.2f}) over {len(result.likenesses)} presentations."
    )
    return wrap(text, WIDTH)


def _share(share: Share) -> str:
    if share.value is None:
        return "n/a"
    interval = "" if share.ci95 is None else f" [{100 * share.ci95[0]:.1f}, {100 * share.ci95[1]:.1f}]"
    return f"{100 * share.value:.1f} %{interval}"
