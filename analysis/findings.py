"""Finding sentences: rules from rows of COMPARISON to words. No stance, no superlative; "cannot tell" is a finding."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.corpus import coverage
from analysis.phrases import day, equals, interval, language, listing, number, percent, plural, points
from analysis.results import is_primary
from analysis.study import Study

ALPHA = 0.05
VARIANT_NAMES = {"title": "titles only", "lede": "title and first paragraph", "text": "whole text"}


@dataclass(frozen=True)
class Finding:
    """One sentence or two, and how it came out.

    Attributes
    ----------
    text : str, plain text
    verdict : more, less, cannot tell, or described
    status : confirmatory, exploratory, or empty where nothing was tested
    """

    text: str
    verdict: str = "described"
    status: str = ""


def verdict(row: pd.Series) -> str:
    """More, less or cannot tell: q must be small and the interval must leave out zero, or nothing is claimed."""
    if not stands(row):
        return "cannot tell"
    return "more" if row["estimate"] > 0 else "less"


def stands(row: pd.Series) -> bool:
    """Whether a comparison holds after correction over its family and by its own interval.

    The two can disagree: permutation asks whether articles could be exchanged, the interval how far the difference
    may lie from zero.
    """
    return bool(row["q"] <= ALPHA and row["lower"] * row["upper"] > 0)


def overturned(study: Study, table: pd.DataFrame, row: pd.Series) -> list[str]:
    """Variants and adjustments in which the comparison of `row` turns round or its interval spans zero."""
    keys = ["measure", "feature", "group", "reference"]
    same = table[(table[keys] == row[keys]).all(axis=1)]
    others = same[~is_primary(study, same)]
    sign = 1 if row["estimate"] > 0 else -1
    fallen = others[(sign * others["estimate"] <= 0) | (others["lower"] * others["upper"] <= 0)]
    shown = []
    for other in fallen.itertuples():
        name = VARIANT_NAMES[str(other.variant)]
        shown.append(name if other.variant != row["variant"] else f"{name}, not standardized")
    return list(dict.fromkeys(shown))


def findings(
    study: Study, table: pd.DataFrame, *, measure: str, group: str | None = None, limit: int = 12
) -> list[Finding]:
    """Findings of one measure: each difference that q lets stand, then one sentence on what cannot be told.

    Parameters
    ----------
    study : Study
    table : DataFrame (COMPARISON), all variants, from `study_results` or `pair_results`
    measure : actor-share, actor-rate, label-share, label-share-own, valence or valence-toward
    group : an outlet; all where None
    limit : int, at most so many sentences on differences, by |z|

    Returns
    -------
    list of Finding, empty where the measure has no row
    """
    rows = table[(table["measure"] == measure) & is_primary(study, table)]
    if group is not None:
        rows = rows[rows["group"] == group]
    untested = int(rows["q"].isna().sum())
    rows = rows[rows["q"].notna()]
    if rows.empty:
        return []
    standing = rows.apply(stands, axis=1)
    found = rows[standing]
    order = found.assign(size=-found["z"].abs()).sort_values(["size", "group", "feature"]).index
    sentences = [_sentence(study, table, found.loc[i]) for i in order[:limit]]
    if len(order) > limit:
        sentences.append(Finding(f"{len(order) - limit} more such differences are in the table below."))
    silent = rows[~standing]
    if len(silent):
        sentences.append(_cannot_tell(study, silent, len(rows), untested))
    return sentences


def by_weight(*groups: list[Finding]) -> list[Finding]:
    """All findings, the differences that stand first (confirmatory before exploratory), then what cannot be told."""

    def weight(finding: Finding) -> tuple[bool, bool]:
        return finding.verdict == "cannot tell", finding.status != "confirmatory"

    return sorted([finding for group in groups for finding in group], key=weight)


def _status(study: Study, row: pd.Series) -> str:
    rest = row["reference"] == "other outlets"
    return "confirmatory" if rest and row["measure"] in study.settings.confirmatory else "exploratory"


def _sentence(study: Study, table: pd.DataFrame, row: pd.Series) -> Finding:
    body = _BODIES[row["measure"]](study, row)
    where = "" if row["variant"] == study.settings.primary else f" in {VARIANT_NAMES[row['variant']]}"
    text = f"{study.outlet_names.get(row['group'], row['group'])} {body}{where} ({equals('q', row['q'])})."
    if weak := overturned(study, table, row):
        text += f" Fragile: it does not hold on {listing(weak)}."
    return Finding(text, verdict(row), _status(study, row))


def reference_name(study: Study, row: pd.Series) -> str:
    """What a row is compared with, as a sentence says it."""
    return study.outlet_names.get(row["reference"], "the other outlets")


def _actor_share(study: Study, row: pd.Series) -> str:
    return (
        f"names {study.actor_names.get(row['feature'], row['feature'])} in {row['count']:.0f} of "
        f"{plural(row['articles'], 'article')} ({percent(row['count'] / row['articles'])}), "
        f"{reference_name(study, row)} in {row['reference_count']:.0f} of {row['reference_articles']} "
        f"({percent(row['reference_count'] / row['reference_articles'])}): {points(row['estimate'])} once periods "
        f"are matched, 95 % interval {interval(row['lower'], row['upper'], 0, scale=100, sign=True)}"
    )


def _actor_rate(study: Study, row: pd.Series) -> str:
    return (
        f"names {study.actor_names.get(row['feature'], row['feature'])} {_more(row)} often per 1,000 words than "
        f"{reference_name(study, row)}: {number(row['estimate'], 1, sign=True)} once periods are matched, 95 % "
        f"interval {interval(row['lower'], row['upper'], 1, sign=True)}"
    )


def _label_share(study: Study, row: pd.Series) -> str:
    name, label = row["feature"].split(":", 1)
    own = " in its own voice" if row["measure"] == "label-share-own" else ""
    referent = study.labels.loc[study.labels["set"] == name, "referent"].iloc[0]
    return (
        f"uses “{label.replace('-', ' ')}” for {referent}{own} {_more(row)} than {reference_name(study, row)}: "
        f"{points(row['estimate'])} of its uses of that set, 95 % interval "
        f"{interval(row['lower'], row['upper'], 0, scale=100, sign=True)}, {row['count']:.0f} uses against "
        f"{row['reference_count']:.0f}"
    )


def _valence(study: Study, row: pd.Series) -> str:
    warmer = "warmer" if row["estimate"] > 0 else "more negative"
    toward = raw = ""
    if row["measure"] == "valence-toward":
        toward = f" where it names {study.actor_names.get(row['feature'], row['feature'])}"
        raw = ", not corrected for the instrument's errors"
    return (
        f"is worded {warmer}{toward} than {reference_name(study, row)}: {number(row['estimate'], 2, sign=True)} on a "
        f"scale from −1 to 1 once periods are matched, 95 % interval "
        f"{interval(row['lower'], row['upper'], 2, sign=True)}{raw}"
    )


def _more(row: pd.Series) -> str:
    return "more" if row["estimate"] > 0 else "less"


_BODIES = {
    "actor-share": _actor_share,
    "actor-rate": _actor_rate,
    "label-share": _label_share,
    "label-share-own": _label_share,
    "valence": _valence,
    "valence-toward": _valence,
}

_UNITS = {
    "actor-share": ("points", 100.0, 0),
    "actor-rate": ("mentions per 1,000 words", 1.0, 1),
    "label-share": ("points", 100.0, 0),
    "label-share-own": ("points", 100.0, 0),
    "valence": ("on the scale from −1 to 1", 1.0, 2),
    "valence-toward": ("on the scale from −1 to 1", 1.0, 2),
}

_WHAT = {
    "actor-share": "in how many articles name an actor",
    "actor-rate": "in how often an actor is named",
    "label-share": "in the share of a label",
    "label-share-own": "in the share of a label in the outlet's own voice",
    "valence": "in tone",
    "valence-toward": "in tone where an actor is named",
}


def _cannot_tell(study: Study, silent: pd.DataFrame, tested: int, untested: int) -> Finding:
    measure = silent["measure"].iloc[0]
    unit, scale, digits = _UNITS[measure]
    middle = number(scale * silent["detectable"].median(), digits)
    which = f"all {tested} comparisons" if len(silent) == tested else f"{len(silent)} of {tested} comparisons"
    which = "the one comparison" if tested == 1 else which
    power = (
        f"One of about {middle} {unit} would have been found four times in five by a test of its own."
        if len(silent) == 1
        else f"In half of them only one beyond about {middle} {unit} would have been found four times in five, "
        f"even by a test of its own."
    )
    text = (
        f"{which[:1].upper() + which[1:]} {_WHAT[measure]} {'leaves' if len(silent) == 1 else 'leave'} open whether "
        f"there is a difference. {power}"
    )
    if untested:
        text += f" {plural(untested, 'more has', 'more have')} too few articles, or no variation, to be tested at all."
    return Finding(text, "cannot tell", _status(study, silent.iloc[0]))


def word_findings(study: Study, table: pd.DataFrame, group: str, *, limit: int = 8) -> list[Finding]:
    """Words by which an outlet differs from its reference, as q over permuted articles lets them stand."""
    rows = table[(table["measure"] == "term-log-odds") & (table["group"] == group)]
    if rows.empty:
        return []
    name, other = study.outlet_names.get(group, group), reference_name(study, rows.iloc[0])
    result = []
    for sign, phrase in ((1, "uses these words more than"), (-1, "uses these words less than")):
        hits = rows[(rows["q"] <= ALPHA) & (sign * rows["estimate"] > 0)]
        hits = hits.assign(size=-hits["z"].abs()).sort_values(["size", "feature"]).head(limit)
        if len(hits):
            words = listing([f"“{row.feature}” ({equals('q', row.q)})" for row in hits.itertuples()])
            result.append(Finding(f"{name} {phrase} {other}: {words}.", "more" if sign > 0 else "less", "exploratory"))
    if not result:
        text = (
            f"None of the {len(rows)} words used five times or more sets {name} apart from {other} once "
            f"articles are permuted and the rate of false discoveries is held at 5 % "
            f"(smallest {equals('q', rows['q'].min())})."
        )
        result.append(Finding(text, "cannot tell", "exploratory"))
    return result


def corpus_findings(study: Study) -> list[Finding]:
    """What must be known of a corpus before anything is compared."""
    articles, table = study.articles, coverage(study)
    start, end = study.settings.window
    languages = articles["language"].value_counts()
    split = listing([f"{count} in {language(str(code))}" for code, count in languages.items()])
    per_day = articles.groupby("day").size().sort_values(ascending=False)
    half = int((per_day.cumsum() < len(articles) / 2).sum()) + 1
    days = (end - start).days + 1
    kinds = articles["body_kind"].value_counts()
    tested = table[table["tested"] & (table["items"] > 0)]
    outlets, able = articles["outlet"].nunique(), len(study.tested)
    bare, captions = int(kinds.get("none", 0)), int(kinds.get("caption", 0))
    texts = [
        f"The corpus holds {plural(len(articles), 'article')} of {plural(outlets, 'outlet')} from {day(start)} to "
        f"{day(end)} ({split}); {plural(able, 'outlet has', 'outlets have')} the {study.settings.min_articles} "
        f"articles that a test asks for.",
        f"Half of the articles fall on {half} of the {days} days of the window.",
    ]
    if bare or captions:
        texts.append(
            f"{plural(bare, 'item carries', 'items carry')} a headline and nothing else, "
            f"{plural(captions, 'has', 'have')} a photo caption for a body; these count where headlines "
            f"are compared, and nowhere else."
        )
    if len(tested):
        texts.append(
            f"Among the tested outlets the event made up {percent(tested['share'].min(), 1)} to "
            f"{percent(tested['share'].max(), 1)} of all items observed on the feed."
        )
    result = [Finding(text) for text in texts]
    partly = table[(table["observed_days"] < days) & (table["observed_days"] > 0)]
    if len(partly):
        names = listing(sorted(partly["name"]))
        text = (
            f"What {names} carried on the days on which the collection holds nothing of them "
            f"({int((days - partly['observed_days']).sum())} outlet-days) cannot be known; those days are left out of "
            f"comparisons."
        )
        result.append(Finding(text, "cannot tell"))
    return result


def corpus_sentence(study: Study, outlet: str) -> Finding:
    """How many articles of an outlet there are, from when, and how far it was observed."""
    row = coverage(study).set_index("outlet").loc[outlet]
    start, end = study.settings.window
    text = f"{row['name']}: {plural(int(row['articles']), 'article')}"
    if row["articles"]:
        text += f" from {day(row['first'])} to {day(row['last'])}"
    text += f", observed on {row['observed_days']} of the {(end - start).days + 1} days of the window."
    if row["role"] == "aggregator":
        text += " It republishes others' articles, so it is compared on titles only and stands in no reference."
    return Finding(text)


def salience_findings(study: Study, overall: pd.DataFrame, *, most: int = 6) -> list[Finding]:
    """Which of the main actors are named how often in the whole corpus: described, nothing tested.

    Parameters
    ----------
    overall : DataFrame, from `views.actor_frequency` without groups, in the order to name them
    """
    shares = [
        f"{percent(row.share)} ({interval(row.share_lower, row.share_upper, 0, scale=100)} %)"
        for row in overall.head(most).itertuples()
    ]
    names = list(overall["label"].head(most))
    having = {"title": "headlines", "lede": "articles that have a first paragraph", "text": "articles"}[
        study.settings.primary
    ]
    rest = [f"{name} in {share}" for name, share in zip(names[1:], shares[1:], strict=True)]
    return [
        Finding(
            f"{names[0]} is named in {shares[0]} of the {overall['articles'].iloc[0]} {having} "
            f"(95 % intervals in brackets), {listing(rest)}."
        )
    ]
