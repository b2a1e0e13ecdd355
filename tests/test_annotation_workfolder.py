"""The work folder: partitions kept whole or not at all, tables replaced as a whole or left as they were."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from compare_features import compare_features
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import tables
from analysis.annotation.workfolder import WorkFolder
from analysis.errors import AnalysisError

META = {"b": 1, "a": "ą"}


def _names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def _bytes(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("finished", [True, False])
def test_after_an_interruption_what_was_finished_is_found_again(tmp_path, finished):
    """And nothing is left where nothing was."""
    with pytest.raises(KeyboardInterrupt), WorkFolder(tmp_path / "features") as work:
        if finished:
            work.write("one", b"data")
        raise KeyboardInterrupt
    assert finished == any(tmp_path.iterdir())
    with WorkFolder(tmp_path / "features") as work:
        assert (b"data" if finished else None) == work.read("one")
    assert 0 == work.damaged


def test_a_partition_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    """Written under another name, flushed to the disk, then renamed; what a killed run left half is thrown away."""

    def full(descriptor):
        raise OSError(28, "No space left on device")

    message = r"features cannot be written \(No space left on device\)\. Mend that, or name another folder\."
    with pytest.raises(AnalysisError, match=message), WorkFolder(tmp_path / "features") as work:
        work.write("whole", b"whole")
        monkeypatch.setattr(os, "fsync", full)
        work.write("half", b"half")
    monkeypatch.undo()
    (work.partitions / ".castillo-1").write_bytes(b"ha")
    (work.folder / "tables").mkdir()
    (work.folder / "tables" / "terms.parquet").write_bytes(b"ha")
    with WorkFolder(tmp_path / "features") as work:
        assert (b"whole", None) == (work.read("whole"), work.read("half"))
        assert ["lock", "whole.arrows"] == _names(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A work folder in use with a finished partition: the folder, the partition's file and its bytes."""
    with WorkFolder(tmp_path_factory.mktemp("finished") / "features") as work:
        work.write("one", bytes(range(256)))
        path = work.partitions / "one.arrows"
        yield work, path, path.read_bytes()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_with_a_byte_that_is_not_as_it_was_written_is_no_partition(finished, data):
    """Cut anywhere, or with bytes flipped, taken out or put in anywhere."""
    work, path, written = finished
    at = data.draw(st.integers(0, len(written) - 1))
    kind = data.draw(st.sampled_from(["cut", "flip", "out", "in"]))
    changed = bytes([written[at] ^ data.draw(st.integers(1, 255))])
    tails = {"cut": b"", "flip": changed + written[at + 1 :], "out": written[at + 1 :], "in": changed + written[at:]}
    before = work.damaged
    path.write_bytes(written[:at] + tails[kind])
    assert work.read("one") is None
    assert before + 1 == work.damaged
    path.write_bytes(written)
    assert work.read("one") is not None


def test_a_folder_is_one_run_s_at_a_time(tmp_path):
    told = r"another castillo annotate is writing .*features\. Wait for it, or name"
    with WorkFolder(tmp_path / "features"), pytest.raises(AnalysisError, match=told), WorkFolder(tmp_path / "features"):
        pass


@pytest.mark.parametrize("place", ["", "partitions", "lock", "tables", "partitions/one.arrows"])
def test_a_symlink_planted_where_the_work_is_done_leads_nowhere(tmp_path, place):
    """It is refused, or it alone is deleted; what it leads to stays."""
    secret = tmp_path / "elsewhere"
    (secret / "tables").mkdir(parents=True)
    (secret / "kept").write_text("kept")
    path = tmp_path / "study" / ".features-unfinished" / place
    path.parent.mkdir(parents=True)
    path.symlink_to(secret / "kept" if place.endswith(("lock", ".arrows")) else secret)
    with suppress(AnalysisError), WorkFolder(tmp_path / "study" / "features") as work:
        assert work.read("one") is None
        work.write("one", b"data")
    assert ["kept", "tables"] == sorted(path.name for path in secret.iterdir())
    assert "kept" == (secret / "kept").read_text()


@pytest.fixture
def features(shared_folder):
    """Tables of the small study's features, by name, in two partitions."""
    paths = {schema.name: shared_folder / "features" / f"{schema.name.lower()}.parquet" for schema in tables.FEATURES}
    whole = {name: pa.Table.from_pandas(pd.read_parquet(path), preserve_index=False) for name, path in paths.items()}
    return [{name: table[part] for name, table in whole.items()} for part in (slice(0, 5), slice(5, None))]


def _add(work, features):
    for partition in features:
        work.add(partition)


def test_what_is_added_in_partitions_is_one_table_and_nothing_else_is_left(tmp_path, features, shared_folder):
    with WorkFolder(tmp_path / "features") as work:
        _add(work, features)
        assert not (tmp_path / "features").exists()
        work.publish(META)
    assert [] == compare_features(shared_folder / "features", tmp_path / "features")
    names = {f"{schema.name.lower()}.parquet" for schema in tables.FEATURES}
    assert {*names, "meta.json"} == set(_names(tmp_path))
    raw = (tmp_path / "features" / "meta.json").read_text(encoding="utf-8")
    assert raw.startswith('{\n "a": "ą",\n "b": 1,\n "digests": {\n  "articles.parquet": "')
    digests = {name: hashlib.sha256((tmp_path / "features" / name).read_bytes()).hexdigest() for name in names}
    assert digests == json.loads(raw)["digests"]


def test_features_that_were_there_stay_where_the_work_is_broken_off(features, study_folder):
    before = _bytes(study_folder)
    with pytest.raises(KeyboardInterrupt), WorkFolder(study_folder / "features") as work:
        _add(work, features)
        raise KeyboardInterrupt
    assert before == _bytes(study_folder)


@pytest.mark.parametrize("fails", range(2, 8))
def test_without_meta_old_and_new_tables_together_do_not_count(fails, features, study_folder, monkeypatch):
    """Moving breaks off at any table but the first, of terms: meta.json is gone first and would have come last."""
    replace, moved = Path.replace, []

    def broken(path, target):
        moved.append(path)
        if len(moved) == fails:
            raise OSError(28, "No space left on device")
        return replace(path, target)

    told = r"features cannot be written \(No space left on device\)\. Mend that"
    with pytest.raises(AnalysisError, match=told), WorkFolder(study_folder / "features") as work:
        _add(work, features)
        monkeypatch.setattr(Path, "replace", broken)
        work.publish(META)
    assert not (study_folder / "features" / "meta.json").exists()
