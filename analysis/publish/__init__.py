"""Notebooks → reports: which there are, which are stale, running and rendering them, index and manifest.

`builder` leads: which reports (`reports`, `parameters`), which of them are stale (`cache`), running them (`processes`,
`pool`, `execution`, `engine`) and making pages of them (`render`, `pages`).

Lazy as the package is, so that a build with nothing to do imports nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.publish.builder import BuildResult, Listed, build, list_reports
    from analysis.publish.manifest import Verification, unlike_manifest, verify
    from analysis.publish.processes import started

#: Public name → module it lives in.
_HOME = {
    **dict.fromkeys(("BuildResult", "Listed", "build", "list_reports"), "builder"),
    **dict.fromkeys(("Verification", "unlike_manifest", "verify"), "manifest"),
    "started": "processes",
}
__all__ = ["BuildResult", "Listed", "Verification", "build", "list_reports", "started", "unlike_manifest", "verify"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"analysis.publish.{_HOME[name]}"), name)
    raise AttributeError(f"module 'analysis.publish' has no attribute {name!r}")
