"""castillo archive: one zip that holds all that reports are made of, nothing private, and gives the same reports."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
import rocrate
from conftest import ROOT, Castillo
from ministudy import make_project

from analysis import archive
from analysis.archive import make_archive, project_files
from analysis.errors import ArchiveError
from analysis.publish.build import build
from analysis.publish.manifest import make_manifest, write_manifest
from analysis.study import load_study


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


@pytest.mark.parametrize("git", [True, False])
def test_the_project_goes_in_and_of_the_study_only_what_holds_no_text(root: Path, git: bool) -> None:
    """By git, or without it by its folders; never untracked files of the root, what an editor left, other reports."""
    (root / "notebooks" / ".ipynb_checkpoints").mkdir()
    (root / "notebooks" / ".ipynb_checkpoints" / "run.ipynb").write_text("")
    if git:
        tracked(root, "README.md", "requirements.lock", "notebooks/plain.ipynb")
    made = make_archive(load_study("tiny"))
    names = names_in(made.path)
    assert (root / f"tiny-{archive.analysis.__version__}.zip", len(names)) == (made.path, made.files)
    assert {"README.md", "requirements.lock", "notebooks/plain.ipynb", "ro-crate-metadata.json"} <= names
    assert names >= STUDY | REPORTS
    private = ("texts", "page.txt", "other", "checkpoints")
    assert [] == [name for name in names if any(word in name for word in private)]
    assert git != ("pyproject.toml" in names)


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


@pytest.mark.slow
def test_texts_can_be_left_out_wherever_they_lie(root: Path, tmp_path: Path) -> None:
    """Also where git tracks them. Reports and study.toml are then those of a study without texts, and rebuild so."""
    toml = root / "data" / "tiny" / "study.toml"
    names = ["texts.jsonl", "../../../private/texts.jsonl"]
    toml.write_text(f"texts = {json.dumps(names)}  # mine\n{toml.read_text()}")
    for name in names:
        texts = root / "data" / "tiny" / name
        texts.parent.mkdir(exist_ok=True)
        texts.write_text("private\n")
    tracked(root, "data", "notebooks", "requirements.lock")
    archived = zipfile.ZipFile(make_archive(load_study("tiny"), without_texts=True).path)
    assert [] == [name for name in archived.namelist() if "texts" in name]
    assert "texts" not in tomllib.loads(archived.read("data/tiny/study.toml").decode())
    unpacked = tmp_path / "unpacked"
    archived.extractall(unpacked)
    again = build(load_study(unpacked / "data" / "tiny"), output=tmp_path / "again")
    assert archived.read("reports/tiny/plain.html") == (again.folder / "plain.html").read_bytes()


def test_a_link_that_leads_out_of_the_study_is_refused(root: Path, tmp_path: Path) -> None:
    """A colleague's README.md may be a link to one's own secrets."""
    (tmp_path / "secret").write_text("a key", encoding="utf-8")
    (root / "data" / "tiny" / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(ArchiveError, match=r"tiny.README\.md is a symbolic link that leads out of its folder"):
        make_archive(load_study("tiny"))
    assert [] == list(root.glob("*.zip"))


def test_texts_that_reports_depend_on_are_refused_unless_named(root: Path) -> None:
    """Only the user knows whether they may be published."""
    toml = root / "data" / "tiny" / "study.toml"
    toml.write_text('texts = ["texts.jsonl"]\n' + toml.read_text())
    (root / "data" / "tiny" / "texts.jsonl").write_text("")
    with pytest.raises(ArchiveError, match=r"texts\.jsonl, which git does not track .* add --also 'texts\.jsonl'"):
        make_archive(load_study("tiny"))
    assert "data/tiny/texts.jsonl" in names_in(make_archive(load_study("tiny"), also=["texts.*"]).path)


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


@pytest.mark.slow
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


def test_without_rocrate_it_says_what_to_install(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    with pytest.raises(ArchiveError, match=r"pip install 'castillo-coverage\[archive\]'"):
        make_archive(load_study("tiny"))


def test_the_list_of_root_files_is_git_s() -> None:
    """Without git an archive holds the same files of the root as with it."""
    found = {name for name in project_files(ROOT) if "/" not in name}
    assert found == {name for name in archive.FILES if "/" not in name and (ROOT / name).exists()}


@pytest.mark.slow
def test_an_archive_unpacked_elsewhere_makes_the_same_reports(
    built: Callable[[str], Path], project: Path, castillo: Castillo, tmp_path: Path
) -> None:
    """`make reports`, by the code that was in the zip; the manifest is one of its files."""
    reports = built("sample")
    made = castillo(project, "archive", "sample", "--output", str(tmp_path / "a.zip"), "--also", "*")
    assert 0 == made.returncode, made.stderr
    root = tmp_path / "other place"
    zipfile.ZipFile(tmp_path / "a.zip").extractall(root)
    rendered = root / "reports" / "sample"
    expected = {path.name: path.read_bytes() for path in reports.iterdir()}
    assert expected == {path.name: path.read_bytes() for path in rendered.iterdir()}
    for path in rendered.iterdir():
        path.unlink()
    environment = Path(sys.executable).parent.parent  # as it is: what the lock says is installed there
    command = ["make", "reports", "STUDY=sample", f"VENV={environment}", "-o", f"{environment}/.ready"]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(root)}
    run = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
    assert 0 == run.returncode, run.stdout + run.stderr
    assert str(rendered) in run.stdout
    assert expected == {path.name: path.read_bytes() for path in rendered.iterdir()}
