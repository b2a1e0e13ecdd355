"""Sums over the sentences of articles, against pandas and exact sums, however the table is cut."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import tables
from analysis.errors import TableError
from analysis.study.batches import Source
from analysis.study.sentencesums import in_two, sentence_sums
from analysis.tables import PARTS

ARTICLES = ["a", "b", "c", "d"]
#: Sentences of an article: of each part, its tokens and valences.
PART = st.lists(st.tuples(st.integers(0, 40), st.floats(-1, 1) | st.just(math.nan)), max_size=4)
TABLE = st.dictionaries(st.sampled_from(ARTICLES[:3]), st.tuples(PART, PART, PART))


def rows_of(articles):
    rows = []
    for article, parts in articles.items():
        listed = [(part, *sentence) for part, sentences in zip(PARTS, parts, strict=True) for sentence in sentences]
        rows += [(article, n, part, 0, 1, tokens, tone, 0.0) for n, (part, tokens, tone) in enumerate(listed)]
    return pd.DataFrame(rows, columns=tables.SENTENCES.names).astype(tables.empty(tables.SENTENCES).dtypes.to_dict())


def summed(table, folder, rows=1_000):
    path = folder / "sentences.parquet"
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, row_group_size=rows)
    return sentence_sums(Source(path, tables.SENTENCES, ARTICLES))


@settings(deadline=None, max_examples=60)
@given(TABLE, st.integers(1, 9), st.randoms(use_true_random=False))
def test_sums_are_exact_and_the_same_however_the_table_is_cut_and_ordered(tmp_path_factory, articles, rows, chance):
    folder, table = tmp_path_factory.mktemp("sums"), rows_of(articles)
    order = list(range(len(table)))
    chance.shuffle(order)
    found = summed(table.iloc[order], folder, rows)
    for parts in (1, 2, 3):
        held = table[table["part"].isin(PARTS[:parts])]
        mean = found.mean_valence(parts)
        for number, article in enumerate(ARTICLES):
            mine = held[held["article"] == article]
            tones = mine["valence"].dropna()
            assert mine["tokens"].sum() == found.tokens[number, parts - 1]
            assert len(tones) == found.scored[number, parts - 1]
            expected = math.fsum(tones) / len(tones) if len(tones) else math.nan
            assert expected == pytest.approx(mean[number], rel=1e-15, abs=1e-25, nan_ok=True)
            assert found.within(np.full(20, number), np.arange(20), parts).tolist() == [
                n in set(mine["sentence"]) for n in range(20)
            ]
    assert [article in set(table["article"]) for article in ARTICLES] == found.present.tolist()


@given(st.lists(st.floats(-1, 1)))
def test_a_number_is_the_sum_of_its_two_parts(values):
    coarse, fine = in_two(np.array(values))
    assert values == (coarse + fine).tolist()
    assert math.fsum(coarse) == coarse.sum()


def test_parts_that_are_mixed_up_are_an_error(tmp_path):
    table = rows_of({"b": ([(3, 0.5)], [(4, 0.5)], [(5, 0.5)])}).assign(part=["title", "rest", "lede"])
    with pytest.raises(TableError, match="is not first title, then lede, then rest in b"):
        summed(table, tmp_path)
