"""Which text and which articles a comparison may use: the rules of fair comparison."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import EmptyGroup
from analysis.study import selection
from analysis.study.selection import counts, group_indices, select
from analysis.tables import VARIANTS


def sides(study, articles, group, reference=None):
    """Ids of the articles of an outlet and of its reference."""
    return tuple(articles.index[side] for side in group_indices(study, articles, group, reference))


def plain(study, table):
    """A table of features as its file holds it."""
    return pd.read_parquet(study.features_folder / f"{table}.parquet")


@pytest.mark.parametrize(
    ("variant", "expected"),
    [("title", {"title"}), ("lede", {"title", "lede"}), ("text", {"title", "lede", "rest"}), (None, {"title", "lede"})],
)
def test_a_variant_holds_its_parts_only(small_study, variant, expected):
    """Of sentences, mentions and words: the files read as they are, and added up by pandas."""
    chosen = select(small_study, variant)
    assert ((variant or "lede"), list(range(len(expected)))) == (chosen.variant, chosen.parts)
    sentences, terms, mentions = (plain(small_study, name) for name in ("sentences", "terms", "mentions"))
    sentences = sentences[sentences["part"].isin(expected) & sentences["article"].isin(chosen.articles.index)]
    tokens = sentences.groupby("article")["tokens"].sum()
    assert tokens.to_dict() == chosen.articles["tokens"].to_dict()
    inside = mentions.merge(sentences[["article", "sentence"]])
    castillo = inside[(inside["gazetteer"] == "actors") & (inside["entry"] == "pedro-castillo")]
    assert castillo.groupby("article").size().to_dict() == {
        article: n for article, n in selection.counts(chosen, "actors")["pedro-castillo"].items() if n
    }
    peru = terms[terms["part"].isin(expected) & (terms["term"] == "peru")]
    words = selection.words(chosen)
    uses = words.counts[:, np.flatnonzero(words.forms == "peru")].toarray()[:, 0]
    assert peru.groupby("article")["count"].sum().reindex(chosen.articles.index).to_list() == uses.tolist()


@pytest.mark.parametrize("variant", ["lede", "text"])
def test_an_article_without_a_first_paragraph_counts_in_titles_only(small_study, variant):
    """South-3 has a photo caption, portal headlines alone; the rest of both outlets' rules is untouched."""
    chosen = select(small_study, variant)
    assert not {"south-3", "portal-0"} & set(chosen.articles.index)
    assert "south-2" in chosen.articles.index
    titles = select(small_study, "title").articles
    assert {"south-3", "portal-0"} < set(titles.index)


def test_an_aggregator_is_compared_on_titles_only(small_study):
    assert ("title",) == selection.variants_of(small_study, "portal")
    assert ("title", "lede", "text") == selection.variants_of(small_study, "north")
    assert ["title", "lede"] == [selection.primary_of(small_study, outlet) for outlet in ("portal", "north")]


def test_sides_share_their_windows(small_study):
    """South's 16th is out, as north was not observed then; north's 7th is in, as east was; south's 7th is not."""
    articles = select(small_study).articles
    group, reference = sides(small_study, articles, "north")
    assert [f"north-{n}" for n in range(8)] == list(group)
    expected = ["east-0", "east-1", "east-2", *(f"south-{n}" for n in (1, 2, 4, 5, 6)), "wschod-0", "wschod-1"]
    assert expected == list(reference)


def test_a_day_on_which_the_other_side_was_not_observed_is_out(small_study):
    """South alone begins on the 8th: north's two articles of the 7th have nothing to be compared with."""
    group, reference = sides(small_study, select(small_study).articles, "north", ["south"])
    assert [f"north-{n}" for n in range(2, 8)] == list(group)
    assert [f"south-{n}" for n in (1, 2, 4, 5, 6)] == list(reference)
    group, _ = sides(small_study, select(small_study).articles, "south")
    assert "south-7" in group  # on the 16th east was observed


@pytest.mark.parametrize(("outlet", "others", "language"), [("wschod", None, "pl"), ("north", ["portal"], None)])
def test_a_side_without_articles_is_an_error(small_study, outlet, others, language):
    """Another language on the other side; an outlet not in these articles."""
    with pytest.raises(EmptyGroup) as raised:
        sides(small_study, select(small_study, language=language).articles, outlet, others)
    assert ("reference", "the other outlets") == raised.value.args


def test_sentiment_is_the_mean_of_an_articles_sentences_and_missing_without_instrument(small_study):
    chosen = select(small_study, "text")
    for variant, (parts, *_) in VARIANTS.items():
        rows = plain(small_study, "sentences")
        rows = rows[rows["part"].isin(parts)].groupby("article")["sentiment"].mean()
        sentiment = selection.article_sentiment(select(small_study, variant))
        pd.testing.assert_series_equal(rows[sentiment.index], sentiment, check_index_type=False, rtol=1e-15)
    assert selection.article_sentiment(chosen).loc[["wschod-0", "wschod-1"]].isna().all()


def test_targeted_sentiment_by_actor_an_actor_is_missing_where_it_is_not_named(small_study):
    toward = selection.targeted_sentiment_by_actor(select(small_study, "lede"), ["dina-boluarte", "peru-congress"])
    assert toward["peru-congress"].isna().all()
    assert toward["dina-boluarte"].isna().any()
    assert selection.article_sentiment(select(small_study))["north-3"] == toward.loc["north-3", "dina-boluarte"]


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("entries", [None, ["dina-boluarte", "nobody", "pedro-castillo"]])
def test_counts_are_those_of_a_cross_table(small_study, entries, own):
    chosen = select(small_study, "text")
    mentions = plain(small_study, "mentions")
    known = (mentions["gazetteer"] == "actors") & mentions["entry"].notna()
    mentions = mentions[known & mentions["article"].isin(chosen.articles.index)]
    mentions = mentions[mentions["voice"] == "own"] if own else mentions
    expected = pd.crosstab(mentions["article"], mentions["entry"])
    columns = sorted(mentions["entry"].unique()) if entries is None else entries
    expected = expected.reindex(index=chosen.articles.index, columns=columns, fill_value=0)
    pd.testing.assert_frame_equal(expected, counts(chosen, "actors", entries, own=own))
