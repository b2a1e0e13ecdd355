"""The README says only what the library computes, and its commands exist; run as a program it renews its findings."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from ministudy import make_project, write_notebook

from analysis import load_study, study_results
from analysis.cli import main
from analysis.report.coded import code_findings
from analysis.report.descriptions import VALIDITY, salience_findings, variance_sentence
from analysis.report.findings import strongest
from analysis.report.views import actor_frequency, by_share, variance_of_tone
from analysis.results.coded import differences_of
from analysis.results.misclassification import coded_mentions, corrected_tone, correction_sentence, error_sentence
from analysis.wording import spaced

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "data" / "commands.md").read_text(encoding="utf-8")
MARKS = ("world", "findings", "corrected")


def badge() -> str:
    """Binder's badge, which opens the notebooks of the repository that CITATION.cff names."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    owner = cited["repository-code"].removeprefix("https://github.com/")
    link = f"https://mybinder.org/v2/gh/{owner}/HEAD?urlpath=lab/tree/notebooks/overview.ipynb"
    return f"[![Binder](https://mybinder.org/badge_logo.svg)]({link})\n"


def block(mark: str) -> str:
    """The README between a pair of marks."""
    return README.partition(f"<!-- {mark} -->\n")[2].partition(f"<!-- /{mark} -->")[0]


def test_the_badge_leads_to_the_repository_that_is_cited():
    assert badge() == block("binder")


def computed(mark: str) -> list[str]:
    """The sentences that belong between a pair of marks, in the order of the README."""
    if mark == "world":
        world, words = (
            load_study("castillo-2022-world"),
            ["castillo_act_own", "congress_act_own", "crowd", "street", "deaths"],
        )
        return [finding.text for finding in code_findings(world, differences_of(world, words, "group"), limit=3)]
    data = load_study("castillo-2022")
    if mark == "corrected":
        return [correction_sentence(corrected_tone(data)), error_sentence(coded_mentions(data))]
    results = study_results(data)
    overall = by_share(actor_frequency(data, actors=list(data.settings.main_actors)))
    return [
        salience_findings(data, overall)[0].text,
        strongest(data, results, ["label-share"])[0].text,
        variance_sentence(variance_of_tone(data)),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("mark", MARKS)
def test_the_findings_are_the_computed_ones(mark):
    found = [" ".join(item.split()) for item in re.split(r"^- ", block(mark), flags=re.MULTILINE) if item.strip()]
    assert [" ".join(text.split()) for text in computed(mark)] == found


def validity(measure: str, who: str, data: str) -> list[float]:
    """Values of the figures whose measure, maker and data begin so."""
    with VALIDITY.open(encoding="utf-8", newline="") as file:
        return [
            float(row["value"])
            for row in csv.DictReader(file)
            if row["measure"].startswith(measure) and row["who"].startswith(who) and row["data"].startswith(data)
        ]


def test_validity_figures_are_the_measured_ones():
    page, macro, tuned = " ".join(README.split()), "macro-F1 of polarity", "this project, mended once"
    (vader,), (ours,), (best,) = (
        validity(macro, who, "NewsMTSC") for who in ("VADER", "linear model", "GRU-TSC (fine-tuned RoBERTa)")
    )
    assert f"macro-F1 {vader:.3f} on NewsMTSC, where fine-tuned RoBERTa reaches {best:.3f}." in page
    assert f"linear model of our own: {ours:.3f} there, cross-validated" in page
    assert f"F1 of {min(validity('F1 of sentence', tuned, '')):.3f} or more in each of seven languages" in page
    assert f"mentions with {validity('F1 of mentions', tuned, '')[0]:.3f} (exact span" in page
    after = validity("accuracy of voice", "this project, coded after", "")[0]
    assert f"is right in {after:.3f} of uses that were coded after" in page
    own, neutral = (validity("accuracy", who, "data/castillo")[0] for who in ("linear model", "neutral"))
    assert f"coded class in {own:.3f}, where saying “neutral” always would in {neutral:.3f}" in page


WHERE = README.partition("## What is where\n")[2].partition("\n## ")[0]
SHELL = " ".join(re.findall(r"```sh\n(.*?)```", README + COMMANDS, re.DOTALL))


@pytest.mark.parametrize("command", sorted(set(re.findall(r"bin/castillo ([\w-]+)", SHELL))))
def test_every_subcommand_shown_exists(command):
    assert command in main.commands


def in_section(title: str) -> list[str]:
    """Command lines of a section's code blocks, without comments."""
    section = COMMANDS.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL)).splitlines()
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]


@pytest.mark.slow
def test_every_command_of_the_program_runs(tmp_path):
    """As a reader would type them, in a project that git tracks; but of a tiny study, with a figure and a table."""
    project = make_project(tmp_path / "project")
    shutil.copy(ROOT / "CITATION.cff", project)
    cells = ["import pandas\nframe = pandas.Series({'a': 1, 'b': 2}, name='n')\nframe.plot.bar(title='B');", "frame"]
    for name in ("plain", "outlet", "pair"):
        write_notebook(project, name, ["# Plain", *cells])
    for command in (["init", "-q"], ["add", "--all", "."]):
        subprocess.run(["git", *command], cwd=project, check=True)
    commands = in_section("The program")
    assert len(commands) > 6
    for line in commands:
        program, *arguments = shlex.split(line.replace("outlet--guardian", "plain").replace("sample", "tiny"))
        program = Path(sys.executable).parent / program.removeprefix(".venv/bin/")
        if program.name == "castillo" and "tiny" not in arguments:
            arguments.insert(1, "tiny")
        done = subprocess.run([program, *arguments], cwd=project, capture_output=True, text=True)
        assert 0 == done.returncode, f"{line}\n{done.stdout}{done.stderr}"
    made = {path.suffix for path in (project / "reports" / "tiny").glob("[ft]*s/*")}
    assert {".svg", ".pdf", ".tex", ".docx"} <= made


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make (\w+)", README, re.MULTILINE))))
def test_every_make_target_shown_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_file_linked_exists(link):
    assert (ROOT / link).exists()


@pytest.mark.parametrize("folder", re.findall(r"^\| `([^`]+)` \|", WHERE, re.MULTILINE))
def test_every_folder_named_exists(folder):
    assert (ROOT / folder).exists() or folder == "reports/"


if __name__ == "__main__":
    page, blocks = README, {"binder": badge()}
    for name in MARKS:
        blocks[name] = "".join(
            textwrap.fill(f"- {spaced(text)}", 118, subsequent_indent="  ", break_on_hyphens=False) + "\n"
            for text in computed(name)
        )
    for name, text in blocks.items():
        page = page.replace(f"<!-- {name} -->\n{block(name)}<!--", f"<!-- {name} -->\n{text}<!--")
    (ROOT / "README.md").write_text(page, encoding="utf-8")
