"""A study's words, mentions and sentences: those of its files, in bounded memory, without a thread."""

import os
import shutil
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import tables
from analysis.errors import FeaturesBroken, FeaturesMissing
from analysis.study import load_study


def test_mentions_of_an_entry_are_those_of_the_file(small_study):
    plain = pd.read_parquet(small_study.features_folder / "mentions.parquet")
    for gazetteer, entry in (
        ("actors", "pedro-castillo"),
        ("labels", "act:coup"),
        ("actors", ""),
        ("actors", "nobody"),
    ):
        mine = plain[(plain["gazetteer"] == gazetteer) & (plain["entry"].fillna("") == entry)]
        expected = mine.drop(columns=["gazetteer", "entry"]).sort_values("article", kind="stable", ignore_index=True)
        found = small_study.streamed.entry_mentions(gazetteer, entry)
        pd.testing.assert_frame_equal(expected, found.astype(expected.dtypes.to_dict())[list(expected)])
        assert (len(found) == 0) == (entry == "nobody")


def test_valence_of_sentences_of_a_few_articles(small_study):
    plain = pd.read_parquet(small_study.features_folder / "sentences.parquet")
    expected = plain[plain["article"].isin(["north-1", "wschod-0"])].set_index(["article", "sentence"])["valence"]
    found = small_study.streamed.sentence_valence({"north-1", "wschod-0"})
    assert expected.dropna().to_dict() == found.dropna().to_dict()
    assert len(expected) == len(found) > expected.count()


@pytest.mark.parametrize("name", ["terms", "mentions", "sentences"])
def test_what_cannot_be_read_is_told(study_folder, name):
    path = study_folder / "features" / f"{name}.parquet"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(FeaturesBroken, match="cannot be read"):
        getattr(load_study(study_folder).streamed, name)
    path.unlink()
    with pytest.raises(FeaturesMissing, match=name):
        getattr(load_study(study_folder).streamed, name)


ALONE = """
import os, sys
from analysis.study import selection
from analysis.study import preload
study = preload(sys.argv[1])
for language in (None, "en"):
    selection.words(selection.select(study, language=language), language=language)
tasks = "/proc/self/task"
print(len(os.listdir(tasks)) if os.path.isdir(tasks) else 1)
"""


def test_features_are_read_by_one_thread_so_that_the_process_can_be_forked(study_folder):
    alone = {"JE_ARROW_MALLOC_CONF": "background_thread:false", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", ALONE, str(study_folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **alone})
    assert "1" == done.stdout.strip()


BOUNDED = """
import resource, sys
from importlib import import_module
from pathlib import Path
from analysis import results
for name in ("study.batches", "study.grouped", "selection.wordcounts"):
    import_module(f"analysis.{name}").ROWS = 50_000
from analysis.study import grouped, load_study
grouped.find_root = lambda: Path(sys.argv[1])
study = load_study(sys.argv[1])
found = results._words(study, "text", "north", None, tested=True)
print(len(found[0]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
EACH = 3_000


def _wordy(folder, terms):
    """A study with so many articles of two outlets, and of each so many terms in each of its parts."""
    ids = [f"{outlet}-{n:04}" for outlet in ("north", "south") for n in range(EACH)]
    at = pd.Index([f"{outlet}-1" for outlet in ("north", "south")]).repeat(EACH)
    for path, read, write in (
        (folder / "articles.csv", pd.read_csv, lambda table, to: table.to_csv(to, index=False)),
        (folder / "features" / "articles.parquet", pd.read_parquet, pd.DataFrame.to_parquet),
        (folder / "features" / "reprints.parquet", pd.read_parquet, pd.DataFrame.to_parquet),
    ):
        table = read(path).set_index("article", drop=False).loc[at].assign(article=ids)
        write(table.assign(head=ids) if "head" in table else table, path)
    for name in ("sentences", "mentions"):
        path = folder / "features" / f"{name}.parquet"
        pd.read_parquet(path).iloc[:0].to_parquet(path)
    vocabulary = [f"word{''.join(chr(97 + int(c)) for c in str(n))}" for n in range(terms)]
    writer = None
    for start in range(0, len(ids), 100):
        keys = pd.MultiIndex.from_product(
            [ids[start : start + 100], tables.PARTS, vocabulary], names=tables.TERMS.names[:3]
        )
        table = keys.to_frame(index=False).assign(count=range(1, len(keys) + 1)).astype({"count": "int64"})
        partition = pa.Table.from_pandas(table.assign(count=table["count"] % 5 + 1), preserve_index=False)
        writer = writer or pq.ParquetWriter(folder / "features" / "terms.parquet", partition.schema)
        writer.write_table(partition)
    writer.close()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows_of_terms(study_folder, tmp_path):
    """2,700,000 rows instead of 270,000, and so many bytes for each more of them. Held as numbers, a row has ten."""
    peaks = []
    for terms in (15, 150):
        folder = shutil.copytree(study_folder, tmp_path / str(terms))
        _wordy(folder, terms)
        command = [sys.executable, "-c", BOUNDED, str(folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found, peak = map(int, done.stdout.split())
        assert found == terms
        peaks.append(peak * 1024)
    assert (peaks[1] - peaks[0]) / (EACH * 2 * 3 * 135) < 10
