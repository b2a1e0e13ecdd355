"""castillo archive: one zip that holds all that reports are made of, nothing private, and gives the same reports."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests
import rocrate
from conftest import ROOT, Castillo
from frictionless import Package
from ministudy import FILES, make_project, mini_study, write_notebook

from analysis import archive
from analysis.annotation.run import annotate
from analysis.archive import describe_tables, make_archive, study_files
from analysis.errors import ArchiveError
from analysis.publish.manifest import make_manifest, write_manifest
from analysis.report.concordance import show_kwic
from analysis.study import Study, load_study

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny project with one report, taken for fresh, and a file of texts in its study that git does not track."""
    made = make_project(tmp_path / "project")
    (made / "README.md").write_text("Read me.\n")
    (made / "my-texts.jsonl").write_text("private\n")
    (made / "data" / "tiny" / "page.txt").write_text("private\n")
    (made / "CITATION.cff").write_bytes((ROOT / "CITATION.cff").read_bytes())
    reports = made / "reports" / "tiny"
    reports.mkdir(parents=True)
    for name in ("index.html", "plain.html", "plain.t.csv", "other.html"):
        (reports / name).write_text(f"{name}\n")
    write_manifest(reports, make_manifest(reports, "tiny", made, ["index.html", "plain.html", "plain.t.csv"]))
    tracked(made, "README.md", "requirements.lock", "CITATION.cff", "notebooks/plain.ipynb")
    monkeypatch.chdir(made)
    monkeypatch.setattr(archive, "Build", lambda study, output: SimpleNamespace(reports=[]))
    return made


def tracked(root: Path, *names: str) -> None:
    """Make the project a repository that tracks these files."""
    for command in (["init", "-q"], ["add", "-f", *names]):
        subprocess.run(["git", *command], cwd=root, check=True)


def names_in(path: Path) -> set[str]:
    """Files of a zip."""
    return set(zipfile.ZipFile(path).namelist())


STUDY = {f"data/tiny/{name}" for name in ("study.toml", "outlets.csv", "articles.csv", "observed.csv", "actors.csv")}
REPORTS = {f"reports/tiny/{name}" for name in ("index.html", "plain.html", "plain.t.csv", "manifest.json")}


def test_the_project_goes_in_and_of_the_study_only_what_holds_no_text(root: Path) -> None:
    """Never untracked files of the root, and no other reports."""
    made = make_archive(load_study("tiny"))
    names = names_in(made.path)
    assert (root / f"tiny-{archive.analysis.__version__}.zip", len(names)) == (made.path, made.files)
    described = {"ro-crate-metadata.json", "datapackage.json"}
    assert {"README.md", "requirements.lock", "notebooks/plain.ipynb", *described, *STUDY, *REPORTS} <= names
    private = ("texts", "page.txt", "other", "pyproject.toml")
    assert [] == [name for name in names if any(word in name for word in private)]


def test_an_unpacked_archive_archives_itself_the_same(root: Path, tmp_path: Path, monkeypatch) -> None:
    """Without git its own description says what was in it."""
    (root / "data" / "README.md").write_text("Data.\n")
    tracked(root, "README.md", "data", "notebooks", "pyproject.toml", "requirements.lock", "CITATION.cff")
    first = make_archive(load_study("tiny"))
    assert "data/tiny/page.txt" in names_in(first.path)  # git tracks it
    unpacked = tmp_path / "elsewhere"
    zipfile.ZipFile(first.path).extractall(unpacked)
    monkeypatch.chdir(unpacked)
    second = make_archive(load_study("tiny"))
    assert (unpacked, first.sha256) == (second.path.parent, second.sha256)
    (unpacked / archive.METADATA).unlink()
    with pytest.raises(ArchiveError, match="elsewhere is neither a git repository that tracks files nor an unpacked"):
        make_archive(load_study("tiny"))


