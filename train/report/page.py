"""The report as one HTML page that loads nothing."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from train.report.sections import Report


def to_html(report: Report) -> str:
    """The whole page; every text is escaped, drawings alone are markup."""
    source = files("train.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source).render(report=report)
