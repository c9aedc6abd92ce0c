"""The model card: what a bundle is, for whom, how well, and where it ends."""

from collections.abc import Mapping
from typing import Any

from device.manifest import Manifest
from export.parity import ParityReport


def model_card(manifest: Manifest, parity: ParityReport, sizes: Mapping[str, int], command: str) -> str:
    """Markdown for ``MODEL_CARD.md``.

    Args:
        manifest: of the bundle, complete but for the card itself.
        parity: of its INT8 models.
        sizes: bytes of each model file.
        command: what made it.
    """
    a = manifest.architecture
    parts = [
        f"# {manifest.model_id}\n",
        f"{a.name} of width {a.width:g}: {a.parameters:,} parameters, {a.macs / 1e6:.2f} M multiply-accumulates a "
        f"2.4-second window, embeddings of {a.embedding_size}.\n",
        "## Intended use\n",
        "Recognising the wearer of a pulse sensor among a few enrolled people, on the device. It is a demonstrator "
        "and a research tool: not a medical device, and no lock for anything that matters without a second factor. "
        "A pulse changes over days, with temperature, effort, drugs and illness.\n",
        "## Decision\n",
        _decision(manifest),
        "## Measured\n",
        "All within one recording of each person, which is easier than another day; intervals (95 %) are over people. "
        "Shares of FMR that the comparisons cannot support are left out.\n",
        _rates(manifest.error_rates),
        "## INT8 against float\n",
        _parity(parity, sizes),
        "## Data\n",
        *(f"- **{t.name}** ({t.licence}): {t.use}. {t.citation}" for t in manifest.training_data),
        "\n## How it was made\n",
        f"```\n{command}\n```",
    ]
    return "\n".join(parts) + "\n"


def _decision(manifest: Manifest) -> str:
    d, c = manifest.decision, manifest.comparison
    rate_hz, hop = manifest.front_end["rate_hz"], manifest.front_end["hop_samples"]
    points = ", ".join(f"{100 * fmr:.2g} % from {llr:.2f}" for fmr, llr in d.operating_points)
    return (
        f"A window begins every {hop / rate_hz:g} s. From {d.min_windows} to {d.max_windows} good windows are pooled, "
        "and an attempt is accepted once its log-likelihood ratio is high enough for the false match rate asked for: "
        f"{points}; 1 % is the default. Among N people enrolled {d.gallery_slope:.2f} log N are added, so that a "
        "stranger is taken for any of them no more often. An attempt is rejected at "
        f"{d.reject_llr:.2f}, or when none is reached. Each rate is the upper end of its 95 % interval over "
        f"{d.people} people of {d.set_on}, who support none smaller. Calibration on the same people: Cllr "
        f"{c.cllr_before:.3f} of the scores, {c.cllr:.3f} of the ratios.\n"
    )


def _rates(rates: tuple[Mapping[str, Any], ...]) -> str:
    if not rates:
        return "No cohort was given to measure it on (`pulsekey evaluate --bundle ... --cohort FILE.npz` does).\n"
    lines = [
        "| cohort | people | comparison | EER | 95 % | FNMR at FMR 1 % | at FMR 0.1 % | rank-1 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in rates:
        for seconds, one in result["decisions"].items():
            lines.append(
                f"| {result['cohort']} | {result['enrolled']} | {seconds} s | {_percent(one['eer'])} | "
                f"{_interval(one['eer_ci95'])} | {_percent(one['fnmr_at_fmr_0.01'])} | "
                f"{_percent(one['fnmr_at_fmr_0.001'])} | {_percent(one['rank1'])} |"
            )
    lines += ["", "Attempts as the device makes them, at the default:", ""]
    lines += ["| cohort | FMR | FNMR | median to accept, reject | Cllr, at best |", "|---|---|---|---|---|"]
    lines += [_attempts(result["cohort"], result["attempts"]) for result in rates if result["attempts"]]
    return "\n".join(lines) + "\n"


def _attempts(cohort: str, one: Mapping[str, Any]) -> str:
    return (
        f"| {cohort} | {_percent(one['fmr'])} ({_interval(one['fmr_ci95'])}) | {_percent(one['fnmr'])} "
        f"({_interval(one['fnmr_ci95'])}) | {_seconds(one['median_accept_s'])}, {_seconds(one['median_reject_s'])} | "
        f"{one['cllr']:.3f}, {one['least_cllr']:.3f} |"
    )


def _parity(parity: ParityReport, sizes: Mapping[str, int]) -> str:
    lines = [
        "| model | size | mean cosine | least cosine | EER, float to INT8, a window | over 12 s |",
        "|---|---|---|---|---|---|",
    ]
    for one in parity.formats:
        lines.append(
            f"| {one.model} | {sizes[one.model] / 1024:.0f} KiB | {one.cosine_mean:.4f} | {one.cosine_min:.4f} | "
            f"{_percent(one.fp32.eer_window)} to {_percent(one.int8.eer_window)} | "
            f"{_percent(one.fp32.eer_decision)} to {_percent(one.int8.eer_decision)} |"
        )
    windows = parity.formats[0].windows
    return "\n".join(lines) + (
        f"\n\nOn {windows:,} good windows of the people held out. The INT8 models of both formats differ by at most "
        f"{parity.steps} of 256 steps of the output.\n"
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def _interval(pair: list[float] | None) -> str:
    return "-" if pair is None else f"{100 * pair[0]:.2f}-{100 * pair[1]:.2f} %"
