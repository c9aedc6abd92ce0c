"""The honest report of bundles: what the device makes of recordings of people, kind by kind and never mixed."""

from train.report.bundle.write import write_bundle_report

__all__ = ["write_bundle_report"]
