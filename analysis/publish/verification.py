"""Building a study again from nothing, to compare with its committed manifest."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from analysis.publish.builder import Build, Echo
from analysis.publish.manifest import differences, make_manifest, read_manifest, remarks
from analysis.publish.processes import WarmProcess
from analysis.study import Study, find_root


@dataclass(frozen=True)
class Verification:
    """Differences from the committed manifest, and remarks that may explain them."""

    differences: tuple[str, ...]
    remarks: tuple[str, ...]


def verify(
    study: Study, *, jobs: int | None = None, echo: Echo = lambda line: None, warm: WarmProcess | None = None
) -> Verification:
    """Build a study again from nothing into a temporary folder and compare with its committed manifest.

    Parameters
    ----------
    study : Study
    jobs : int, processes at once
    echo : called with a line of text for each report as it is done
    warm : WarmProcess started before

    Returns
    -------
    Verification, without differences where every file is the same to the byte

    Raises
    ------
    BuildError
        Where there is no manifest.
    """
    root = find_root()
    expected = read_manifest(root / "reports" / study.name)
    scratch = Path(tempfile.mkdtemp(prefix="castillo-verify-"))
    try:
        plan = Build(study, root, scratch / "reports", scratch, echo)
        result = plan.run(jobs=jobs, force=True, warm=warm)
        actual = make_manifest(result.folder, study.name, root, plan.files())
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    failed = [f"{name} failed {failure.place}: {failure.error}" for name, failure in sorted(result.failed.items())]
    return Verification((*failed, *differences(expected, actual)), tuple(remarks(expected, actual)))
