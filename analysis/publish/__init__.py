"""Notebooks → reports: matrix, parameters, kernels, rendering, cache, index, manifest."""

from analysis.publish.builder import BuildResult, Listed, Verification, build, list_reports, verify

__all__ = ["BuildResult", "Listed", "Verification", "build", "list_reports", "verify"]
