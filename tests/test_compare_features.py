"""Features compared by value."""

import shutil

import numpy as np
import pandas as pd
import pytest
from compare_features import compare_features

from analysis import tables

pytestmark = pytest.mark.slow


@pytest.fixture
def copied(study_folder):
    """A copy of the small study's features, and changed(schema, change): write a table anew."""

    def changed(schema, change):
        path = study_folder / "features" / f"{schema.name.lower()}.parquet"
        change(pd.read_parquet(path)).to_parquet(path)

    return study_folder / "features", changed


def test_features_in_another_order_or_file_are_the_same(shared_folder, copied):
    folder, changed = copied
    for schema in tables.FEATURES:
        changed(schema, lambda table: table[::-1].reset_index(drop=True))
    assert [] == compare_features(shared_folder / "features", folder)


def test_differences_are_named_with_how_many_and_the_first(shared_folder, copied):
    folder, changed = copied
    changed(tables.ARTICLES, lambda t: t.assign(tokens=t["tokens"] + (t["outlet"] == "north")))
    changed(tables.ARTICLES, lambda t: t[t["article"] != "east-1"])
    last_bit = {0: np.nan, 1: np.nextafter(-0.5, 0)}
    changed(tables.SENTENCES, lambda t: t.assign(sentiment=[last_bit.get(n, v) for n, v in enumerate(t["sentiment"])]))
    assert [
        "ARTICLES: 1 rows are only in the left, first east-1",
        "ARTICLES: tokens differs in 8 rows, first north-0: 60 and 61",
        "SENTENCES: sentiment differs in 2 rows, first north-0 0: -0.5 and nan",
    ] == compare_features(shared_folder / "features", folder)
    turned = compare_features(folder, shared_folder / "features")
    assert "ARTICLES: 1 rows are only in the right, first east-1" == turned[0]


def test_signatures_are_compared_number_by_number(shared_folder, copied, tmp_path):
    folder, changed = copied
    rows = pd.DataFrame({"article": ["north-0"] * 2, "scope": ["text", "title"], "minhash": [[1, 2], []]})
    changed(tables.SIGNATURES, lambda _: rows)
    other = shutil.copytree(folder, tmp_path / "other")
    assert [] == compare_features(other, folder)
    changed(tables.SIGNATURES, lambda _: rows.assign(minhash=[[1, 3], []]))
    assert ["SIGNATURES: minhash differs in 1 rows, first north-0 text: (1, 2) and (1, 3)"] == (
        compare_features(other, folder)
    )
