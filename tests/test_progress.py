"""The progress display: a bar for a person, lines for a file."""

from __future__ import annotations

import io
import threading

import pytest

from analysis.progress import Progress


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_a_terminal_sees_the_cells_of_all_reports(capsys: pytest.CaptureFixture[str]) -> None:
    """One bar, lines above it, gone at the end; no thread, or a build could not fork."""
    terminal, threads = Terminal(), threading.active_count()
    progress = Progress(terminal)
    progress.begin(3)
    assert threads == threading.active_count()
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
