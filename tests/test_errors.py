"""Errors say what is wrong and what to do, and keep the values they speak of."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from analysis import errors
from analysis.errors import AnalysisError, Problem, write_errors

CSV = Path("data/x/articles.csv")


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Problem(CSV, 3, "genre 'nws' is none of news", "Mend it"), f"{CSV}:3: genre 'nws' is none of news. Mend it"),
        (Problem(CSV, None, "does not exist", "Create it"), f"{CSV}: does not exist. Create it"),
    ],
)
def test_a_problem_reads_as_file_line_fault_remedy(problem, expected):
    assert expected == str(problem)


def test_an_error_without_a_reason_of_the_system_keeps_its_own():
    with pytest.raises(AnalysisError, match=r"x cannot be written \(disk on fire\)"), write_errors(Path("x")):
        raise OSError("disk on fire")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.TextsError(Path("t.jsonl"), "is {}"), "t.jsonl: is {}"),
        (errors.AnalysisError("is {0}"), "is {0}"),
        (
            errors.GazetteerError("Rivas", ["ada", "leo"]),
            "alias 'Rivas' belongs to ada and leo. "
            "Keep one, or mark both as surname (yes, or default for the one meant when no full name is near).",
        ),
        (errors.StudyError(Problem(CSV, 1, "a", "b"), Problem(CSV, 2, "c", "d")), f"{CSV}:1: a. b\n{CSV}:2: c. d"),
        (errors.UnknownName("outlet", "x", "is none", []), "outlet 'x' is none. There is none."),
    ],
)  # fmt: skip
def test_an_error_reads_the_same_in_whichever_process_it_arrives(error, expected):
    """Workers send their errors to the process that prints them."""
    arrived = pickle.loads(pickle.dumps(error))
    assert (type(error), expected, expected) == (type(arrived), str(error), str(arrived))
    assert isinstance(error, errors.AnalysisError)


KERNEL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
for cell in ("from analysis import load_study", "load_study('nowhere')", "%tb"):
    print("§"); shell.run_cell(cell)
"""


@pytest.mark.slow
def test_in_a_notebook_an_error_is_its_message_and_the_traceback_is_there_when_asked_for():
    """As IPython shows it, in JupyterLab too."""
    done = subprocess.run([sys.executable, "-c", KERNEL], capture_output=True, text=True, check=True)
    _, _, shown, traceback = done.stdout.split("§\n")
    message, hint = shown.splitlines()
    assert message.startswith("StudyNotFound: no study 'nowhere': neither a folder with a study.toml nor a name under")
    assert "(%tb shows where it was raised)" == hint
    assert "in find_study" in traceback and "Traceback (most recent call last)" in traceback
    assert traceback.count("\n") > 10
