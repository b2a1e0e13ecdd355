"""A study of one's own: a folder with every file a study has, filled in with an example, or from texts."""

import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import NamedTuple

import pandas as pd

from analysis import tables
from analysis.annotation.run import annotate
from analysis.errors import AnalysisError, write_errors
from analysis.instruments import function_words, word_lists
from analysis.paths import find_root
from analysis.publish.reports import slug
from analysis.readers import Rejected, language_model, read_texts
from analysis.readers.row import host_of
from analysis.study import Study, load_study
from analysis.wording import escape_formula

TEXTS = "texts.jsonl"


def new_study(place: str | Path, texts: Sequence[Path] = ()) -> Study:
    """Write a study that explains each of its files; `place` is as `place_of` has it.

    Without texts it is an example that builds at once; else what is found in them, to be annotated.
    """
    folder = place_of(place)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise AnalysisError(f"{folder} is there already and not empty. Name another folder, or empty this one.")
    with write_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Made beside its place and moved there whole: an interruption leaves no half of a study.
        with tempfile.TemporaryDirectory(prefix=".castillo-new-", dir=folder.parent) as scratch:
            made = Path(scratch) / "study"
            made.mkdir()
            if texts:
                _write_from(texts, made, folder)
            else:
                _write(made, "template", slug(folder.name))
                annotate(made / TEXTS, load_study(made))
            made.replace(folder)
    return load_study(folder)


def place_of(place: str | Path) -> Path:
    """Folder that `castillo new` would write: a bare name lies under data/, as when a study is looked for."""
    path, data = Path(place), find_root() / "data"
    bare = str(place) == path.name and not path.is_dir()
    return (data / path if bare and data.is_dir() else path).resolve()


def _write_from(texts: Sequence[Path], folder: Path, place: Path) -> None:
    found = look_through(texts)
    first, last, commonest = found.days
    facts = {"outlets": str(len(found.outlets)), "start": first, "end": last, "event": commonest}
    lists = {"languages": found.languages, "actors": dict.fromkeys(found.actors["actor"]), "subevents": found.subevents}
    lists["texts"] = [Path(os.path.relpath(path.resolve(), place)).as_posix() for path in texts]
    facts |= {name: json.dumps(list(values), ensure_ascii=False) for name, values in lists.items()}
    _write(folder, "template_from", slug(place.name), known=", ".join(tables.LANGUAGES), **facts)
    for table in ("outlets", "actors"):
        getattr(found, table).map(escape_formula).to_csv(folder / f"{table}.csv", index=False)


def _write(folder: Path, template_folder: str, study: str, **more: str) -> None:
    facts = {
        "name": study,
        "languages": ", ".join(tables.LANGUAGES),
        "measures": ", ".join(tables.MEASURES),
        "columns": "\n".join(schema.described() for schema in (*tables.STUDY_FILES, *tables.OPTIONAL_FILES)).rstrip(),
        **more,
    }
    for template in files(__package__).joinpath(template_folder).iterdir():
        text = template.read_text(encoding="utf-8")
        if template.name.endswith((".md", ".toml")):
            text = Template(text).substitute(facts)
        # Under its own name it would count in this repository.
        name = ".gitignore" if template.name == "gitignore" else template.name
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


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
