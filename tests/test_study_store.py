"""Features by SQL: the values of the files, every fault of a file told, no thread and no connection left."""

import math
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import tables
from analysis.check import check_study
from analysis.errors import FeaturesBroken, TableError
from analysis.study import load_study
from analysis.study.store import FeatureStore, read_articles, read_table
from analysis.tables import PARTS

OF_ARTICLE = {schema.name: schema for schema in (tables.TERMS, tables.SENTENCES, tables.MENTIONS)}
QUESTIONS = {"TERMS": "terms", "SENTENCES": "sentences", "MENTIONS": "mentions"}


def path_of(folder, name):
    return folder / "features" / f"{name.lower()}.parquet"


def rewritten(folder, name, change, rows=1_000):
    table = pa.Table.from_pandas(change(pd.read_parquet(path_of(folder, name))), preserve_index=False)
    pq.write_table(table, path_of(folder, name), row_group_size=rows)


def put(column, value):
    """A change of the third row."""

    def change(table):
        values = table[column].astype(object)
        values.iloc[2] = value
        return table.assign(**{column: values.infer_objects()})

    return change


@pytest.mark.parametrize("rows", [3, 1_000])
@pytest.mark.parametrize("name", OF_ARTICLE)
def test_a_table_is_that_of_the_file_by_its_key_however_it_is_cut_and_ordered(study_folder, name, rows):
    schema, path = OF_ARTICLE[name], path_of(study_folder, name)
    expected = pd.read_parquet(path).sort_values(list(schema.key), ignore_index=True)
    rewritten(study_folder, name, lambda table: table.sample(frac=1, random_state=1), rows)
    pd.testing.assert_frame_equal(expected, read_table(path, schema))
    assert set(expected["article"]) == read_articles(path)


@pytest.mark.parametrize("name", OF_ARTICLE)
def test_a_table_without_a_row_is_one(study_folder, name):
    for table in (tables.empty(OF_ARTICLE[name]), pd.read_parquet(path_of(study_folder, name)).iloc[:0]):
        table.to_parquet(path_of(study_folder, name))
        study = load_study(study_folder)
        assert (0, set()) == (len(study.features(OF_ARTICLE[name])), read_articles(path_of(study_folder, name)))
        assert getattr(study.store, QUESTIONS[name]) is not None


def test_a_folder_may_have_any_name(study_folder, tmp_path):
    folder = shutil.copytree(study_folder, tmp_path / "a=1 [b]*'ñ")
    assert 28 == len(load_study(folder).store.articles)


