"""Method notes: what each instrument is and how well it measures, read from instruments/validity.csv."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.report.display import Shown, escape
from analysis.results import WORD_DRAWS
from analysis.stats.inference import LARGE, is_analytic, monte_carlo_error
from analysis.study import Study
from analysis.wording import ABSENT, interval, number, percent, spaced

VALIDITY = Path(__file__).parents[1] / "instruments" / "validity.csv"
METHODS = Path(__file__).parents[1] / "instruments" / "methods.bib"
#: Instrument → keys of methods.bib.
_CITED = {
    "text": ("kiss2006",),
    "sub-event": ("krippendorff2018",),
    "mentions": ("wilson1927", "cochran1977"),
    "dispersion": ("gries2008",),
    "valence": ("hutto2014", "hamborg2021"),
    "correction": ("grassia1982",),
    "variance": ("olejnik2003",),
    "comparison": ("mantel1959", "hesterberg2015", "agresti2000", "phipson2010", "benjamini1995", "broder1997"),
    "groups": ("welch1947",),
    "words": ("monroe2008",),
}

_NOTES = {
    "text": (
        "Text",
        "Compared is what was handed over: of a feed item what the feed carried, not the page behind it. The primary "
        "text is the title and first paragraph (where a study holds full texts, the whole text); the other variants "
        "are computed as well, and a conclusion that one of them overturns is called fragile. Items without a first "
        "paragraph, those with a photo caption among them, count where titles are compared and nowhere else. Items of "
        "an aggregator are compared on titles only, and neither they nor single pages stand in any reference. "
        "Sentences end where rules and lists of abbreviations say so, measured on invented news written around the "
        "hard cases.",
    ),
    "sub-event": (
        "Sub-event and genre",
        "What the study's articles.csv says that an item is mainly about; an item of which it says nothing has none.",
    ),
    "mentions": (
        "Mentions",
        "Aliases are matched as whole words, the longest first, with possessives and Polish case forms; a surname that "
        "several people share goes to the one named in full in the same article.",
    ),
    "voice": (
        "Voice",
        "A word is quoted inside quotation marks, attributed where a verb of saying, thinking, demanding or accusing, "
        "or a phrase such as “according to”, governs it (rules over word lists, no parser), else the outlet's own.",
    ),
    "valence": (
        "Tone",
        "Valence is VADER's compound score of each sentence (−1 to 1), averaged over an article's sentences. It was "
        "made for social media and reads news poorly, as the figures below show. It scores the event reported as much "
        "as the reporting: a sentence about deaths is negative whoever writes it. Toward an actor the tone is that "
        "of a linear model of our own, trained on coded sentences of news (NewsMTSC, Hamborg & Donnay 2021): it sees "
        "the words around a name, who does what to whom and who is quoted, but not who is named, save for names that "
        "are words of tone themselves (Grace). Languages other than English have no instrument and are left out.",
    ),
    "correction": (
        "Tone toward actors, corrected",
        "What the instrument takes for what in the mentions coded by hand tells how many of each class there must have "
        "been for it to find what it found (Grassia & Sundberg 1982). Intervals draw both the coded mentions and the "
        "outlets' articles anew. The confusion is taken to be the same in all outlets.",
    ),
    "variance": (
        "Variance in tone",
        "Omega squared (Olejnik & Algina 2003): the share of the variance between articles that goes with a grouping, "
        "less what any grouping into so many groups would get by chance.",
    ),
    "dispersion": (
        "Dispersion",
        "Gries' deviation of proportions (Gries 2008): half the sum of the differences between the share of an actor's "
        "mentions that each outlet has and the share of all words that it has.",
    ),
    "comparison": (
        "Comparison",
        "Articles, not words, are the sampling unit, and copies of one text are resampled together. Two sides are "
        "compared on days when both were observed. Differences are standardized over the study's periods with "
        "Mantel–Haenszel weights. {how} q is Benjamini–Hochberg over all tested outlets and features of a measure. "
        "The rest is all other outlets together, aggregators and single pages left out; beside it stand a mean in "
        "which every other outlet with five articles weighs the same, the comparison without copies of earlier "
        "articles, and for what stands the comparison without each single other outlet: where one of these turns "
        "round or spans zero, the conclusion is called fragile. In corpora simulated in the shape of the study this "
        "program was made for (tests/benchmarks/calibration.py) the tests keep their error rates; the intervals of "
        "shares hold from 16 articles on and are wider than need be below and for rare features; those of means hold "
        "where values are not skewed, and where they are very skewed are too narrow below 32 articles; "
        "those of rates per 1,000 words are too narrow: they hold the truth in about nine of ten with 20 articles "
        "and in 92 to 94 of a hundred with 50.",
    ),
    "groups": (
        "Groups of outlets",
        "A group is compared with all other outlets by outlet: each outlet's mean after its periods' means are taken "
        "off, the difference of the two sides' means, Welch's interval, and p from permuting outlets. Where outlets "
        "differ and groups do not, a test that permutes articles finds a difference three times as often as it "
        "should (tests/benchmarks/calibration.py).",
    ),
    "words": (
        "Words",
        "Log-odds ratio with an informative Dirichlet prior from the study's own background (Monroe, Colaresi & "
        "Quinn 2008). Spellings of one word are one (instruments/spellings.toml). Its z, by which words are ranked, "
        "takes every word as an independent draw, which words are not; q comes from whole articles permuted within "
        "periods, around the mean of the permuted z. Intervals take the larger of Monroe's standard error and that "
        "of articles drawn again.",
    ),
}


def method_note(study: Study, *instruments: str) -> Shown:
    """The notes of the instruments a report uses, each with its measured validity, and what to cite for them, folded.

    Parameters
    ----------
    study : Study
    instruments : of text, sub-event, mentions, dispersion, voice, valence, correction, variance, comparison, groups,
        words
    """
    table = pd.read_csv(VALIDITY)
    parts = []
    for instrument in instruments:
        title, text = _NOTES[instrument]
        text = text.replace("{how}", _how(study))
        if instrument in study.settings.notes:
            text += f" {study.settings.notes[instrument]}"
        mine = table[(table["instrument"] == instrument) & table["study"].isin(["*", study.name])]
        figures = "".join(f"<li>{escape(_figure(row))}</li>" for _, row in mine.iterrows())
        parts.append(
            f"<h3>{escape(title)}</h3><p>{escape(spaced(text))}</p>" + (f"<ul>{figures}</ul>" if figures else "")
        )
    parts.append(_folded(bibtex(*instruments)))
    return Shown(f'<div class="method">{"".join(parts)}</div>', {"kind": "text", "name": "method"})


def _how(study: Study) -> str:
    """Where intervals and p come from, which depends on how many articles there are."""
    if is_analytic("auto", len(study.articles)):
        return (
            f"With more than {LARGE:,} articles nothing is resampled: intervals are linearized and robust to copies, "
            f"p comes from the moments of drawing sides anew within periods (Pearson's type III)."
        )
    draws, seed = study.settings.draws, study.settings.seed
    return (
        f"Intervals are 95 % percentile bootstrap intervals, widened for small numbers; p comes from permuting "
        f"articles within periods. With {draws:,} draws each (seed {seed}; for words {WORD_DRAWS * draws:,}) "
        f"another seed would move a p of 0.05 by about {number(monte_carlo_error(0.05, draws), 3)} (standard error)."
    )


def bibtex(*instruments: str) -> str:
    """BibTeX entries of the methods behind instruments, in their order, each once."""
    text = METHODS.read_text(encoding="utf-8")
    entries = {entry.partition("{")[2].partition(",")[0]: entry for entry in text.strip().split("\n\n")}
    keys = dict.fromkeys(key for instrument in instruments for key in _CITED.get(instrument, ()))
    return "\n\n".join(entries[key] for key in keys)


def _folded(entries: str) -> str:
    if not entries:
        return ""
    return f'<details class="bibtex"><summary>The methods as BibTeX</summary><pre>{escape(entries)}</pre></details>'


def _figure(row: pd.Series) -> str:
    # Rates are at most 1; what is more, or nothing, is a count.
    value = ABSENT if pd.isna(row["value"]) else number(row["value"], 3 if 0 < row["value"] <= 1 else 0)
    measured = "" if pd.isna(row["command"]) else f", measured {row['date']} by {row['command']}"
    size = "" if pd.isna(row["n"]) else f", n = {row['n']:,.0f}"
    return f"{row['measure']}: {value}; {row['who']}, {row['data']}{size}{measured}"


def variance_sentence(shares: pd.DataFrame) -> str:
    """Whether the variance in tone goes with the sub-event more than with the outlet, as far as the data tell.

    Parameters
    ----------
    shares : DataFrame from `frequency.variance_shares`, rows subevent, outlet and difference (of the two), or none
    """
    if shares.empty:
        return (
            "Too few articles have both a tone and a coded sub-event, or their tone does not vary, to tell how much of "
            "the variance in tone goes with the event and how much with the outlet."
        )
    event, outlet, gap = (shares.loc[name] for name in ("subevent", "outlet", "difference"))
    text = (
        f"Of the variance in tone between {event['articles']:.0f} articles {_share(event)} goes with the sub-event "
        f"reported and {_share(outlet)} with the outlet (omega squared, 95 % intervals)"
    )
    ends = f"difference {interval(gap['lower'], gap['upper'], 0, scale=100, sign=True)} points"
    if gap["lower"] > 0:
        return f"{text}: what can be explained of tone is more the event than the outlet ({ends})."
    if gap["upper"] < 0:
        return f"{text}: tone goes with the outlet more than with the event ({ends})."
    return f"{text}; which of the two matters more cannot be told ({ends})."


def _share(row: pd.Series) -> str:
    lower, upper = max(row["lower"], 0), max(row["upper"], 0)
    return f"{percent(max(row['estimate'], 0))} ({interval(lower, upper, 0, scale=100)} %)"