@pytest.fixture
def rebuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that takes no time: it writes the names of the files its study has."""

    def build(study: Study, output: Path) -> SimpleNamespace:
        folder = output / study.name
        folder.mkdir(parents=True)
        names = sorted(path.name for path in study.folder.rglob("*") if path.is_file())
        (folder / "plain.html").write_text("\n".join(names))
        return SimpleNamespace(ok=True, folder=folder)

    monkeypatch.setattr(archive, "Build", lambda *given, **named: SimpleNamespace(run=lambda: build(*given, **named)))


def name_texts(root: Path, setting: str) -> None:
    """Begin study.toml with this setting, and write the texts that it names."""
    toml = root / "data" / "tiny" / "study.toml"
    toml.write_text(setting + toml.read_text().rstrip())
    for name in tomllib.loads(setting)["texts"]:
        path = toml.parent / name / "1.txt" if name.endswith("/") else toml.parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("private\n")


@pytest.mark.parametrize(
    ("setting", "tracked_texts"),
    [
        ('texts = ["texts.jsonl"]  # mine\n', True),
        ('texts = ["texts.jsonl", "../../../private-texts/texts.jsonl"]\n', False),
        ('texts = [\n  "texts/",  # a folder\n  "texts2.csv"\n]\n', False),
    ],
)
def test_texts_are_left_out_wherever_they_lie(root: Path, rebuilt: None, setting: str, tracked_texts: bool) -> None:
    """By the option where git tracks them; else without it, and the user is told. Reports are then built anew."""
    name_texts(root, setting)
    tracked(root, "data" if tracked_texts else "data/tiny/study.toml", "notebooks", "requirements.lock")
    archived = make_archive(load_study("tiny"), without_texts=tracked_texts)
    zipped = zipfile.ZipFile(archived.path)
    assert [] == [name for name in zipped.namelist() if "texts" in name]
    assert "texts" not in tomllib.loads(zipped.read("data/tiny/study.toml").decode())
    built_from = zipped.read("reports/tiny/plain.html").decode().split()
    assert "articles.csv" in built_from
    assert [] == [name for name in built_from if "texts" in name or name == "1.txt"]
    texts = sorted(os.path.normpath(name) for name in tomllib.loads(setting)["texts"])
    assert texts == sorted(os.path.relpath(path, root / "data" / "tiny") for path in archived.left_out)


@pytest.mark.parametrize("by_git", [True, False])
def test_texts_that_may_be_published_are_packed(root: Path, by_git: bool) -> None:
    """Those that git tracks, or that the user names."""
    name_texts(root, 'texts = ["texts.jsonl"]\n')
    tracked(root, "data" if by_git else "notebooks")
    archived = make_archive(load_study("tiny"), also=[] if by_git else ["texts.*"])
    assert () == archived.left_out
    assert {"data/tiny/texts.jsonl", *REPORTS} <= names_in(archived.path)


def test_a_table_that_may_hold_texts_is_left_out_too(root: Path, rebuilt: None) -> None:
    """Only the user knows whether it may be published. Codes go in, since reports are made of them."""
    study = root / "data" / "tiny"
    for name in ("export.csv", "codings/ann.csv"):
        (study / name).parent.mkdir(exist_ok=True)
        (study / name).write_text("article,variable,value\n")
    archived = make_archive(load_study("tiny"), without_texts=True)
    assert (study / "export.csv",) == archived.left_out
    built_from = zipfile.ZipFile(archived.path).read("reports/tiny/plain.html").decode().split()
    assert {"ann.csv"} == {"ann.csv", "export.csv"} & set(built_from)


def test_an_archive_without_texts_has_no_line_in_context_and_unpacked_elsewhere_makes_the_same_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, castillo: Castillo
) -> None:
    """A page that shows lines where the texts are at hand; elsewhere it is built by the code that was in the zip."""
    root = make_project(tmp_path / "project")
    shutil.copytree(ROOT / "analysis", root / "analysis", ignore=shutil.ignore_patterns("__pycache__"))
    study = mini_study(root / "data" / "mini")
    annotate([study.folder / "texts.jsonl"], study)
    (study.folder / "study.toml").write_text(FILES["study.toml"].replace('"overview"', '"lines"'))
    cells = ["# Lines", "from analysis.report.concordance import show_kwic\nfrom analysis.study import load_study"]
    cells.append('show_kwic(load_study(study), "crowd")')
    write_notebook(root, "lines", cells, 'study: str = "mini"  # …')
    monkeypatch.chdir(root)
    tracked(root, "data", "notebooks", "analysis", "pyproject.toml", "requirements.lock")
    assert "aide said" in show_kwic(load_study("mini"), "crowd").html
    made = castillo(root, "archive", "mini", "--without-texts", "--output", str(tmp_path / "mini.zip"))
    assert 0 == made.returncode, made.stdout + made.stderr
    zipped = zipfile.ZipFile(tmp_path / "mini.zip")
    expected = zipped.read("reports/mini/lines.html")
    assert "Keyword-in-context lines need the texts" in expected.decode()
    everything = b"".join(zipped.read(name) for name in zipped.namelist() if name.startswith(("reports", "data/mini")))
    assert [] == [text for text in (b"aide said", b"mob cried", b"happy day") if text in everything]
    elsewhere = tmp_path / "other place"
    zipped.extractall(elsewhere)
    (elsewhere / "reports" / "mini" / "lines.html").unlink()
    built = castillo(elsewhere, "build", "mini")
    assert 0 == built.returncode, built.stdout + built.stderr
    assert expected == (elsewhere / "reports" / "mini" / "lines.html").read_bytes()


def test_a_study_elsewhere_stands_under_data(root: Path, tmp_path: Path) -> None:
    """And not in the place of another."""
    elsewhere = tmp_path / "mine"
    (root / "data" / "tiny").rename(elsewhere)
    reports = root / "reports"  # of a study elsewhere they lie beside it, unless it was built into another folder
    names = names_in(make_archive(load_study(elsewhere), reports=reports).path)
    assert {"data/mine/study.toml", "data/mine/features/meta.json"} <= names
    (root / "data" / "mine").mkdir()
    with pytest.raises(ArchiveError, match="would stand as data/mine in the archive"):
        make_archive(load_study(elsewhere), reports=reports)


def test_reports_must_be_fresh_and_those_of_the_manifest(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told with the command that mends it."""
    (root / "reports" / "tiny" / "plain.html").write_text("spoilt")
    told = r"does not fit the files beside it: plain.html differs. Run: castillo build"
    with pytest.raises(ArchiveError, match=told):
        make_archive(load_study("tiny"))
    new = SimpleNamespace(word="new", reasons=("never built",))
    plan = SimpleNamespace(reports=[SimpleNamespace(name="plain")], status=lambda report: new)
    monkeypatch.setattr(archive, "Build", lambda study, output: plan)
    with pytest.raises(ArchiveError, match=r"report 'plain' is new \(never built\). Run: castillo build tiny"):
        make_archive(load_study("tiny"))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The validator asks for RO-Crate's vocabulary: answered with the copy that rocrate ships, all else refused."""
    import requests_cache

    shipped = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()

    def answer(_: object, method: str, url: str, **__: object) -> requests.Response:
        if "w3id.org/ro/crate/" not in url:
            raise requests.ConnectionError(f"{method} {url}: no network in tests")
        response = requests.Response()
        response.status_code, response.raw, response.url = 200, io.BytesIO(shipped), url
        response.headers["Content-Type"] = "application/ld+json"
        return response

    monkeypatch.setattr(requests.Session, "request", answer)
    monkeypatch.setattr(requests_cache.CachedSession, "request", answer)


