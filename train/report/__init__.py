"""The report of finished runs: one HTML page and the same tables in Markdown."""

from train.report.write import write_report

__all__ = ["write_report"]
