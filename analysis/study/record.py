"""meta.json: how a study's features were made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel


class FeaturesRecord(BaseModel):
    """Content of meta.json."""

    inputs: dict[str, str]
    digests: dict[str, str] = {}
    measured: dict[str, Any] = {}
    set_aside: dict[str, int] = {}
    skipped: dict[str, int] = {}

    def warning(self, changed: Sequence[str]) -> str:
        """A sentence on features that would be measured otherwise now, from what changed since."""
        by = "an older version"
        if "on" in self.measured:
            by = f"castillo-coverage {self.measured['version']} on {self.measured['on']}"
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        return f"The features were measured by {by}; changed since: {', '.join(changed[:3])}{more}."