def validate(path: Path) -> list[str]:
    """What roc-validator complains of, recommendations included."""
    from rocrate_validator.models import Severity, ValidationSettings
    from rocrate_validator.services import validate as run

    severity = Severity.RECOMMENDED
    wanted = ValidationSettings(rocrate_uri=str(path), profile_identifier="ro-crate-1.1", requirement_severity=severity)
    return [str(issue.message) for issue in run(wanted).get_issues()]


def test_the_description_is_a_valid_crate(root: Path, tmp_path: Path, no_network: None) -> None:
    """As RO-Crate's validator sees it, to its recommendations; it does complain where a name is missing."""
    made = make_archive(load_study("tiny"))
    assert [] == validate(made.path)
    spoilt = tmp_path / "spoilt"
    zipfile.ZipFile(made.path).extractall(spoilt)
    text = (spoilt / archive.METADATA).read_text(encoding="utf-8")
    graph = json.loads(text)
    for entity in graph["@graph"]:
        if entity["@id"] == "./":
            del entity["name"]
    (spoilt / archive.METADATA).write_text(json.dumps(graph), encoding="utf-8")
    assert any("name" in message for message in validate(spoilt))


def describe(root: Path, study: str) -> dict[str, Any]:
    """Description of the tables of a study under data/."""
    loaded = load_study(root / "data" / study)
    return json.loads(describe_tables(loaded, study_files(loaded, root, ["*.csv"])))


