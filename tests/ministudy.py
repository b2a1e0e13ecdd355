"""The study that tests use: six outlets, two periods, two languages, and features made by hand, without texts.

`write_study` writes it; `make_project` gives it notebooks to build, as "tiny"; `mini_study` has instead a few invented
texts to be annotated.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from analysis import tables
from analysis.publish.environment import shorten_imports
from analysis.study import Study, load_study
from analysis.text.gazetteer import Gazetteer

shorten_imports()
import nbformat  # noqa: E402

#: Files of the studies, each in a folder of its own.
STUDIES = Path(__file__).parent / "studies"


def read_files(study: str) -> dict[str, str]:
    """Text of each file of a study, by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((STUDIES / study).iterdir())}


#: Outlet → days of December on which it has an article, one each. The collection holds something of each outlet and day
#: from the 6th to the 20th, of north to the 15th.
DAYS = {
    "north": (7, 7, 8, 9, 12, 13, 14, 15),
    "south": (7, 8, 9, 9, 12, 13, 14, 16),  # the first lies before its steady observation
    "east": (8, 12, 13),
    "portal": (7, 8, 9, 12, 13, 14),
    "wschod": (8, 13),
    "single": (13,),
}
CAPTIONED = "south-3"
#: The same with fewer articles, as a project has it to be built.
TINY_DAYS = {"north": (8, 9, 13), "south": (8, 12), "thin": (8,)}
TINY = {
    'name = "small"': 'name = "tiny"',
    "A small study": "A tiny study",
    "min_articles = 6": "min_articles = 2",
    'excluded_from_references = ["single"]\n': "",
    "end = 2022-12-20": "end = 2022-12-31",
    "\nsingle,": "\nthin,",
    "\npedro-castillo,person,Pedro Castillo,*,Castillo,exact,default,": "",
}


def _articles(days: Mapping[str, Sequence[int]]) -> pd.DataFrame:
    rows = []
    for outlet, number, day in ((o, *at) for o, on in days.items() for at in enumerate(on)):
        body = "none" if outlet == "portal" else "caption" if f"{outlet}-{number}" == CAPTIONED else "summary"
        event = "removal-and-arrest" if day < 10 else "protests"
        stamp = "crawl" if outlet == "portal" else "publisher"
        facts = ("page" if outlet == "single" else "feed", "news", event, body)
        published = pd.Timestamp(2022, 12, day, 15, number, tz="UTC")
        language, url = "pl" if outlet == "wschod" else "en", f"https://{outlet}.example/{number}"
        rows.append((f"{outlet}-{number}", outlet, language, published, stamp, url, *facts))
    return pd.DataFrame(rows, columns=tables.ARTICLES_CSV.names[:10])


