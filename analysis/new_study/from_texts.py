"""Outlets, languages, days, and names that may be those of main actors, as texts themselves give them."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from analysis.errors import AnalysisError
from analysis.instruments import word_lists
from analysis.instruments.function_words import function_words
from analysis.publish.reports import slug
from analysis.readers import Rejected, language_model, read_texts
from analysis.readers.row import host_of

#: Least share of the texts that a language has, and fewest articles that name an actor; most actors.
LEAST_LANGUAGE, LEAST_ARTICLES, MOST_ACTORS = 0.05, 3, 6
#: Least share of the uses of a name's first word, in capitals or not, in which a name follows: a first name hardly ever
#: stands alone, a common noun mostly does ("Stadt", where nouns are capitalized).
LEAST_FOLLOWED = 0.5
_WORD = r"[^\W\d_a-zß-öø-ÿ][\w’'-]+"
#: Two to four capitalized words, small ones as in Ursula von der Leyen between them; not across the end of a sentence.
_NAME = re.compile(rf"\b{_WORD}(?: (?:(?:de|del|de la|da|do|dos|von|van|von der|di|du) )?{_WORD}){{1,3}}\b")


class Found(NamedTuple):
    """Facts of a study found in texts; `outlets` and `actors` are tables as outlets.csv and actors.csv have them."""

    articles: int
    outlets: pd.DataFrame
    languages: list[str]
    days: tuple[str, str, str]  # the first, the last, the one with most articles
    actors: pd.DataFrame
    subevents: list[str]


def look_through(paths: Iterable[Path]) -> Found:
    """Outlets, languages, days and candidates for main actors of texts; AnalysisError where none can be read."""
    rejected, frames = list[Rejected](), list[pd.DataFrame]()
    names, at_start, words, followed = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    languages = language_model().nb_classes
    for texts in read_texts(paths, rejected=rejected, languages=languages, kept=["subevent"]):
        frames.append(texts[["outlet", "language", "published", "subevent"]])
        for text, language in zip(texts["body"], texts["language"], strict=True):
            within, first = names_of(text, language)
            names.update(within)
            at_start.update(first - within)
            words.update(re.findall(r"\w[\w’'-]+", text.casefold()))
            for name in _NAME.findall(text):
                followed.update(name.casefold().split(" ")[:-1])
    if not frames:
        reasons = "; ".join(f"{row.path.name}:{row.line}: {row.reason}" for row in rejected[:3])
        raise AnalysisError(f"no article could be read, so nothing was written. {reasons or 'The files are empty'}.")
    articles = pd.concat(frames)
    days = articles["published"].dt.strftime("%Y-%m-%d")
    shares = articles["language"].value_counts(normalize=True)
    spoken = [str(language) for language in shares.index if shares[language] >= LEAST_LANGUAGE]
    commonest = str(days.value_counts().sort_index().idxmax())
    outlets = _outlets(articles[articles["language"].isin(spoken)])
    # What begins a sentence is a name where it is one elsewhere: "Yesterday Ferrer" is none.
    first_words = {word for word, count in followed.items() if count >= LEAST_FOLLOWED * words[word]}
    proper = {name for name in names if name.partition(" ")[0].casefold() in first_words} - set(outlets["name"])
    names = Counter({name: names[name] + at_start[name] for name in proper})
    subevents = sorted(set(articles["subevent"]) - {""})
    return Found(len(articles), outlets, spoken, (days.min(), days.max(), commonest), _actors(names), subevents)


def names_of(text: str, language: str) -> tuple[set[str], set[str]]:
    """Capitalized names of two words or more within sentences, and those that begin one, without offices before."""
    before = function_words(language) | {word.casefold() for word in word_lists("offices.toml", language)}
    within, first = set[str](), set[str]()
    for found in _NAME.finditer(text):
        words, ahead = re.sub("['’]s$", "", found[0]).split(" "), text[: found.start()].rstrip(' “"«‘(¿¡')
        begins = list(words) if not ahead or ahead[-1] in ".!?…:\n" else []
        while words and (words[0].casefold() in before or words[0][0].islower()):
            del words[0]
        if language == "de" and all(word[0].isupper() for word in words):  # Landrätin Eva Roth: nouns are capitalized
            words = words[-2:]
        if words == begins:
            first.add(" ".join(words))
            words = words[1:]
        if len(words) > 1:
            within.add(" ".join(words))
    return within, first


def _outlets(articles: pd.DataFrame) -> pd.DataFrame:
    """A row for each outlet, most articles first: an id made of its name, and the language that most are in."""
    grouped = articles.groupby("outlet")["language"].agg(lambda values: values.value_counts().index[0])
    names = articles["outlet"].value_counts().index
    ids = pd.Series([slug(name) for name in names], index=names)
    ids = ids.where(~ids.duplicated(), ids + "-" + ids.groupby(ids).cumcount().add(1).astype(str))
    hosts = [name if host_of(f"//{name}") == name.casefold() and "." in name else "" for name in names]
    return pd.DataFrame({"outlet": ids, "name": names, "language": grouped.reindex(names), "domain": hosts})


def _actors(articles: Counter[str]) -> pd.DataFrame:
    """The names that most articles hold, under a surname too; a longer one counts as the name that it ends with."""
    merged = Counter[str]()
    for name, count in articles.items():
        words = name.split(" ")
        ends = (" ".join(words[at:]) for at in range(1, len(words) - 1))
        merged[next((end for end in ends if articles[end] >= count), name)] += count
    ranked = sorted(merged.items(), key=lambda item: (-item[1], item[0]))
    rows = []
    for name in [name for name, count in ranked if count >= LEAST_ARTICLES][:MOST_ACTORS]:
        facts = (slug(name), "person", name, "*")
        rows.append((*facts, name, "exact", "", ""))
        if not (surname := name.rpartition(" ")[2]).isupper():  # AG, SA, USA: no surname
            rows.append((*facts, surname, "exact", "yes", ""))
    return pd.DataFrame(rows, columns=["actor", "kind", "name", "language", "alias", "case", "surname", "fold"])
