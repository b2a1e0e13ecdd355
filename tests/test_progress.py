"""The progress display: a bar for a person, lines for a file."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis.progress import Progress
from analysis.publish.build import Build
from analysis.study import Study


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_a_terminal_sees_the_cells_of_all_reports(capsys: pytest.CaptureFixture[str]) -> None:
    """One bar, lines above it, gone at the end."""
    terminal = Terminal()
    progress = Progress(terminal)
    progress.begin(3)
    for _ in range(3):
        progress.cell()
    progress.line("plain: built")
    assert "3/3" in progress._bar.format_meter(**progress._bar.format_dict)
    progress.close()
    assert "cells" in terminal.getvalue()
    assert "plain: built\n" == capsys.readouterr().out
    assert "" == terminal.getvalue().rsplit("\r", 1)[1].strip()


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_a_file_gets_plain_lines(stream: io.StringIO | None, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else."""
    progress = Progress(stream)
    progress.begin(3)
    progress.cell()
    progress.line("plain: built")
    progress.close()
    assert "plain: built\n" == capsys.readouterr().out
    assert stream is None or "" == stream.getvalue()


def test_a_long_wait_before_the_first_report_is_announced_and_a_short_one_not(
    small_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results that are kept need no computing."""
    kept, told = tmp_path / "kept.parquet", []
    monkeypatch.setattr("analysis.results.kept_at", lambda study: kept)
    plan = SimpleNamespace(study=small_study, echo=told.append)
    assert Build._share(plan)  # type: ignore[arg-type]
    kept.touch()
    assert not Build._share(plan)  # type: ignore[arg-type]
    assert ["comparing each outlet with the others, for all reports at once: this takes longest"] == told
