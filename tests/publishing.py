"""A throw-away project for the publishing tests: a tiny study, its features, and notebooks made of a few cells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis import tables
from analysis.publish.environment import quick_jsonschema
from analysis.study import load_study

with quick_jsonschema():
    import nbformat

#: What a cell needs to show something as analysis.report.components does, without importing it.
SHOW = """
from IPython.display import publish_display_data
def show(html, **payload):
    publish_display_data({"text/html": html, "text/plain": "…", "application/vnd.castillo+json": payload})
"""
PARAMETERS = 'study: str = "tiny"  # the study to report on'

TOML = """
name = "tiny"
title = "A tiny study"
question = "Does it publish?"
event = 2022-12-07
timezone = "America/Lima"
window = { start = 2022-12-05, end = 2022-12-31 }
languages = ["en"]
subevents = ["protests"]
min_articles = 2
periods = [{ name = "all", start = 2022-12-05, end = 2022-12-31 }]
"""
CSV = {
    "outlets.csv": """outlet,name,country,language,ownership,medium,feed,aggregator,observed_from,observed_to
north,The North,GB,en,private,newspaper,,no,,
south,The South,GB,en,public,broadcaster,,no,,
thin,Thin,GB,en,trust,online,,no,,
""",
    "actors.csv": """actor,kind,name,language,alias,case,surname,fold
castillo,person,Pedro Castillo,*,Pedro Castillo,exact,,
""",
    "labels.csv": "set,referent,label,language,term,case\nact,what he did,coup,en,coup,any\n",
}
ARTICLES = {"n1": "north", "n2": "north", "n3": "north", "s1": "south", "s2": "south", "t1": "thin"}


def make_project(root: Path, reports: str = '[[reports]]\nnotebook = "plain"\n', **csv: str) -> Path:
    """A project with the study `tiny`; `csv` replaces study files (outlets="…")."""
    study = root / "data" / "tiny"
    (study / "features").mkdir(parents=True)
    (root / "notebooks").mkdir()
    (root / "pyproject.toml").write_text("")
    (root / "requirements.lock").write_text("nothing==1\n")
    (study / "study.toml").write_text(TOML + reports, encoding="utf-8")
    rows = [f"{a},{o},en,2022-12-08T10:00:00Z,publisher,,text,news,protests,full" for a, o in ARTICLES.items()]
    head = ",".join(tables.ARTICLES_CSV.names)
    files = {
        **CSV,
        "articles.csv": "\n".join([head, *rows, ""]),
        "observed.csv": "outlet,day,items\n" + "".join(f"{o},2022-12-08,3\n" for o in ("north", "south", "thin")),
        **{f"{name}.csv": text for name, text in csv.items()},
    }
    for name, text in files.items():
        (study / name).write_text(text, encoding="utf-8")
    write_features(study)
    write_notebook(root, "plain", ["# Plain", SHOW + 'show("<p>one</p>", kind="finding", text="One is one.")'])
    return root


def write_features(study: Path) -> None:
    """Features of the tiny study: the articles, no sentence or mention, and what they were made with."""
    for schema in tables.FEATURES:
        tables.empty(schema).to_parquet(study / "features" / f"{schema.name.lower()}.parquet")
    count = len(ARTICLES)
    sha256 = [hashlib.sha256(article.encode()).hexdigest() for article in ARTICLES]
    frame = pd.DataFrame({"article": list(ARTICLES), "outlet": list(ARTICLES.values()), "language": "en"})
    frame["published"] = pd.Timestamp("2022-12-08T10:00:00Z")
    frame["body_kind"] = "full"
    for name in ("characters", "sentences", "tokens", "title_tokens", "lede_tokens"):
        frame[name] = range(1, count + 1)
    frame["source_sha256"] = frame["text_sha256"] = sha256
    tables.check(frame, tables.ARTICLES).to_parquet(study / "features" / "articles.parquet")
    meta = {"inputs": load_study(study).feature_inputs(), "measured": {"modules": []}}
    (study / "features" / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


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
