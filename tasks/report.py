"""The report of a run, under its former name."""

from tasks.reconciler.report import RefusedBecause, Report

__all__ = ["RefusedBecause", "Report"]
