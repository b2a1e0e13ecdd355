"""The tables that everything speaks in, pandas DataFrames or CSV files of a study; `schema` holds a table to them.

columns.csv is the data dictionary (`Schema.described` writes it in Markdown): nothing else says what a column means.
"""

from collections.abc import Iterable
from typing import NamedTuple

from analysis.errors import AnalysisError, did_you_mean
from analysis.tables.schema import DTYPES as DTYPES
from analysis.tables.schema import Column as Column
from analysis.tables.schema import Schema as Schema
from analysis.tables.schema import check as check
from analysis.tables.schema import empty as empty
from analysis.tables.schema import schema as _table

#: Languages with lists for sentences, reported speech and offices; others have general rules.
LANGUAGES = ("en", "es", "pt", "pl", "de", "fr", "it")
#: Codes of three letters (ISO 639-2), and what people write for a language whose tag they do not know.
_THREE_LETTERS = {
    **{"eng": "en", "spa": "es", "por": "pt", "pol": "pl", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr"},
    **{"ita": "it", "nld": "nl", "swe": "sv", "rus": "ru", "ukr": "uk", "tur": "tr", "ara": "ar", "zho": "zh"},
}
LANGUAGE_NAMES = {
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
    found = LANGUAGE_NAMES.get(value.casefold())
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
#: What a column of a table of texts may hold: the keys of [columns] in study.toml.
TEXT_COLUMNS = ("file", "article", "outlet", "language", "published", "url", "title", "body", "source")
POLARITIES = ("negative", "neutral", "positive")

# The files of a study folder.
OUTLETS_CSV = _table("outlets.csv", "outlet", "outlet")
ARTICLES_CSV = _table("articles.csv", "article", "article")
OBSERVED_CSV = _table("observed.csv", "outlet × day", "outlet day")
ACTORS_CSV = _table("actors.csv", "alias of an actor", "actor language alias")
LABELS_CSV = _table("labels.csv", "term of a label", "language term")
CODEBOOK_CSV = _table("codebook.csv", "value of a variable", "variable value")
CODINGS = _table("codings.csv", "article (or mention) × coder × variable × value")

# Features.
ARTICLES = _table("ARTICLES", "article", "article")
SENTENCES = _table("SENTENCES", "sentence", "article sentence")
TERMS = _table("TERMS", "article × part × word form", "article part term")
MENTIONS = _table("MENTIONS", "mention", "article start gazetteer")
SIGNATURES = _table("SIGNATURES", "article × (title, text)", "article scope")
REPRINTS = _table("REPRINTS", "article", "article")

TEXTS = _table("TEXTS", "article (private: never in the repository)")
AGREEMENT = _table("AGREEMENT", "variable × value, for all articles and within each group")
COMPARISON = _table("COMPARISON", "measure × feature × group")

SOURCES, TIMESTAMPS = TEXTS.allowed("source"), TEXTS.allowed("timestamp")
BODY_KINDS, VOICES = ARTICLES.allowed("body_kind"), MENTIONS.allowed("voice")
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
