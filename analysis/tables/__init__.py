"""The tables that everything speaks in: column, unit, meaning; what holds a table to them is in `schema`.

A table is a pandas DataFrame or a CSV file of a study. This module is the data dictionary (`dictionary` writes it in
Markdown): nothing else in the project says what a column means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from analysis.errors import AnalysisError, did_you_mean
from analysis.tables.coded import AGREEMENT as AGREEMENT
from analysis.tables.coded import CODEBOOK_CSV as CODEBOOK_CSV
from analysis.tables.coded import CODINGS as CODINGS
from analysis.tables.schema import DTYPES as DTYPES
from analysis.tables.schema import Column as Column
from analysis.tables.schema import Schema as Schema
from analysis.tables.schema import check as check
from analysis.tables.schema import empty as empty

#: Languages with lists for sentences, reported speech and offices; others have general rules.
LANGUAGES = ("en", "es", "pt", "pl", "de", "fr", "it")
#: Codes of three letters (ISO 639-2), and what people write for a language whose tag they do not know.
_THREE_LETTERS = {
    **{"eng": "en", "spa": "es", "por": "pt", "pol": "pl", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr"},
    **{"ita": "it", "nld": "nl", "swe": "sv", "rus": "ru", "ukr": "uk", "tur": "tr", "ara": "ar", "zho": "zh"},
}
_LANGUAGE_NAMES = {
    **{"english": "en", "spanish": "es", "español": "es", "castellano": "es", "portuguese": "pt", "português": "pt"},
    **{"polish": "pl", "polski": "pl", "german": "de", "deutsch": "de", "french": "fr", "français": "fr"},
    **{"italian": "it", "italiano": "it"},
}


def language_tag(text: str) -> str:
    """Language as this project writes it, without region: en for EN, en-GB, en_US or eng, es for es-419.

    What is no language tag (BCP 47) comes back as it is, for whoever asks to refuse by name.

    >>> [language_tag(tag) for tag in ("es-419", "PL", "zh-Hans-CN", "Spanish")]
    ['es', 'pl', 'zh', 'Spanish']
    """
    primary, *rest = text.strip().replace("_", "-").split("-")
    if not 2 <= len(primary) <= 3 or not all(part.isascii() and part.isalnum() for part in (primary, *rest)):
        return text.strip()
    return _THREE_LETTERS.get(primary.lower(), primary.lower())


def language_hint(value: str) -> str:
    """Suggestion in brackets for what is no known language."""
    found = _LANGUAGE_NAMES.get(value.casefold())
    return f" (did you mean {found!r}?)" if found else did_you_mean(value, LANGUAGES)


def general_rules_note(languages: Iterable[str]) -> str:
    """Sentence on languages without lists of their own; empty where there is none."""
    without = ", ".join(language for language in languages if language not in LANGUAGES)
    missing = "sentences and words follow general rules, and reported speech is not told from the outlet's"
    return f"{without}: no lists of abbreviations, verbs and offices, so {missing}" if without else ""


PARTS = ("title", "lede", "rest")


class Variant(NamedTuple):
    """A text to compare articles by: its parts, its name, and what one calls the articles that have it."""

    parts: tuple[str, ...]
    label: str
    articles: str


VARIANTS = {
    "title": Variant(("title",), "titles only", "headlines"),
    "lede": Variant(("title", "lede"), "title and first paragraph", "articles that have a first paragraph"),
    "text": Variant(("title", "lede", "rest"), "whole text", "articles"),
}
#: What is compared; `term-share` are words.
MEASURES = (
    *("actor-share", "actor-rate", "label-share", "label-share-own"),
    *("sentiment", "targeted-sentiment", "term-share"),
)
GENRES = ("news", "opinion", "explainer", "photo", "briefing")
BODY_KINDS = ("none", "caption", "summary", "full")
SOURCES = ("feed", "page", "text")
TIMESTAMPS = ("publisher", "day", "month", "crawl")
#: What a column of a table of texts may hold: the keys of [columns] in study.toml.
TEXT_COLUMNS = ("file", "article", "outlet", "language", "published", "url", "title", "body", "source")
VOICES = ("own", "attributed", "quoted")
POLARITIES = ("negative", "neutral", "positive")
KINDS = ("person", "party", "institution", "place", "state", "group")


def _table(name: str, row: str, key: str = "") -> Callable[..., Schema]:
    """A schema, to be given its columns: its name, what a row is, the columns that together occur only once."""
    return lambda *columns: Schema(name, row, columns, tuple(key.split()))


def _c(
    name: str, kind: str, unit: str, meaning: str, allowed: tuple[str, ...] = (), *, optional: bool = False
) -> Column:
    return Column(name, kind, unit, meaning, allowed, optional)


def _text(name: str, meaning: str, allowed: tuple[str, ...] = (), *, optional: bool = False) -> Column:
    return Column(name, "text", "", meaning, allowed, optional)


def _extra(name: str, meaning: str, allowed: tuple[str, ...] = ()) -> Column:
    """A column that a file need not have."""
    return Column(name, "text", "", meaning, allowed, True, True)


_ARTICLE = _text("article", "unique id of the article")
_OUTLET = _text("outlet", "id of the outlet, as in outlets.csv")
_LANGUAGE = _c("language", "text", "BCP 47", "language of the text")
_PUBLISHED = _c("published", "time", "UTC", "when the publisher (or, failing that, the crawler) dated it")
_TIMESTAMP = _text(
    "timestamp", "what is dated: the publisher's time, a day or a month given without more, or the crawl", TIMESTAMPS
)
_URL = _text("url", "address of the article", optional=True)
_SOURCE = _text("source", "what the text is: a feed item, a page, or a text handed over", SOURCES)
_PART = _text("part", "title, lede (first paragraph of the body) or rest", PARTS)
_START = _c("start", "integer", "code points", "first position in the cleaned text")
_END = _c("end", "integer", "code points", "position after the last")
_SHA256 = _c("source_sha256", "text", "hex", "digest of title and body as they were handed over")
_CASE = _text("case", "exact: only in this capitalisation; any: in every", ("exact", "any"))

TEXTS = _table("TEXTS", "article (private: never in the repository)")(
    *(_ARTICLE, _OUTLET, _LANGUAGE, _PUBLISHED, _TIMESTAMP, _URL, _SOURCE),
    _text("title", "headline, cleaned of markup"),
    _text("body", "body, cleaned of markup; paragraphs end in a line break"),
    _SHA256,
)

ARTICLES = _table("ARTICLES", "article", "article")(
    *(_ARTICLE, _OUTLET, _LANGUAGE, _PUBLISHED),
    _text("body_kind", "what the body holds", BODY_KINDS),
    _c("characters", "integer", "code points", "length of the cleaned text, title + line break + body"),
    _c("sentences", "integer", "sentences", "sentences in the cleaned text"),
    _c("tokens", "integer", "tokens", "word tokens (with a letter or digit) in the cleaned text"),
    _c("title_tokens", "integer", "tokens", "word tokens in the title"),
    _c("lede_tokens", "integer", "tokens", "word tokens in the first paragraph of the body"),
    _SHA256,
    _c("text_sha256", "text", "hex", "digest of the cleaned text"),
)

SENTENCES = _table("SENTENCES", "sentence", "article sentence")(
    _ARTICLE,
    _c("sentence", "integer", "", "position in the article, from 0"),
    *(_PART, _START, _END),
    _c("tokens", "integer", "tokens", "word tokens in the sentence"),
    _c("sentiment", "number", "-1 to 1", "tone of the sentence; missing where the language has no instrument"),
    _c("quoted", "number", "0 to 1", "share of its word tokens inside quotation marks"),
)

TERMS = _table("TERMS", "article × part × word form", "article part term")(
    _ARTICLE, _PART, _text("term", "word form, case-folded"), _c("count", "integer", "tokens", "how often")
)

MENTIONS = _table("MENTIONS", "mention", "article start gazetteer")(
    _ARTICLE,
    _c("sentence", "integer", "", "its sentence's position in the article"),
    *(_START, _END),
    _text("gazetteer", "which table the alias comes from", ("actors", "labels")),
    _text("entry", "actor, or set:label; missing where a surname is unresolved", optional=True),
    _text("alias", "the alias that matched, as the table writes it"),
    _text("voice", "who speaks: the outlet, somebody paraphrased, somebody quoted", VOICES),
    _c("sentiment", "number", "-1 to 1", "tone toward the mention; missing where the language has no instrument"),
)

SIGNATURES = _table("SIGNATURES", "article × (title, text)", "article scope")(
    _ARTICLE,
    _text("scope", "what is signed", ("title", "text")),
    _c("minhash", "list", "uint32", "MinHash of token shingles; empty where the text is too short"),
)

REPRINTS = _table("REPRINTS", "article", "article")(
    _ARTICLE,
    _text("head", "earliest article of its cluster of copies; itself where there is no copy"),
    _c("similarity", "number", "0 to 1", "estimated Jaccard similarity to the nearest copy; 0 without one"),
)

COMPARISON = _table("COMPARISON", "measure × feature × group")(
    _text("measure", "actor-share, actor-rate, label-share, sentiment, term-share…"),
    _text("feature", "what is measured: an actor, a set:label, a term, …"),
    _text("group", "the outlet (or outlets) compared"),
    _text("reference", "what it is compared with"),
    _c("language", "text", "BCP 47", "language of the articles compared, mul for several"),
    _text("variant", f"which text: {', '.join(f'{v} ({VARIANTS[v].label})' for v in VARIANTS)}", tuple(VARIANTS)),
    _text(
        "adjustment",
        "raw, standardized over the study's periods, or that with copies of earlier articles left out",
        ("raw", "standardized", "without copies"),
    ),
    _c("estimate", "number", "of the measure", "group minus reference; positive: more, or warmer, in the group"),
    _c("lower", "number", "of the measure", "lower end of the 95 % interval"),
    _c("upper", "number", "of the measure", "upper end of the 95 % interval"),
    _c("z", "number", "", "estimate over its standard error"),
    _c("p", "number", "0 to 1", "two-sided p; missing where not tested"),
    _extra(
        "test",
        "how p was found (exact, drawn until it was clear on which side of its threshold it lies, undecided after the "
        "most draws, by moments), or why there is none (no articles of both sides are matched, few articles, no "
        "variation, cannot pass: p cannot be as small as 0.05)",
        (
            *("exact", "drawn", "undecided", "moments"),
            *("not matched", "few articles", "no variation", "cannot pass"),
        ),
    ),
    _c("q", "number", "0 to 1", "Benjamini–Hochberg q over all tested groups and features of the measure"),
    _c("effect", "number", "", "standardized effect (Cohen's h, log rate ratio, Hedges' g, log odds)"),
    _c("detectable", "number", "of the measure", "smallest difference found with 80 % power at this n"),
    _c("count", "number", "of the measure", "articles, mentions or tokens counted in the group"),
    _c("reference_count", "number", "of the measure", "the same in the reference"),
    _c("articles", "integer", "articles", "articles of the group compared"),
    _c("reference_articles", "integer", "articles", "articles of the reference compared"),
)

# The files of a study folder.

OUTLETS_CSV = _table("outlets.csv", "outlet", "outlet")(
    _OUTLET,
    _text("name", "name as the outlet writes it"),
    _c("country", "text", "ISO 3166-1 alpha-2", "country of the newsroom"),
    _LANGUAGE,
    _text("ownership", "who owns it: private, public, state-funded, …; a study has its own words"),
    _text("medium", "newspaper, broadcaster, agency, magazine, online"),
    _extra("feed", "name of the feed the items came through"),
    _extra("domain", "its hosts, with spaces between: whose pages of a crawl are its"),
    _text("aggregator", "whether it republishes others' articles", ("yes", "no")),
    Column("observed_from", "day", "UTC", "first day of steady observation", (), True, True),
    Column("observed_to", "day", "UTC", "last day of observation", (), True, True),
)

ARTICLES_CSV = _table("articles.csv", "article", "article")(
    *(
        _ARTICLE,
        _OUTLET,
        _LANGUAGE,
        replace(_PUBLISHED, optional=True),
        replace(_TIMESTAMP, optional=True),
        _URL,
        _SOURCE,
    ),
    _extra("genre", "kind of item; coded ones, as of the next two, count before these", GENRES),
    _extra("subevent", "what it is mainly about, after the codebook"),
    _extra("body_kind", "what its body holds, after the codebook", BODY_KINDS),
    _extra("date_from", "how the date was told: url, text, inferred, …"),
    _extra("agency", "agency that the article credits"),
)

OBSERVED_CSV = _table("observed.csv", "outlet × day", "outlet day")(
    _OUTLET,
    _c("day", "day", "UTC", "day of observation"),
    _c("items", "integer", "items", "items on any topic that the collection holds of that outlet and day"),
)

ACTORS_CSV = _table("actors.csv", "alias of an actor", "actor language alias")(
    _text("actor", "id of the actor"),
    _text("kind", "what the actor is", KINDS),
    _text("name", "name shown in reports"),
    _c("language", "text", "BCP 47 or *", "language in which the alias is used; * for any"),
    _text("alias", "the words as written"),
    _CASE,
    _text("surname", "yes: a surname to resolve; default: goes here if unresolved", ("yes", "default"), optional=True),
    _text("fold", "yes: accents may be missing in the text", ("yes",), optional=True),
)

LABELS_CSV = _table("labels.csv", "term of a label", "language term")(
    _text("set", "the set of competing words"),
    _text("referent", "what the words of the set compete to name"),
    _text("label", "the word under which forms are counted together"),
    _c("language", "text", "BCP 47 or *", "language of the term"),
    _text("term", "the words as written"),
    _CASE,
)

STUDY_FILES = (OUTLETS_CSV, ARTICLES_CSV, OBSERVED_CSV, ACTORS_CSV, LABELS_CSV)
OPTIONAL_FILES = (CODEBOOK_CSV,)
#: What a study with a codebook need not have.
MEASURED_FILES = (OBSERVED_CSV, ACTORS_CSV, LABELS_CSV)
FEATURES = (ARTICLES, SENTENCES, TERMS, MENTIONS, SIGNATURES, REPRINTS)


def feature_schema(name: str) -> Schema:
    """Schema of a table of features by its name, in any case."""
    known = {schema.name.lower(): schema for schema in FEATURES}
    if name.lower() not in known:
        hint = did_you_mean(name.lower(), known)
        raise AnalysisError(f"no table of features {name!r}{hint}. There: {', '.join(known)}.")
    return known[name.lower()]