def _features(articles: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Titles of 10 words, ledes of 20, rests of 30; north names Castillo in every title, others in every second."""
    sentences, terms, mentions = [], [], []
    for at, row in enumerate(articles.itertuples()):
        tone = float("nan") if row.language == "pl" else round(((at * 7) % 11 - 5) / 10, 2)
        for number, part in enumerate(("title",) if row.body_kind == "none" else ("title", "lede", "rest")):
            start = 100 * number
            sentences.append((row.article, number, part, start, start + 99, 10 * (number + 1), tone, 0))
            word = "coup" if row.outlet == "north" else "protest"
            counts = {"peru": 2, word: 1, "lima": at % 3, "x1": 1, "’s": 1}
            terms += [(row.article, part, term, count) for term, count in counts.items() if count]
            found = []
            if part == "title" and (row.outlet == "north" or at % 2):
                found = [("actors", "pedro-castillo", "Castillo", "own")]
            if part == "lede":
                label = "act:coup" if at % 3 else "act:self-coup"
                found = [("actors", "dina-boluarte", "Dina Boluarte", "own")]
                found.append(("labels", label, "coup", "own" if at % 2 else "quoted"))
            if part == "rest" and at % 5 == 0:
                found = [("actors", None, "Castillo", "attributed")]
            for place, mention in enumerate(found, start=start // 10):
                mentions.append((row.article, number, 10 * place, 10 * place + len(mention[2]), *mention, tone))
    annotated = articles[["article", "outlet", "language", "published", "body_kind"]].assign(
        characters=300, sentences=3, tokens=60, title_tokens=10, lede_tokens=20, source_sha256="0" * 64
    )
    annotated.loc[annotated["body_kind"] == "caption", "body_kind"] = "summary"  # the manifest knows better
    reprints = pd.DataFrame({"article": articles["article"], "head": articles["article"], "similarity": 0.0})
    reprints.loc[reprints["article"] == "south-4", ["head", "similarity"]] = ["north-4", 0.9]
    return {
        "ARTICLES": annotated.assign(text_sha256="1" * 64),
        "SENTENCES": pd.DataFrame(sentences, columns=tables.SENTENCES.names),
        "TERMS": pd.DataFrame(terms, columns=tables.TERMS.names),
        "MENTIONS": pd.DataFrame(mentions, columns=tables.MENTIONS.names),
        "SIGNATURES": tables.empty(tables.SIGNATURES),
        "REPRINTS": reprints,
    }


def write_study(
    folder: Path, days: Mapping[str, Sequence[int]] = DAYS, changes: Mapping[str, str] | None = None
) -> Path:
    """Write the study's files and features into a folder: an article on each of the days, passages changed."""
    articles = _articles(days)
    observed = [f"{o},2022-12-{d:02d},10" for o in days for d in range(6, 16 if o == "north" else 21)]
    stamped = articles.assign(published=articles["published"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    files = read_files("small") | {
        "observed.csv": "\n".join(["outlet,day,items", *observed, ""]),
        "articles.csv": stamped.to_csv(index=False),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        for old, new in (changes or {}).items():
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    write_features(folder, articles)
    return folder


def write_features(folder: Path, articles: pd.DataFrame | None = None) -> None:
    """Write features of some articles, of the tiny study's where none are given, and what they were made with."""
    (folder / "features").mkdir(exist_ok=True)
    made = _features(_articles(TINY_DAYS) if articles is None else articles)
    for schema in tables.FEATURES:
        tables.check(made[schema.name], schema).to_parquet(folder / "features" / f"{schema.name.lower()}.parquet")
    meta = {"inputs": load_study(folder).feature_inputs(), "measured": {"modules": []}}
    (folder / "features" / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


#: What a cell needs to show something as analysis.report.components does, without importing it.
SHOW = """
from IPython.display import publish_display_data
def show(html, **payload):
    publish_display_data({"text/html": html, "text/plain": "…", "application/vnd.castillo+json": payload})
"""
PARAMETERS = 'study: str = "tiny"  # the study to report on'


@cache
def _tiny(reports: str) -> tempfile.TemporaryDirectory[str]:
    """The tiny study's folder, written once; to be copied."""
    folder = tempfile.TemporaryDirectory(prefix="tiny-")
    write_study(Path(folder.name), TINY_DAYS, {**TINY, '\n[[reports]]\nnotebook = "overview"\n': f"\n{reports}"})
    return folder


def make_project(root: Path, reports: str = '[[reports]]\nnotebook = "plain"\n') -> Path:
    """A project with the study `tiny`, and one notebook."""
    shutil.copytree(_tiny(reports).name, root / "data" / "tiny")
    (root / "notebooks").mkdir()
    (root / "pyproject.toml").write_text("")
    (root / "requirements.lock").write_text("nothing==1\n")
    write_notebook(root, "plain", ["# Plain", SHOW + 'show("<p>one</p>", kind="finding", text="One is one.")'])
    return root


def write_notebook(root: Path, name: str, cells: Sequence[str], parameters: str = PARAMETERS) -> Path:
    """A notebook: its title, its parameters cell, then cells; a cell that starts with # and a space is markdown."""
    made = []
    for text in cells:
        markdown = text.lstrip("#").startswith(" ") or text.startswith("md:")
        new = nbformat.v4.new_markdown_cell if markdown else nbformat.v4.new_code_cell
        made.append(new(text.removeprefix("md:")))
    made.insert(1, nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    for number, cell in enumerate(made):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})
    path = root / "notebooks" / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


FILES = read_files("mini")
TEXTS = [json.loads(line) for line in FILES["texts.jsonl"].splitlines()]


def write_texts(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def mini_study(folder: Path) -> Study:
    """A study of two outlets, three texts and one article without a text."""
    return load_study(shutil.copytree(STUDIES / "mini", folder, dirs_exist_ok=True))


def actors(*rows: tuple[str, str, str, str, str | None, str | None]) -> pd.DataFrame:
    """Alias table from (actor, language, alias, case, surname, fold)."""
    frame = pd.DataFrame(rows, columns=["actor", "language", "alias", "case", "surname", "fold"])
    return frame.assign(kind="person", name=frame["actor"])


def labels(*rows: tuple[str, str, str, str, str]) -> pd.DataFrame:
    """Label table from (set, label, language, term, case)."""
    return pd.DataFrame(rows, columns=["set", "label", "language", "term", "case"]).assign(referent="it")


def gazetteer(*rows: tuple[str, str, str, str, str | None, str | None]) -> Gazetteer:
    """Gazetteer of actors only."""
    return Gazetteer.from_tables(actors(*rows), labels())
