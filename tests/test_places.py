"""Where the project and its studies are found, from any working directory."""

import pytest

from analysis import paths as places
from analysis.errors import StudyNotFound
from analysis.paths import digest, file_digest, find_root, find_study


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


def test_a_digest_is_that_of_the_standard():
    """The first example of FIPS 180, and no bytes at all."""
    assert "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" == digest(b"abc")
    assert "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" == digest(b"")


def test_a_files_digest_is_that_of_its_bytes(tmp_path):
    (tmp_path / "some").write_bytes(b"abc" * 500_000)
    assert digest(b"abc" * 500_000) == file_digest(tmp_path / "some")


def test_the_project_is_the_nearest_folder_above_that_has_all_its_parts(root):
    assert root == find_root() == find_root(root) == find_root(root / "data" / "one")
    for part in ("notebooks", "data", "pyproject.toml"):
        inner = root / "deep" / part
        inner.mkdir(parents=True)
    assert root == find_root()  # a folder pyproject.toml is none
    (root / "deep" / "pyproject.toml").rmdir()
    (root / "deep" / "pyproject.toml").touch()
    assert root / "deep" == find_root()


def test_elsewhere_the_project_is_the_one_this_library_lies_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert places.Path(places.__file__).parent.parent == find_root()


def test_a_study_is_found_by_name_and_by_path(root, tmp_path, monkeypatch):
    assert root / "data/one" == find_study("one") == find_study(root / "data/one") == find_study("../../data/one")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "study.toml").touch()
    assert mine == find_study(mine)
    monkeypatch.chdir(tmp_path)
    assert mine == find_study("mine")


def test_a_folder_here_goes_before_a_name_under_data(root):
    here = root / "deep/down/one"
    here.mkdir()
    assert root / "data/one" == find_study("one")  # no study.toml in it
    (here / "study.toml").touch()
    assert here == find_study("one")


@pytest.mark.parametrize("study", ["two", "too-long-for-a-file" * 30, "a\0b", "one/study.toml", ""])
def test_what_is_no_study_is_told_with_those_there_are(root, study):
    (root / "data/zero").mkdir()
    with pytest.raises(StudyNotFound) as raised:
        find_study(study)
    assert (study, ("one",)) == (raised.value.study, raised.value.known)
