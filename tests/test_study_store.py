"""Features by SQL: the values of the files, a damaged file told, no thread and no connection left."""

import json
import math
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import tables
from analysis.check import check_study
from analysis.errors import FeaturesBroken
from analysis.paths import file_digest
from analysis.study import load_study
from analysis.study.store import FeatureStore, read_table
from analysis.tables import PARTS

pytestmark = pytest.mark.slow
OF_ARTICLE = {schema.name: schema for schema in (tables.TERMS, tables.SENTENCES, tables.MENTIONS)}
QUESTIONS = {"TERMS": "terms", "SENTENCES": "sentences", "MENTIONS": "mentions"}


def path_of(folder, name):
    return folder / "features" / f"{name.lower()}.parquet"


@pytest.mark.parametrize("name", OF_ARTICLE)
def test_a_table_is_that_of_the_file_by_its_key_however_it_is_ordered(study_folder, name):
    schema, path = OF_ARTICLE[name], path_of(study_folder, name)
    expected = pd.read_parquet(path).sort_values(list(schema.key), ignore_index=True)
    expected.sample(frac=1, random_state=1).to_parquet(path)
    pd.testing.assert_frame_equal(expected, read_table(path, schema))


def test_tables_without_a_row_are_tables(study_folder):
    for name, schema in OF_ARTICLE.items():
        tables.empty(schema).to_parquet(path_of(study_folder, name))
    study = load_study(study_folder)
    for name, schema in OF_ARTICLE.items():
        assert 0 == len(study.features(schema))
        assert getattr(study.store, QUESTIONS[name]) is not None


def test_a_folder_may_have_any_name(study_folder, tmp_path):
    folder = shutil.copytree(study_folder, tmp_path / "a=1 [b]*'ñ")
    assert 28 == len(load_study(folder).store.articles)


@pytest.mark.parametrize(
    "spoil",
    [lambda data: b"", lambda data: b"article,part\n", lambda data: data[: len(data) // 2]],
    ids=["empty", "CSV", "cut"],
)
def test_a_file_that_is_no_parquet_is_told(study_folder, spoil):
    path = path_of(study_folder, "TERMS")
    path.write_bytes(spoil(path.read_bytes()))
    (told,) = check_study(study_folder)
    assert f"{path}: cannot be read (" in told and told.endswith(f"Run: castillo annotate TEXTS --study {study_folder}")
    with pytest.raises(FeaturesBroken, match="cannot be read"):
        assert load_study(study_folder).store.terms


def test_a_file_of_other_columns_or_values_is_told(study_folder):
    path = path_of(study_folder, "TERMS")
    table = pd.read_parquet(path)
    table.drop(columns="count").to_parquet(path)
    (told,) = check_study(study_folder)
    assert "table TERMS, column 'count': missing" in told
    table.assign(count=-1).to_parquet(path)
    with pytest.raises(FeaturesBroken, match=r"column 'count': .* values cannot be, the least of them -1"):
        load_study(study_folder).features("terms")


def test_a_file_that_is_not_the_one_that_was_written_is_told(study_folder):
    """By the digest that `annotate` writes into meta.json."""
    meta, path = study_folder / "features" / "meta.json", path_of(study_folder, "SENTENCES")
    digests = {one.name: file_digest(one) for one in meta.parent.glob("*.parquet")}
    meta.write_text(json.dumps({**json.loads(meta.read_text(encoding="utf-8")), "digests": digests}), encoding="utf-8")
    assert [] == check_study(study_folder)
    pd.read_parquet(path).assign(tokens=1).to_parquet(path)
    expected = (
        f"{path}: is not the file that was written (its SHA-256 is not the one in meta.json): damaged or replaced"
    )
    assert [f"{expected}. Run: castillo annotate TEXTS --study {study_folder}"] == check_study(study_folder)
    with pytest.raises(FeaturesBroken, match="is not the file that was written"):
        assert load_study(study_folder).store.sentences


def test_mentions_of_an_entry_are_those_of_the_file(small_study):
    plain = pd.read_parquet(small_study.features_folder / "mentions.parquet")
    for gazetteer, entry in (("actors", "pedro-castillo"), ("labels", "act:coup"), ("actors", ""), ("actors", "none")):
        mine = plain[(plain["gazetteer"] == gazetteer) & (plain["entry"].fillna("") == entry)]
        expected = mine.drop(columns=["gazetteer", "entry"]).sort_values("article", kind="stable", ignore_index=True)
        pd.testing.assert_frame_equal(expected, small_study.store.entry_mentions(gazetteer, entry))
        rows = small_study.store.mentions_of(gazetteer, entry)
        assert expected["article"].to_list() == small_study.store.articles.iloc[rows["article"]].to_list()
        assert expected["voice"].to_list() == [tables.VOICES[voice] for voice in rows["voice"]]
        np.testing.assert_array_equal(expected["sentiment"], rows["sentiment"])
        assert (len(expected) == 0) == (entry == "none")


def test_sentiment_of_sentences_of_a_few_articles(small_study):
    plain = pd.read_parquet(small_study.features_folder / "sentences.parquet")
    expected = plain[plain["article"].isin(["north-1", "wschod-0"])].set_index(["article", "sentence"])["sentiment"]
    pd.testing.assert_series_equal(expected, small_study.store.sentence_sentiment({"north-1", "wschod-0"}).sort_index())


def test_terms_are_those_of_the_file(small_study):
    plain = pd.read_parquet(small_study.features_folder / "terms.parquet")
    texts, uses = small_study.store.terms
    place = plain["article"].map({article: n for n, article in enumerate(small_study.store.articles)})
    rows = 3 * place + plain["part"].map(PARTS.index)
    expected = plain.pivot_table(index=rows, columns="term", values="count", fill_value=0)
    assert sorted(expected) == list(texts)
    np.testing.assert_array_equal(expected.reindex(range(uses.shape[0]), fill_value=0)[list(texts)], uses.toarray())


ARTICLES = ["a", "b", "c", "d"]
#: Sentences of an article: of each part, its tokens and sentiments.
PART = st.lists(st.tuples(st.integers(0, 40), st.floats(-1, 1) | st.just(math.nan)), max_size=4)


def sentences_of(articles):
    rows = []
    for article, parts in articles.items():
        listed = [(part, *sentence) for part, sentences in zip(PARTS, parts, strict=True) for sentence in sentences]
        rows += [(article, n, part, 0, 1, tokens, tone, 0.0) for n, (part, tokens, tone) in enumerate(listed)]
    return pd.DataFrame(rows, columns=tables.SENTENCES.names).astype(tables.empty(tables.SENTENCES).dtypes.to_dict())


def summed(table, folder, rows=1_000):
    paths = {name: folder / f"{name}.parquet" for name in ("sentences", "articles")}
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), paths["sentences"], row_group_size=rows)
    pd.DataFrame({"article": ARTICLES}).to_parquet(paths["articles"])
    reading = lambda schema: nullcontext(paths["sentences"])  # noqa: E731
    return FeatureStore(paths["articles"], pd.Series(ARTICLES), reading).sentences


