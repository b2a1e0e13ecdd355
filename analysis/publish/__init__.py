"""Notebooks → reports: matrix, parameters, kernels, rendering, cache, index, manifest.

Lazy as the package is, so that a build with nothing to do imports nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.publish.builder import BuildResult, Listed, Verification, build, list_reports, verify

__all__ = ["BuildResult", "Listed", "Verification", "build", "list_reports", "verify"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("analysis.publish.builder"), name)
    raise AttributeError(f"module 'analysis.publish' has no attribute {name!r}")
