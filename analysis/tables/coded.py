"""Tables of hand coding: what may be coded, what was coded, and how well coders agree."""

from __future__ import annotations

from analysis.tables.schema import Column, Schema

STATUSES = ("coded", "nothing", "not-applicable")
VERDICTS = ("firm", "tentative", "not used")

_VARIABLE = Column("variable", "text", "", "what is coded, as in codebook.csv")
_ALPHA_RANGE = "at most 1"

CODEBOOK_CSV = Schema(
    "codebook.csv",
    "value of a variable",
    (
        Column("variable", "text", "", "what is coded: a short name without spaces"),
        Column(
            "values_per_article", "text", "", "single: an article has one value; multi: any number", ("single", "multi")
        ),
        Column("question", "text", "", "the question that the coder answers"),
        Column("value", "text", "", "a possible answer"),
        Column("definition", "text", "", "when to give it", optional=True),
        Column(
            "phrase",
            "text",
            "",
            "a page with it, after “157 of 359 pages”: call what Congress did an ouster",
            (),
            True,
            True,
        ),
    ),
    ("variable", "value"),
)

CODINGS = Schema(
    "codings.csv",
    "article (or mention) × coder × variable × value",
    (
        Column("article", "text", "", "id of the article"),
        Column(
            "start", "integer", "code points", "where the coded mention starts; missing for the whole article", (), True
        ),
        Column("end", "integer", "code points", "where it ends", (), True),
        Column("target", "text", "", "actor that is mentioned, as in actors.csv", (), True),
        Column("coder", "text", "", "who coded; settled: what coders agreed on afterwards"),
        _VARIABLE,
        Column("value", "text", "", "the code; empty where there is none", (), True),
        Column("status", "text", "", "whether a value was found", STATUSES),
        Column("note", "text", "", "what the coder remarked", (), True),
    ),
)

AGREEMENT = Schema(
    "AGREEMENT",
    "variable × value, for all articles and within each group",
    (
        Column("group", "text", "", "group of articles; empty for all", (), True),
        _VARIABLE,
        Column("value", "text", "", "a value of a variable that may have several; empty for the whole", (), True),
        Column("articles", "integer", "articles", "articles coded twice or more"),
        Column("first", "integer", "articles", "of these, how many have it by the coder that counts"),
        Column("second", "integer", "articles", "and by the other"),
        Column("agreement", "number", "0 to 1", "share of them of which all coders say the same"),
        Column("alpha", "number", _ALPHA_RANGE, "Krippendorff's alpha; undefined (missing) where all codes are equal"),
        Column("lower", "number", _ALPHA_RANGE, "lower end of its 95 % interval, outlets drawn"),
        Column("upper", "number", _ALPHA_RANGE, "upper end"),
        Column("verdict", "text", "", "firm from .8, tentative from .667, else or below 5 articles not used", VERDICTS),
    ),
)  # fmt: skip
