"""What each module of the method contributes: the whole against the whole without it."""

from collections.abc import Sequence

import numpy as np

from train.report.experiments import ABLATION_PREFIX, BASELINE, PROPOSED, Experiment, network_label, partner
from train.report.paired import Gain, answers_at, gain_over
from train.report.tables import GAIN, Table, caveats, gain_cells, shots_of
from train.report.wording import in_full, percent

_MODULES = {
    "no-hint": "hint regression, which the paper does not have",
    "no-clip": "InfoNCE (CLIP) of the alignment",
    "no-mmd": "MMD of the alignment (L_rel)",
    "no-cka": "cross-knowledge assessment (CKA)",
    "no-alignment": "knowledge alignment (InfoNCE and L_rel)",
    "no-triplet": "triplet of the alignment (L_rel)",
    "no-kd": "KL of the posteriors (L_kd)",
    BASELINE: "all of it, over PPG alone",
}


def ablation_table(experiments: Sequence[Experiment]) -> Table:
    """One row a module that was switched off, and one for the whole; empty without ablation runs.

    Args:
        experiments: that looked at test windows, of both protocols.
    """
    head = ("Network", "Tested on", "Module", "Common seeds", "OA % without", "OA % with", *GAIN, "Contribution is")
    table = Table("What each module contributes", head, [])
    for proposed in experiments:
        tests: list[int | None] = [*shots_of(proposed)] or [None]
        others = _switched_off(proposed, experiments) if proposed.method == PROPOSED else []
        for other in others:
            for shots in tests:
                if shots is None or shots in shots_of(other):
                    _add_row(table, proposed, other, shots)
    table.notes.extend(_orphans(experiments))
    return table


def _switched_off(proposed: Experiment, experiments: Sequence[Experiment]) -> list[Experiment]:
    """Ablations that are compared with this experiment, then the baseline; none without an ablation."""
    ablations = [
        one
        for one in experiments
        if one.method.startswith(ABLATION_PREFIX) and partner(one, experiments, PROPOSED) is proposed
    ]
    baseline = partner(proposed, experiments, BASELINE)
    return [*ablations, baseline] if ablations and baseline is not None else ablations


def _add_row(table: Table, proposed: Experiment, other: Experiment, shots: int | None) -> None:
    gain = gain_over(proposed, other, shots)
    where = "seen people" if shots is None else f"unseen, N = {shots}"
    module = _MODULES.get(other.method, other.method.removeprefix(ABLATION_PREFIX))
    table.rows.append(
        (
            network_label(proposed.first.network),
            where,
            module,
            str(len(gain.by_seed)),
            percent(_mean_oa(other, gain, shots)),
            percent(_mean_oa(proposed, gain, shots)),
            *gain_cells(gain),
            gain.verdict,
        )
    )
    for says in caveats(proposed, other, gain):
        if says not in table.notes:
            table.notes.append(says)
    if gain.includes_zero or gain.mean < 0.0:
        table.notes.append(_sentence(f"{network_label(proposed.first.network)}, {where}: {module}", gain))


def _sentence(what: str, gain: Gain) -> str:
    if gain.interval is None:
        return f"{what} changes OA by {in_full(gain)}."
    if gain.includes_zero:
        return f"{what} changes OA by {in_full(gain)}: these runs do not show that it helps."
    return f"{what} changes OA by {in_full(gain)}: it does harm here."


def _orphans(experiments: Sequence[Experiment]) -> list[str]:
    """Ablations without anything to compare them with."""
    return [
        f"{network_label(one.first.network)}, {one.label}: no run of the whole method with its seed and protocol, "
        "so no contribution."
        for one in experiments
        if one.method.startswith(ABLATION_PREFIX) and partner(one, experiments, PROPOSED) is None
    ]


def _mean_oa(one: Experiment, gain: Gain, shots: int | None) -> float:
    return float(np.mean([answers_at(one.by_seed[seed], shots).oa for seed in gain.by_seed]))