SIGNED = pd.DataFrame({"article": ["north-1"], "scope": "text", "minhash": [[-1]]})
FAULTS = {
    "missing column": ("TERMS", lambda table: table.drop(columns="count"), "column 'count': missing; the table has"),
    "text for a number": ("TERMS", lambda t: t.assign(count=t["count"].astype("str")), "'count': is not integer"),
    "number for text": ("TERMS", lambda table: table.assign(term=1), "'term': is not text: it is int64"),
    "record": ("SENTENCES", lambda t: t.assign(sentiment=[{"a": 1}] * len(t)), "is not number: it is mixed"),
    "bytes": ("MENTIONS", lambda table: table.assign(alias=b"x"), "'alias': is not text: it is bytes"),
    "flags": ("SENTENCES", lambda table: table.assign(tokens=True), "'tokens': is not integer: it is bool"),
    "day for a time": ("ARTICLES", lambda t: t.assign(published=pd.Timestamp(2022, 1, 1)), "'published': is not time"),
    "no count": ("TERMS", put("count", None), "'count': 1 values are missing; it must be complete"),
    "no article": ("MENTIONS", put("article", None), "'article': 1 values are missing"),
    "strange part": ("TERMS", put("part", "body"), "'part': 'body' is none of title, lede, rest"),
    "strange voice": ("MENTIONS", put("voice", "its"), "'voice': 'its' is none of own, attributed, quoted"),
    "negative": ("TERMS", put("count", -3), "'count': 1 values cannot be, the least of them -3"),
    "half": ("TERMS", put("count", 1.5), "'count': 1 values cannot be, the least of them 1.5"),
    "huge": ("TERMS", put("count", 2**40), "'count': 1 values cannot be"),
    "infinite": ("SENTENCES", put("sentiment", math.inf), "'sentiment': 1 values cannot be, the least of them inf"),
    "beyond": ("SENTENCES", put("quoted", 1.01), "'quoted': 1 values cannot be, the least of them 1.01"),
    "warm": ("MENTIONS", put("sentiment", -7.0), "'sentiment': 1 values cannot be, the least of them -7.0"),
    "twice": ("TERMS", lambda table: pd.concat([table, table.iloc[[5]]]), "'article, part, term': 1 rows repeat"),
    "article twice": ("ARTICLES", lambda table: pd.concat([table, table.iloc[[5]]]), "1 rows repeat their key"),
    "signature": ("SIGNATURES", lambda table: SIGNED, "'minhash': 1 values cannot be"),
    "unknown article": ("TERMS", put("article", "nobody"), "holds 1 articles that articles.csv does not"),
    "mixed parts": ("SENTENCES", put("part", "title"), "is not first title, then lede, then rest in"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_file_breaks_of_its_schema_is_told(study_folder, fault):
    name, change, expected = FAULTS[fault]
    rewritten(study_folder, name, change, rows=7)
    told = check_study(study_folder)
    assert any(expected in line for line in told), told
    assert all(line.startswith(str(study_folder)) and "Run: castillo annotate" in line for line in told)
    study = load_study(study_folder)  # and no report takes a broken file for a whole one
    if fault == "unknown article":
        assert "nobody" not in set(study.store.articles)
        assert 28 == len(study.store.terms[1].sum(axis=1)) // 3
    elif name in QUESTIONS:
        with pytest.raises(FeaturesBroken, match=name.lower()):
            getattr(study.store, QUESTIONS[name])


def test_all_faults_of_a_table_are_told_at_once(study_folder):
    rewritten(study_folder, "TERMS", lambda table: put("count", -1)(put("part", "body")(table)))
    assert 2 == len(check_study(study_folder))


@pytest.mark.parametrize("name", ["TERMS", "ARTICLES"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: b"PAR1 and no more",
        lambda data: b"article,part\n",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1",
        lambda data: data[:4] + bytes(len(data) - 200) + data[-196:],
    ],
    ids=["empty", "no file", "CSV", "cut", "huge metadata", "zeros"],
)
def test_a_file_that_is_no_parquet_is_told(study_folder, name, spoil):
    path = path_of(study_folder, name)
    path.write_bytes(spoil(path.read_bytes()))
    told = check_study(study_folder)
    assert told
    assert all(f"{path}: " in line for line in told)


def test_mentions_of_an_entry_are_those_of_the_file(small_study):
    plain = pd.read_parquet(small_study.features_folder / "mentions.parquet")
    for gazetteer, entry in (("actors", "pedro-castillo"), ("labels", "act:coup"), ("actors", ""), ("actors", "none")):
        mine = plain[(plain["gazetteer"] == gazetteer) & (plain["entry"].fillna("") == entry)]
        expected = mine.drop(columns=["gazetteer", "entry"]).sort_values("article", kind="stable", ignore_index=True)
        pd.testing.assert_frame_equal(expected, small_study.store.entry_mentions(gazetteer, entry))
        rows = small_study.store.mentions.of(f"{gazetteer}:{entry}")
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
    from contextlib import nullcontext

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


def test_parts_that_are_mixed_up_are_an_error(tmp_path):
    table = sentences_of({"b": ([(3, 0.5)], [(4, 0.5)], [(5, 0.5)])}).assign(part=["title", "rest", "lede"])
    with pytest.raises(TableError, match="is not first title, then lede, then rest in b"):
        summed(table, tmp_path)


ALONE = """
import os, sys, tempfile
from pathlib import Path
from analysis.study import preload, selection
study = preload(sys.argv[1])
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


@pytest.mark.slow
def test_no_thread_connection_or_file_is_left_and_a_fork_can_ask_again(study_folder, tmp_path):
    (tmp_path / "spilled").mkdir()
    alone = {"JE_ARROW_MALLOC_CONF": "background_thread:false", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **alone, "TMPDIR": str(tmp_path / "spilled")}
    command = [sys.executable, "-c", ALONE, str(study_folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=120)
    named = len(load_study(study_folder).store.entry_mentions("actors", "pedro-castillo"))
    assert ["1 []", *[str(named)] * hasattr(os, "fork")] == done.stdout.splitlines()