@settings(max_examples=settings.default.max_examples // 3)  # each asks DuckDB
@given(st.dictionaries(st.sampled_from(ARTICLES[:3]), st.tuples(PART, PART, PART)), st.integers(1, 9), st.randoms())
def test_sums_are_the_same_however_the_table_is_cut_and_ordered(tmp_path_factory, articles, rows, chance):
    folder, table = tmp_path_factory.mktemp("sums"), sentences_of(articles)
    order = list(range(len(table)))
    chance.shuffle(order)
    found = summed(table.iloc[order], folder, rows)
    for parts in ([0], [0, 1], [0, 1, 2], [1, 2]):
        held = table[table["part"].isin([PARTS[part] for part in parts])]
        mean = found.mean_sentiment(parts)
        for number, article in enumerate(ARTICLES):
            mine = held[held["article"] == article]
            tones = mine["sentiment"].dropna()
            assert mine["tokens"].sum() == found.tokens[number, parts].sum()
            assert len(tones) == found.rated[number, parts].sum()
            assert parts != [0, 1, 2] or len(tones) == found.scored[number, -1]
            expected = math.fsum(tones) / len(tones) if len(tones) else math.nan
            assert expected == pytest.approx(mean[number], rel=1e-12, abs=1e-12, nan_ok=True)
            within = found.within(np.full(20, number), np.arange(20), parts)
            assert [n in set(mine["sentence"]) for n in range(20)] == within.tolist()
    assert [article in set(table["article"]) for article in ARTICLES] == found.present.tolist()


ALONE = """
import os, sys, tempfile
from pathlib import Path
from analysis.study import load_study, preload, selection
study = preload(load_study(sys.argv[1]))
for language in (None, "en"):
    selection.words(selection.select(study, language=language), language=language)
study.store.entry_mentions("actors", "pedro-castillo")
tasks = "/proc/self/task"
print(len(os.listdir(tasks)) if os.path.isdir(tasks) else 1, list(Path(tempfile.gettempdir()).iterdir()))
if hasattr(os, "fork"):
    if (child := os.fork()) == 0:
        os._exit(len(study.store.entry_mentions("actors", "pedro-castillo")))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_no_thread_connection_or_file_is_left_and_a_fork_can_ask_again(study_folder, tmp_path):
    (tmp_path / "spilled").mkdir()
    alone = {"JE_ARROW_MALLOC_CONF": "background_thread:false", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **alone, "TMPDIR": str(tmp_path / "spilled")}
    command = [sys.executable, "-c", ALONE, str(study_folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=120)
    named = len(load_study(study_folder).store.entry_mentions("actors", "pedro-castillo"))
    assert ["1 []", *[str(named)] * hasattr(os, "fork")] == done.stdout.splitlines()
