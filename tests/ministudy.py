"""A throw-away study with a few invented texts, for the tests of annotating and reading in context."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from analysis.study import Study, load_study
from analysis.text.gazetteer import Gazetteer

SETTINGS = """
name = "mini"
title = "A mini study"
question = "Does it run?"
event = 2022-12-07
timezone = "America/Lima"
window = { start = 2022-12-01, end = 2022-12-31 }
languages = ["en", "pl"]
texts = ["texts.jsonl"]
subevents = ["protests"]
[[periods]]
name = "all"
start = 2022-12-01
end = 2022-12-31
[[reports]]
notebook = "overview"
"""
FILES = {
    "outlets.csv": """outlet,name,country,language,ownership,medium,feed,aggregator,observed_from,observed_to
herald,The Herald,GB,en,private,newspaper,,no,2022-12-01,2022-12-31
kurier,Kurier,PL,pl,private,newspaper,,no,2022-12-01,2022-12-31
""",
    "articles.csv": """article,outlet,language,published,timestamp,url,source,genre,subevent,body_kind
herald-1,herald,en,2022-12-07T15:00:00Z,publisher,https://h.example/1,feed,news,protests,caption
herald-9,herald,en,2022-12-07T15:00:00Z,publisher,https://h.example/9,feed,news,protests,
""",
    "observed.csv": "outlet,day,items\nherald,2022-12-07,5\n",
    "actors.csv": """actor,kind,name,language,alias,case,surname,fold
ada-rivas,person,Ada Rivas,*,Ada Rivas,exact,,
ada-rivas,person,Ada Rivas,*,Rivas,exact,default,
leo-rivas,person,Leo Rivas,*,Leo Rivas,exact,,
leo-rivas,person,Leo Rivas,*,Rivas,exact,yes,
congress,institution,Congress,en,Congress,exact,,
us-congress,institution,US Congress,en,US Congress,exact,,
peru,state,Peru,*,Perú,exact,,yes
""",
    "labels.csv": """set,referent,label,language,term,case
crowd,the crowd,protesters,en,protesters,any
crowd,the crowd,mob,en,mob,any
act,the act,coup,en,coup d'état,any
""",
}
TEXTS = [
    {
        "article": "herald-1",
        "outlet": "herald",
        "language": "en",
        "published": "2022-12-07T15:00:00Z",
        "url": "https://h.example/1",
        "title": "Protesters cheer Ada Rivas in Perú",
        "body": "<p>Congress met. The “mob” left, Rivas’s aide said.</p><p>A happy day.</p>",
    },
    {
        "article": "herald-2",
        "outlet": "herald",
        "language": "en",
        "published": "2022-12-08T15:00:00.250000Z",
        "url": "https://h.example/2?a=1,2",
        "title": "",
        "body": "A coup d’état, the mob cried. (Photo by Ann Ode)",
    },
    {
        "article": "kurier-1",
        "outlet": "kurier",
        "language": "pl",
        "published": "2022-12-09",
        "url": "",
        "source": "text",
        "title": "Leo Rivas w Peru",
        "body": "Rivas przyjechał m.in. do Limy. Potem wyjechał.",
    },
]


def write_texts(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def mini_study(folder: Path) -> Study:
    """A study of two outlets, three texts and one article without a text."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(SETTINGS, encoding="utf-8")
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    write_texts(folder / "texts.jsonl", TEXTS)
    return load_study(folder)


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
