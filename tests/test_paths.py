"""Places of the project, and files that are written whole or not at all."""

import os
import stat

import pytest

from analysis import paths
from analysis.errors import AnalysisError, StudyNotFound
from analysis.paths import cache_folder, find_root, find_study, replace_file


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project with the study "one", in a folder deep below which we are."""
    root = tmp_path / "project"
    for folder in ("notebooks", "data/one", "deep/down"):
        (root / folder).mkdir(parents=True)
    (root / "pyproject.toml").touch()
    (root / "data/one/study.toml").touch()
    monkeypatch.chdir(root / "deep/down")
    return root


def test_the_project_is_the_nearest_folder_above_that_has_all_its_parts(root):
    assert root == find_root() == find_root(root) == find_root(root / "data" / "one")
    for part in ("notebooks", "data", "pyproject.toml"):
        (root / "deep" / part).mkdir(parents=True)
    assert root == find_root()  # a folder pyproject.toml is none
    (root / "deep" / "pyproject.toml").rmdir()
    (root / "deep" / "pyproject.toml").touch()
    assert root / "deep" == find_root()


def test_elsewhere_the_project_is_the_one_this_library_lies_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert paths.Path(paths.__file__).parent.parent == find_root()


def test_a_study_is_found_by_name_and_by_path_and_a_folder_here_goes_first(root, tmp_path, monkeypatch):
    assert root / "data/one" == find_study("one") == find_study(root / "data/one") == find_study("../../data/one")
    (root / "deep/down/one").mkdir()
    assert root / "data/one" == find_study("one")  # no study.toml in the folder here
    (root / "deep/down/one/study.toml").touch()
    assert root / "deep/down/one" == find_study("one")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/study.toml").touch()
    assert tmp_path / "mine" == find_study("mine") == find_study(tmp_path / "mine")


@pytest.mark.parametrize("study", ["two", "too-long-for-a-file" * 30, "a\0b", "one/study.toml", ""])
def test_what_is_no_study_is_told_with_those_there_are(root, study):
    (root / "data/zero").mkdir()
    with pytest.raises(StudyNotFound) as raised:
        find_study(study)
    assert (study, "one") == raised.value.args


@pytest.fixture
def folder(tmp_path):
    """A folder with a file."""
    (tmp_path / "file").write_bytes(b"old")
    return tmp_path


def test_a_file_is_replaced_whole_by_bytes_or_by_a_writer(folder):
    replace_file(folder / "file", b"new")
    assert b"new" == (folder / "file").read_bytes()
    replace_file(folder / "other", lambda file: file.write(b"more"))
    assert b"more" == (folder / "other").read_bytes()
    assert ["file", "other"] == sorted(path.name for path in folder.iterdir())


def test_a_replaced_file_has_the_permissions_it_had_and_a_new_one_those_of_the_umask(folder):
    (folder / "file").chmod(0o640)
    replace_file(folder / "file", b"new")
    replace_file(folder / "other", b"new")
    (folder / "like").touch()
    mode = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in ("file", "other", "like")}
    assert (0o640, mode["like"]) == (mode["file"], mode["other"])


def test_what_fails_while_it_is_written_leaves_the_old_file_and_nothing_beside(folder):
    def broken(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(folder / "file", broken)
    assert (b"old", ["file"]) == ((folder / "file").read_bytes(), [path.name for path in folder.iterdir()])


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(folder):
    (folder / "link").symlink_to(folder / "file")
    replace_file(folder / "link", b"new")
    assert (b"old", b"new") == ((folder / "file").read_bytes(), (folder / "link").read_bytes())


def test_the_cache_of_a_project_that_cannot_be_written_is_the_users(root, monkeypatch, tmp_path):
    assert root / ".cache/castillo" == cache_folder(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    elsewhere = cache_folder(root)
    assert tmp_path / "mine/castillo" == elsewhere.parent
    assert elsewhere != cache_folder(root / "deep")  # each project has its own
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert paths.Path.home() / ".cache/castillo" == cache_folder(root).parent


def test_a_project_other_than_the_installed_one_is_not_trusted(root):
    paths.check_trusted(paths.Path(paths.__file__).parent.parent)
    with pytest.raises(AnalysisError, match="--trust"):
        paths.check_trusted(root)