def invalid(package: dict[str, Any], root: Path) -> list[tuple[str, str]]:
    """File and kind of each error that Frictionless finds in the CSV files of a data package."""
    resources = [resource for resource in package["resources"] if resource["format"] == "csv"]
    report = Package.from_descriptor({**package, "resources": resources}, basepath=str(root)).validate()
    return [(task.name, error.type) for task in report.tasks for error in [*task.errors, *report.errors]]


@pytest.mark.parametrize("study", ["castillo-2022", "castillo-2022-world", "sample"])
def test_a_study_is_a_valid_data_package(study: str) -> None:
    """As Frictionless sees the files; of Parquet the columns are those there are, with what the dictionary says."""
    package = describe(ROOT, study)
    assert [] == invalid(package, ROOT)
    resources = {resource["path"]: resource for resource in package["resources"]}
    folder = ROOT / "data" / study
    paths = {path.relative_to(ROOT).as_posix() for path in folder.rglob("*") if path.suffix in (".csv", ".parquet")}
    assert paths == set(resources)
    for path, resource in resources.items():
        fields = {field["name"]: field for field in resource["schema"]["fields"]}
        if path.endswith(".parquet"):
            types = {field.name: str(field.type) for field in pq.read_schema(ROOT / path)}
            assert list(types) == list(fields)
            kinds = {
                "string": "string",
                "large_string": "string",
                "double": "number",
                "timestamp[us, tz=UTC]": "datetime",
            }
            for name, kind in types.items():
                assert kinds.get(kind, "integer" if "int" in kind[:4] else "array") == fields[name]["type"], name


def test_a_table_s_description_has_its_meanings_and_holds_it_to_them(tmp_path: Path) -> None:
    """Keys, values allowed, what may be missing, and articles of codes; also of a sheet that a spreadsheet saved."""
    shutil.copytree(ROOT / "data" / "sample", folder := tmp_path / "data" / "sample")
    sheet = folder / "codings" / "b1.csv"
    sheet.write_text("Article;Polarity\npl-01;neutral\n", encoding="utf-8-sig")
    package = describe(tmp_path, "sample")
    articles = next(resource for resource in package["resources"] if resource["name"] == "articles")
    assert ["article"] == articles["schema"]["primaryKey"]
    published = articles["schema"]["fields"][3]
    meaning = "when the publisher (or, failing that, the crawler) dated it"
    assert ("published", meaning) == (published["name"], published["description"])
    assert [] == invalid(package, tmp_path)
    text = (folder / "articles.csv").read_text(encoding="utf-8")
    first = text.splitlines()[1]
    (folder / "articles.csv").write_text(f"{text}{first.replace(',text,', ',radio,')}\n", encoding="utf-8")
    sheet.write_text("Article;Polarity\nnobody;neutral\n;neutral\n", encoding="utf-8-sig")
    errors = invalid(package, tmp_path)
    assert {("articles", "primary-key"), ("articles", "constraint-error"), ("codings-b1", "foreign-key")} <= {*errors}
    assert ("codings-b1", "constraint-error") in errors
