"""castillo new: a study that is there as a whole, without a problem, and explains itself."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from ministudy import make_project, write_texts

from analysis import new_study as newstudy
from analysis import tables
from analysis.check import check_study
from analysis.cli import main
from analysis.errors import AnalysisError
from analysis.new_study import look_through, new_study, place_of
from analysis.study import load_study
from analysis.study.settings import Settings

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study that `castillo new` writes; to be read only."""
    return new_study(tmp_path_factory.mktemp("new") / "My Study").folder


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project; the working directory is in it."""
    made = make_project(tmp_path / "project")
    monkeypatch.chdir(made)
    return made


@pytest.mark.slow
def test_everything_a_study_has_is_there_and_right(example: Path) -> None:
    """Every file, features of two articles that are fresh, a name that can be a folder's, no problem."""
    files = {"README.md", "study.toml", "texts.jsonl", ".gitignore", "features"}
    files |= {schema.name for schema in tables.STUDY_FILES}
    assert files == {path.name for path in example.iterdir()}
    assert [] == check_study(example)
    study = load_study(example)
    assert "my-study" == study.name
    assert [] == study.stale_features()
    assert ["lh-1", "vd-1"] == list(study.articles["article"])
    assert study.articles["observed"].all()
    entries = {entry for entry in study.features(tables.MENTIONS)["entry"] if ":" not in str(entry)}
    assert {"ana-ribe", "jon-ribe", "town-council", "lakeford"} == entries
    # Nobody takes it for news, or commits texts by accident.
    assert "invented" in study.settings.invented
    assert "both articles are invented" in (example / "README.md").read_text(encoding="utf-8")
    assert "/texts.jsonl" in (example / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_settings_are_explained(example: Path) -> None:
    """Each stands under a comment; those a study can do without are the only ones left out."""
    text = (example / "study.toml").read_text(encoding="utf-8")
    for name in tomllib.loads(text):
        before = re.split(rf"^(?:\[\[)?{name}\b", text, flags=re.MULTILINE)[0].rstrip("\n").split("\n")[-1]
        assert before.startswith("#") or name in ("title", "question", "timezone", "draws"), name
    known = {field.alias or name for name, field in Settings.model_fields.items()}
    codes = {"coders", "combined", "groups", "match", "instruments"}
    assert {"columns", "notes", "supplement"} | codes == known - set(tomllib.loads(text))


def test_a_bare_name_lies_under_data_and_a_path_where_it_says(root: Path, tmp_path: Path) -> None:
    """As when a study is looked for."""
    assert root / "data" / "mine" == place_of("mine")
    assert tmp_path / "mine" == place_of(tmp_path / "mine")
    assert root / "mine" == place_of("./mine")
    (root / "there").mkdir()
    assert root / "there" == place_of("there")


@pytest.mark.slow
def test_the_command_tells_what_comes_next(root: Path) -> None:
    """Commands that work as they are told."""
    done = CliRunner().invoke(main, ["new", "mine"])
    assert 0 == done.exit_code, done.output
    commands = [line.strip().split() for line in done.output.splitlines()[1:]]
    assert [["castillo", "build", "mine"], ["castillo", "check", "mine"]] == commands[:2]
    assert "castillo annotate data/mine/texts.jsonl --study mine" == " ".join(commands[2])
    notebooks = shutil.copytree(ROOT / "notebooks", root / "notebooks", dirs_exist_ok=True)
    assert (notebooks / "pair.ipynb").exists()
    for command in commands[1:]:
        again = CliRunner().invoke(main, command[1:])
        assert 0 == again.exit_code, again.output


@pytest.mark.parametrize("place", ["data/tiny", "tiny"])
def test_a_place_that_is_taken_is_refused(root: Path, place: str) -> None:
    """With status 2, and nothing in it is touched."""
    before = sorted((root / "data/tiny").rglob("*"))
    done = CliRunner().invoke(main, ["new", place])
    assert 2 == done.exit_code
    assert f"{root}/data/tiny is there already and not empty. Name another folder" in done.stderr
    assert before == sorted((root / "data/tiny").rglob("*"))


@pytest.mark.slow
def test_a_file_in_its_place_is_refused_and_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(AnalysisError, match="file is there already"):
        new_study(tmp_path / "file")
    with pytest.raises(AnalysisError, match=r"cannot be written \(.*\)\. Mend that, or name another folder"):
        new_study(tmp_path / "file" / "mine")
    (tmp_path / "empty").mkdir()
    assert tmp_path / "empty" == new_study(tmp_path / "empty").folder


def test_an_interrupted_new_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(newstudy, "annotate", broken)
    with pytest.raises(KeyboardInterrupt):
        new_study(tmp_path / "mine")
    assert [] == list(tmp_path.iterdir())


#: Articles of two outlets as news-please writes them: one names its actor in full after an office, all are Spanish.
STRIKE = [
    {
        "title": f"Huelga en el puerto, día {number}",
        "maintext": f"El portavoz Pablo Ferrer habló. Ayer Ferrer pidió diálogo. La ministra Carmen Ríos {end}",
        "date_publish": f"2023-05-{number:02d} 10:00:00",
        "date_download": "2023-06-01 00:00:00",
        "language": "es" if number < 8 else None,
        "source_domain": ("www.diario.example", "voz.example")[number % 2],
        "url": f"https://diario.example/{number}",
        "subevent": "huelga",
    }
    for number, end in enumerate(["calló.", "viajó a Santa Marina."] * 4, start=1)
]


@pytest.mark.slow
def test_a_study_from_texts_is_annotated_without_editing_a_file(root: Path, tmp_path: Path) -> None:
    """Outlets, language, days, sub-events and candidates for main actors are those of the texts."""
    (tmp_path / "texts").mkdir()
    for number, article in enumerate(STRIKE):
        (tmp_path / "texts" / f"{number}.json").write_text(json.dumps(article), encoding="utf-8")
    done = CliRunner().invoke(main, ["new", "strike", "--from", str(tmp_path / "texts")])
    assert 0 == done.exit_code, done.output
    assert "candidates for main actors (actors.csv; check them" in done.output
    study = load_study("strike")
    assert {"diario-example", "voz-example"} == set(study.outlets["outlet"])
    assert (("es",), ("huelga",)) == (study.settings.languages, study.settings.subevents)
    assert ["2023-05-01", "2023-05-08"] == list(map(str, study.settings.window))
    assert ["Carmen Ríos", "Pablo Ferrer", "Santa Marina"] == [
        study.actor_names[actor] for actor in study.settings.main_actors
    ]
    annotate, build = (line.split()[1:] for line in done.output.splitlines()[-2:])
    again = CliRunner().invoke(main, annotate)
    assert "8 articles annotated, 0 set aside" in again.output
    assert ["build", "strike"] == build
    assert {"plain"} == {line.rpartition("There: ")[2].rstrip(".") for line in check_study(study.folder)}  # no notebook
    study = load_study("strike")
    assert {"huelga"} == set(study.articles["subevent"])
    assert 8 == (study.features(tables.MENTIONS)["alias"] == "Pablo Ferrer").sum()


@pytest.mark.slow
def test_no_pair_of_common_nouns_is_taken_for_a_name(tmp_path: Path) -> None:
    """German has capitals for all nouns; what mostly stands alone begins no name."""
    text = "Gestern warf Eva Roth der Stadt Versagen vor. In der Stadt und in dieser Stadt schwieg Roth nicht."
    rows = [
        {
            "article": f"a{n}", "outlet": "Bote", "published": f"2024-03-0{n}", "title": "x", "body": text,
            "language": "de",
        }
        for n in range(1, 5)
    ]
    found = look_through([write_texts(tmp_path / "a.jsonl", rows)])
    assert ["Eva Roth"] == list(found.actors["name"].unique())


def test_capitals_that_end_a_name_are_no_surname(tmp_path: Path) -> None:
    """Hydroval AG: AG alone would count for every company."""
    text = "Gestern wies die Hydroval AG alles zurück, wie Eva Roth sagte."
    days = {"published": "2024-03-01", "language": "de", "outlet": "Bote", "title": "x", "body": text}
    found = look_through([write_texts(tmp_path / "a.jsonl", [{"article": f"a{n}", **days} for n in range(4)])])
    assert ["Eva Roth", "Roth", "Hydroval AG"] == list(found.actors["alias"])


def test_texts_of_which_none_can_be_read_make_no_study(root: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n', encoding="utf-8")
    done = CliRunner().invoke(main, ["new", "none", "--from", str(tmp_path / "a.jsonl")])
    assert 2 == done.exit_code
    assert "no article could be read, so nothing was written. a.jsonl:1: outlet is missing." in done.stderr
    assert not (root / "data" / "none").exists()
