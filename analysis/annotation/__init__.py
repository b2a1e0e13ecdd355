"""Texts → features, in partitions, on one machine or a cluster: what is measured of a text, kept, and set aside.

Lazy as the package is, so that a process that only measures imports no more than that takes.

`run` reads texts, has them measured in `partitions` by `processes` or a `cluster`, and writes the `featurefiles`;
`features` is what is measured of some texts, `manifest` takes the new articles, `setaside` what could not be read.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.annotation.files import compare_features
    from analysis.annotation.run import Annotation, annotate

#: Public name → module it lives in.
_HOME = {"Annotation": "run", "annotate": "run", "compare_features": "files"}
__all__ = ["Annotation", "annotate", "compare_features"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"analysis.annotation.{_HOME[name]}"), name)
    raise AttributeError(f"module 'analysis.annotation' has no attribute {name!r}")
