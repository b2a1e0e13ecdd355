"""castillo check: everything that is wrong with a study at once, each with its place and what to do."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from ministudy import mini_study

from analysis import load_study
from analysis.check import check_study, remarks
from analysis.cli import main
from analysis.new_study import new_study

pytestmark = pytest.mark.slow
#: Spoilt places of the example that `castillo new` writes, and the problem as told: line, what is wrong, what to do.
with (Path(__file__).parent / "studies" / "planted.csv").open(encoding="utf-8", newline="") as file:
    PLANTED = list(csv.reader(file))[1:]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example study, without features; to be read only."""
    folder = new_study(tmp_path_factory.mktemp("new") / "example").folder
    shutil.rmtree(folder / "features")
    return folder


@pytest.fixture
def folder(example: Path, tmp_path: Path) -> Path:
    """The example study, the test's own."""
    return shutil.copytree(example, tmp_path / "example")


def _spoil(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert 1 == text.count(old), (name, old)
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def _told(folder: Path, name: str, new: str, expected: str) -> str:
    """The problem as it begins: {line} is where `new` stands, {table} where the table around it begins."""
    lines = (folder / name).read_text(encoding="utf-8").split("\n")
    at = next(number for number, text in enumerate(lines) if new.partition("\n")[0] in text)
    table = next((number for number in range(at, -1, -1) if lines[number].startswith("[[")), 0)
    facts = {"{line}": at + 1, "{table}": table + 1, "{root}": Path(__file__).parents[1]}
    for mark, fact in facts.items():
        expected = expected.replace(mark, str(fact))
    return f"{folder}/{expected}"


def test_a_study_as_it_was_written_has_no_problem(folder: Path) -> None:
    assert [] == check_study(folder)


def test_every_planted_problem_is_told_at_once(folder: Path) -> None:
    """Over six files, and nothing that only follows from them; each with its line and what to do."""
    for name, old, new, _ in PLANTED:
        _spoil(folder, name, old, new)
    found = check_study(folder)
    for name, _, new, expected in PLANTED:
        told = _told(folder, name, new, expected)
        assert [line for line in found if line.startswith(told)], (told, found)
    assert len(PLANTED) == len(found), "\n".join(found)


def test_the_same_slip_in_many_rows_is_one_problem(folder: Path) -> None:
    path = folder / "observed.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("valley-dispatch", "valley"), encoding="utf-8")
    expected = "outlet 'valley' is unknown (did you mean 'valley-dispatch'?) (and in 6 more rows). "
    assert [f"{path}:9: {expected}Add it to outlets.csv or mend its id"] == check_study(folder)


def test_what_hangs_on_others_is_told_once_those_are_right(folder: Path) -> None:
    """Of a broken study.toml its own faults and those inside each table; then what files say of each other; then
    reports."""
    _spoil(folder, "study.toml", "min_articles = 20", "min_article = 20")
    _spoil(folder, "study.toml", 'right = "valley-dispatch"', 'right = "valley"')
    _spoil(folder, "articles.csv", "vd-1,valley-dispatch", "vd-1,valley")
    _spoil(folder, "observed.csv", "2025-03-05,35", "2025-03-05,35.5")
    told = [line.removeprefix(f"{folder}/").partition(": ")[2] for line in check_study(folder)]
    assert [
        "setting 'min_article' is unknown (did you mean 'min_articles'?)",
        "items '35.5' is not a whole number",
    ] == [text[: text.index(end)] for text, end in zip(told, (". Known", " from 0"), strict=True)]
    _spoil(folder, "study.toml", "min_article = 20", "min_articles = 20")
    _spoil(folder, "observed.csv", "2025-03-05,35.5", "2025-03-05,35")
    (told,) = check_study(folder)
    assert "articles.csv:3: outlet 'valley' is unknown" in told
    _spoil(folder, "articles.csv", "vd-1,valley", "vd-1,valley-dispatch")
    (told,) = check_study(folder)
    assert "notebook 'pair', parameter 'right' = 'valley':" in told


def test_articles_that_no_comparison_will_hold_are_noted_and_are_no_problem(folder: Path) -> None:
    """Outlets that were never observed, and too few articles to test anything."""
    few = "no outlet has the 20 articles that a test asks for (min_articles); the most has 1"
    assert [f"note: {folder}/articles.csv: {few}"] == remarks(folder)
    _spoil(folder, "study.toml", "observed_throughout = true", "observed_throughout = false")
    _spoil(folder, "study.toml", "min_articles = 20", "min_articles = 2")
    path = folder / "observed.csv"
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:8]), encoding="utf-8")
    (unseen, few) = remarks(folder)
    assert "observed.csv: no day of outlet 'valley-dispatch' is observed, so its 1 articles are in no" in unseen
    assert "no outlet has the 2 articles" in few
    assert [] == check_study(folder)
    path.unlink()
    assert [] == remarks(folder)


def test_confirmatory_settings_that_differ_from_the_last_entry_of_the_log_are_noted(folder: Path) -> None:
    rows = "| 2025-03-01 | min_articles | 30 | first |\n| 2025-03-02 | min_articles | {} | why |"
    readme = folder / "README.md"
    log = f"<!-- confirmatory -->\n{rows}\n<!-- /confirmatory -->\n"
    readme.write_text(log.format(20), encoding="utf-8")
    assert not [line for line in remarks(folder) if "README.md" in line]
    readme.write_text(log.format(25), encoding="utf-8")
    (line,) = [line for line in remarks(folder) if "README.md" in line]
    assert "the log of 2025-03-02 says min_articles = 25, study.toml has 20. Log the change" in line


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('name = "vadr"', "instrument 'vadr' is none that is installed (did you mean 'vader'?). There: "),
        (
            'name = "tiny"\nfolder = "../none"\nlanguages = ["es"]\nlabels = { a = "neutral" }',
            "instrument 'tiny': {folder}/../none holds no model.onnx, tokenizer.json and config.json. ",
        ),
    ],
)
def test_an_instrument_that_is_not_here_is_noted(folder: Path, rule: str, expected: str) -> None:
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[[instruments]]\n{rule}\n")
    (line,) = [line for line in remarks(folder) if "castillo annotate needs it" in line]
    assert line.startswith(f"note: {folder}/study.toml: {expected.replace('{folder}', str(folder))}")
    assert [] == check_study(folder)


def test_a_language_without_lists_is_noted_by_check_and_annotate_and_not_refused(tmp_path):
    """Tags are as people write them: in study.toml, in outlets.csv, in the texts."""
    folder = mini_study(tmp_path / "study").folder
    for name, old, new in (("study.toml", '"pl"', '"sv-SE"'), ("outlets.csv", ",pl,", ",SV,")):
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    texts = (folder / "texts.jsonl").read_text(encoding="utf-8").replace('"pl"', '"sv_FI"')
    (folder / "texts.jsonl").write_text(texts, encoding="utf-8")
    note = "sv: no lists of abbreviations, verbs and offices, so sentences and words follow general rules"
    assert [line for line in remarks(folder) if f"study.toml: {note}" in line]
    done = CliRunner().invoke(main, ["annotate", str(folder / "texts.jsonl"), "--study", str(folder), "--jobs", "1"])
    assert note in done.output
    assert {"en", "sv"} == set(load_study(folder).features("ARTICLES")["language"])
