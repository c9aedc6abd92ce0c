"""What a reader must see first: the headline, how it was measured, the models in a row; and who looked how often."""

from collections.abc import Callable

from train.report.bundle.cells import TITLES, by_condition, rate, set_of, side_by_side
from train.report.bundle.conditions import CONDITIONS, Apart
from train.report.bundle.gathering import SEED, Gathered, Reported
from train.report.bundle.measuring import CURVE_S, GROUPED_S, Measured
from train.report.bundle.sets import SETS, Kinship
from train.report.tables import Table
from train.report.wording import MISSING, listed, several

_TFLITE = "model.int8.tflite"


def model_table(gathered: Gathered) -> Table:
    """A row a model: what it is and what it costs."""
    head = ("Model", "Network", "Trained on", "Parameters", "MACs a window", "INT8, KiB", "Threshold set on, people")
    table = Table("Models", head, [], begins=0)
    for one in gathered.bundles:
        manifest = one.model.bundle.manifest
        a, file = manifest.architecture, manifest.files.get(_TFLITE)
        table.rows.append(
            (
                one.model.name,
                f"{a.name} x{a.width:g}",
                listed(data.name for data in manifest.training_data),
                f"{a.parameters:,}",
                f"{a.macs:,}",
                f"{file.bytes / 1024:.0f}" if file else "no TFLite",
                str(manifest.decision.people),
            )
        )
    return table


def comparison_table(gathered: Gathered) -> Table:
    """The models under each other: one comparison, and what attempts come to."""
    table = side_by_side(gathered, "Models compared, per cent", "What", "Model")
    rows: tuple[tuple[str, Callable[[Measured], str]], ...] = (
        (f"EER over {CURVE_S:g} s", lambda m: rate(*_eer(m))),
        ("FNMR of attempts", lambda m: rate(m.result.attempts.fnmr) if m.result.attempts else MISSING),
        ("FMR of attempts", lambda m: rate(m.result.attempts.fmr) if m.result.attempts else MISSING),
    )
    for name, cell in rows:
        table.rows += [(name, one.model.name, *by_condition(gathered, one, cell)) for one in gathered.bundles]
    return table


def _eer(measured: Measured) -> tuple[float | None, tuple[float, float] | None]:
    rates = next(one for one in measured.result.decisions if one.seconds == CURVE_S)
    return rates.eer, rates.eer_ci95


def headline(gathered: Gathered) -> list[str]:
    """A sentence a model: what an attempt comes to where it is easy, and where it is not."""
    return [_sentence(one) for one in gathered.bundles]


def _sentence(one: Reported) -> str:
    parts = []
    for condition in CONDITIONS:
        measured = one.measured.get(condition.key)
        if measured is None or measured.result.attempts is None or condition.more:
            continue
        rates = measured.result.attempts
        where = f"{condition.apart}, {set_of(condition).sensor}"
        parts.append(f"{100.0 * rates.fnmr:.1f} % and {100.0 * rates.fmr:.1f} % ({where})")
    if not parts:
        return f"{one.model.name}: no attempt could be measured."
    return f"{one.model.name}: own attempts refused and others' accepted, {'; '.join(parts)}."


def facts(gathered: Gathered) -> list[str]:
    """What was done, before any figure."""
    return [
        "Figures within one recording say how alike a pulse is to itself minutes before, not how it is recognised on "
        f"another day; {Apart.SAME_RECORDING}, {Apart.SAME_DAY} and {Apart.OTHER_DAY} stand in columns of their own.",
        *(f"Missing, and so not measured: {one.title} ({one.path})." for one in gathered.missing),
        "INT8 models through the device's own front end, quality bounds, comparison and decision, at the default false "
        f"match rate; bootstrap of 1,000 resamples of people, seed {SEED}.",
        *_how(gathered),
        *_kin(gathered),
        f"Recordings: {'; '.join(f'{one.title} ({one.credit})' for one in SETS if one not in gathered.missing)}.",
    ]


def _how(gathered: Gathered) -> list[str]:
    gone = {one.key for one in gathered.missing}
    return [
        f"{condition.title}, {set_of(condition).title}: {condition.how}."
        for condition in CONDITIONS
        if condition.data_set not in gone
    ]


def _kin(gathered: Gathered) -> list[str]:
    """Where a set's sensor is not that of training, or worse."""
    found = []
    for one in gathered.bundles:
        for kin in (Kinship.TRAINED, Kinship.OTHER, Kinship.UNKNOWN):
            titles = [TITLES[key].title for key, value in one.kin.items() if value is kin]
            if titles:
                found.append(f"{one.model.name}: {kin} in {listed(titles)}.")
    return found


def looks_table(gathered: Gathered) -> Table:
    """How often each set was looked at."""
    table = Table("Looks", ("Set", "Day", "What for", "Chosen with it in view", "Networks"), [], texts=4, begins=1)
    for one in sorted(gathered.looks or [], key=lambda look: look.data_set):
        name = TITLES[one.data_set].title if one.data_set in TITLES else one.data_set
        table.rows.append((name, one.on, one.why, one.chosen or "nothing", str(one.networks or "not known")))
    counts = {key: sum(look.data_set == key for look in gathered.looks or []) for key in TITLES}
    seen = "; ".join(f"{TITLES[key].title} {several(count, 'time', 'times')}" for key, count in counts.items())
    table.notes.append(
        f"Looked at before: {seen}. A set that something was chosen by is a little optimistic about what was chosen; "
        "this report is one look more at each set it shows."
    )
    return table


def group_note() -> str:
    """How the tables of groups are made."""
    return (
        f"Comparisons of one window of {GROUPED_S:g} s: signal quality and heart rate are a window's own, thirds of "
        "the probes each; the rate is that of the lag at which the window is most like itself. Age is in thirds of the "
        "people. FNMR and FMR are at the one threshold at which all probes of the column together have equal errors, "
        "each group's probes against everybody's references; the EER is at a threshold of the group's own. Groups "
        "differ in more than what they are named for: who is older may be sicker, and low quality may be one person's."
    )
