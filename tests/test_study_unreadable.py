"""Study files that cannot be read: every command says which and why, and none fails otherwise or waits."""

import os

import pytest
from click.testing import CliRunner
from growing import SAMPLE

from analysis import tables
from analysis.check import check_study
from analysis.cli import main
from analysis.errors import StudyError
from analysis.study import load_study

FILES = ("study.toml", *(schema.name for schema in (*tables.STUDY_FILES, *tables.OPTIONAL_FILES)))
ONE_OF_EACH_WAY = ("study.toml", "articles.csv", "codebook.csv")
KINDS = {
    "folder": (lambda path: path.mkdir(), "cannot be read (Is a directory)"),
    "closed": (lambda path: (path.write_bytes(b"x"), path.chmod(0)), "cannot be read (Permission denied)"),
    "latin": (lambda path: path.write_bytes(b"name = 'caf\xe9'\n"), "byte 0xe9 is not UTF-8"),
    "utf16": (lambda path: path.write_bytes("name = 'a'\n".encode("utf-16")), "byte 0xff is not UTF-8"),
    "zero bytes": (lambda path: path.write_bytes(b"\0" * 4000), ""),
    "empty": (lambda path: path.write_bytes(b""), ""),
    "broken link": (lambda path: path.symlink_to("nothing-there"), "cannot be read (No such file or directory)"),
    "circle": (lambda path: path.symlink_to(path.name), "cannot be read"),
    "link out": (lambda path: path.symlink_to("/etc/passwd"), "cannot be read (its symlink leads out of "),
    "fifo": (lambda path: os.mkfifo(path), "cannot be read (Not a regular file)"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "cannot be read (its symlink leads out of "),
}


def _spoil(path, kind):
    path.unlink(missing_ok=True)
    KINDS[kind][0](path)
    if kind == "closed" and os.access(path, os.R_OK):
        pytest.skip("whoever runs this may read everything")
    return KINDS[kind][1]


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in FILES for kind in KINDS if name in ONE_OF_EACH_WAY or kind == "link out"],
)
def test_a_file_that_cannot_be_read_is_told_with_its_path(study_folder, name, kind):
    expected = _spoil(study_folder / name, kind)
    with pytest.raises(StudyError) as raised:
        load_study(study_folder)
    told = [line for line in check_study(study_folder) if line.startswith(f"{study_folder / name}:")]
    assert told and expected in told[0]
    assert str(raised.value).splitlines()[0] in told


@pytest.mark.parametrize("kind", ["folder", "latin", "link out", "fifo"])
def test_every_command_tells_it(study_folder, monkeypatch, kind):
    expected = _spoil(study_folder / "actors.csv", kind)
    monkeypatch.chdir(study_folder.parent)
    for command in (["check"], ["list"], ["build"], ["archive"], ["annotate", f"{SAMPLE}/texts.jsonl", "--study"]):
        done = CliRunner().invoke(main, [*command, str(study_folder)])
        assert 2 == done.exit_code, (command, done.exception, done.output)
        assert f"{study_folder}/actors.csv" in done.output and expected in done.output, (command, done.output)
