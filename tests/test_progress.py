"""The bar of something long: for a person at a terminal, and nobody else."""

import io
import sys
import threading

from analysis import program
from analysis.wording import progress_bar


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self):
        return True


def test_a_terminal_sees_one_bar_with_lines_above_it_that_is_gone_at_the_end(monkeypatch, capsys):
    """And no thread, or a build could not fork."""
    terminal, threads = Terminal(), threading.active_count()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar(3, "cells") as bar:
        assert threads == threading.active_count()
        for _ in range(3):
            bar.update()
        program.echo("plain: built")
        assert "3/3" in bar.format_meter(**bar.format_dict)
    assert "cells" in terminal.getvalue()
    assert "plain: built\n" == capsys.readouterr().out
    assert "" == terminal.getvalue().rsplit("\r", 1)[1].strip()


def test_a_file_gets_plain_lines_and_nothing_else(capsys):
    with progress_bar(3, "cells") as bar:
        bar.update()
        program.echo("plain: built")
    assert ("plain: built\n", "") == capsys.readouterr()
