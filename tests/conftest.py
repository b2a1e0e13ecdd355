"""A small valid study, made by hand: six outlets, two periods, two languages, features without texts.

And the real studies' reports, built once per session in a copy of the project.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest
from hypothesis import settings as hypothesis_settings
from matplotlib import pyplot as plt

from analysis import results, tables
from analysis.publish.state import lock
from analysis.study import Study, load_study

# A shell starts what it runs in the background with Ctrl-C ignored, which programs started here would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
# The same examples each time, and few: HYPOTHESIS_PROFILE=thorough draws many, and others each time.
hypothesis_settings.register_profile("fast", max_examples=25, derandomize=True, deadline=None)
hypothesis_settings.register_profile("thorough", max_examples=300, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

SETTINGS = """
name = "small"
title = "A small study"
question = "Does it measure?"
event = 2022-12-07
timezone = "America/Lima"
window = { start = 2022-12-05, end = 2022-12-20 }
languages = ["en", "pl"]
min_articles = 6
primary = "lede"
excluded_from_references = ["single"]
seed = 7
draws = 200
main_actors = ["pedro-castillo", "dina-boluarte"]
confirmatory = ["actor-share"]
subevents = ["removal-and-arrest", "protests"]

[[periods]]
name = "removal"
start = 2022-12-05
end = 2022-12-10

[[periods]]
name = "protests"
start = 2022-12-11
end = 2022-12-20

[[happenings]]
day = 2022-12-07
name = "Castillo removed"

[[reports]]
notebook = "overview"
"""

OUTLETS = """outlet,name,country,language,ownership,medium,feed,aggregator,observed_from,observed_to
north,The North,GB,en,private,newspaper,RSS,no,2022-12-06,2022-12-20
south,The South,US,en,public,broadcaster,RSS,no,2022-12-08,2022-12-20
east,East Daily,US,en,trust,online,RSS,no,,
portal,Portal,US,en,private,online,RSS,yes,,
wschod,Wschód,PL,pl,private,online,RSS,no,,
single,Single Page,VE,en,state-funded,broadcaster,,no,,
"""

ACTORS = """actor,kind,name,language,alias,case,surname,fold
pedro-castillo,person,Pedro Castillo,*,Pedro Castillo,exact,,
pedro-castillo,person,Pedro Castillo,*,Castillo,exact,default,
dina-boluarte,person,Dina Boluarte,*,Dina Boluarte,exact,,
peru-congress,institution,Congress of Peru,en,Congress,exact,,
"""

LABELS = """set,referent,label,language,term,case
act,what Castillo did,coup,en,coup,any
act,what Castillo did,self-coup,en,self-coup,any
crowd,those in the streets,mob,en,mob,any
crowd,those in the streets,protesters,en,protesters,any
"""

#: Outlet → days of December on which it has an article, one each.
DAYS = {
    "north": (7, 7, 8, 9, 12, 13, 14, 15),
    "south": (7, 8, 9, 9, 12, 13, 14, 16),  # the first lies before its steady observation
    "east": (8, 12, 13),
    "portal": (7, 8, 9, 12, 13, 14),
    "wschod": (8, 13),
    "single": (13,),
}
#: Outlet → days of December of which the collection holds anything from it. North has no 16th.
OBSERVED = {outlet: range(6, 16) if outlet == "north" else range(6, 21) for outlet in DAYS}
CAPTIONED = "south-3"


def _articles() -> pd.DataFrame:
    rows = []
    for outlet, days in DAYS.items():
        for number, day in enumerate(days):
            article = f"{outlet}-{number}"
            body = "none" if outlet == "portal" else "caption" if article == CAPTIONED else "summary"
            rows.append(
                {
                    "article": article,
                    "outlet": outlet,
                    "language": "pl" if outlet == "wschod" else "en",
                    "published": pd.Timestamp(2022, 12, day, 15, number, tz="UTC"),
                    "timestamp": "crawl" if outlet == "portal" else "publisher",
                    "url": f"https://{outlet}.example/{number}",
                    "source": "page" if outlet == "single" else "feed",
                    "genre": "news",
                    "subevent": "removal-and-arrest" if day < 10 else "protests",
                    "body_kind": body,
                }
            )
    return pd.DataFrame(rows)


def _features(articles: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Titles of 10 words, ledes of 20, rests of 30; north names Castillo in every title, others in every second."""
    sentences, terms, mentions = [], [], []
    for at, row in enumerate(articles.itertuples()):
        tone = float("nan") if row.language == "pl" else round(((at * 7) % 11 - 5) / 10, 2)
        parts = ("title",) if row.body_kind == "none" else ("title", "lede", "rest")
        for number, part in enumerate(parts):
            start, tokens = 100 * number, 10 * (number + 1)
            key = {"article": row.article, "sentence": number}
            sentences.append(
                {**key, "part": part, "start": start, "end": start + 99, "tokens": tokens, "valence": tone, "quoted": 0}
            )
            word = "coup" if row.outlet == "north" else "protest"
            for term, count in (("peru", 2), (word, 1), ("lima", at % 3), ("x1", 1), ("’s", 1)):
                if count:
                    terms.append({"article": row.article, "part": part, "term": term, "count": count})
            found = []
            if part == "title" and (row.outlet == "north" or at % 2):
                found.append(("actors", "pedro-castillo", "Castillo", "own"))
            if part == "lede":
                found.append(("actors", "dina-boluarte", "Dina Boluarte", "own"))
                found.append(
                    ("labels", "act:coup" if at % 3 else "act:self-coup", "coup", "own" if at % 2 else "quoted")
                )
            if part == "rest" and at % 5 == 0:
                found.append(("actors", None, "Castillo", "attributed"))
            for place, (gazetteer, entry, alias, voice) in enumerate(found):
                position = {"start": start + 10 * place, "end": start + 10 * place + len(alias)}
                mentions.append(
                    {**key, **position, "gazetteer": gazetteer, "entry": entry, "alias": alias, "voice": voice}
                    | {"valence": tone}
                )
    annotated = articles[["article", "outlet", "language", "published", "body_kind"]].assign(
        characters=300, sentences=3, tokens=60, title_tokens=10, lede_tokens=20, source_sha256="0" * 64
    )
    annotated.loc[annotated["body_kind"] == "caption", "body_kind"] = "summary"  # the manifest knows better
    reprints = pd.DataFrame({"article": articles["article"], "head": articles["article"], "similarity": 0.0})
    reprints.loc[reprints["article"] == "south-4", ["head", "similarity"]] = ["north-4", 0.9]
    return {
        "ARTICLES": annotated.assign(text_sha256="1" * 64),
        "SENTENCES": pd.DataFrame(sentences),
        "TERMS": pd.DataFrame(terms),
        "MENTIONS": pd.DataFrame(mentions),
        "SIGNATURES": tables.empty(tables.SIGNATURES),
        "REPRINTS": reprints,
    }


def write_small_study(folder: Path) -> Path:
    """Write the study's files and features into a folder."""
    (folder / "features").mkdir(parents=True)
    articles = _articles()
    observed = ["outlet,day,items", *(f"{o},2022-12-{d:02d},10" for o, days in OBSERVED.items() for d in days)]
    stamped = articles.assign(published=articles["published"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    files = {
        "study.toml": SETTINGS,
        "outlets.csv": OUTLETS,
        "actors.csv": ACTORS,
        "labels.csv": LABELS,
        "observed.csv": "\n".join(observed) + "\n",
        "articles.csv": stamped.to_csv(index=False),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    for schema in tables.FEATURES:
        table = tables.check(_features(articles)[schema.name], schema)
        table.to_parquet(folder / "features" / f"{schema.name.lower()}.parquet")
    meta = {"inputs": load_study(folder).feature_inputs(), "measured": {"modules": []}}
    (folder / "features" / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study's folder, written once; to be read only."""
    return write_small_study(tmp_path_factory.mktemp("shared") / "small")


@pytest.fixture
def study_folder(shared_folder: Path, tmp_path: Path) -> Path:
    """The small study's folder, the test's own: its files may be spoilt."""
    return shutil.copytree(shared_folder, tmp_path / "small")


@pytest.fixture(scope="session")
def small_study(shared_folder: Path) -> Study:
    """The small study, loaded once; to be read only."""
    return load_study(shared_folder)


@pytest.fixture(scope="session")
def small_results(small_study: Study, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Results of the small study, computed once, cached outside the project."""
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "find_root", lambda: root)
        return results.study_results(small_study)


@pytest.fixture
def edit(study_folder: Path) -> Callable[[str, str, str], Path]:
    """edit(file, old, new): replace one passage of a study file, which must be there."""

    def replace(name: str, old: str, new: str) -> Path:
        path = study_folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} holds no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return replace


@pytest.fixture
def closed_figures() -> Iterator[None]:
    """Draw without a screen and leave no figure open."""
    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


def require(available: object, install: str) -> None:
    """Skip a test that needs something which pip does not bring; in CI, where all is installed, it fails."""
    if not available:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"not installed here: {install}")


#: Options of Chromium: silent, and without a sandbox, which a container has no rights for.
CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium. It is closed with the module: while it is open, no other test could run an event loop."""
    found = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    require(found, "a browser, by apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found[0], args=CHROMIUM, timeout=120_000)
        yield launched
        launched.close()


ROOT = Path(__file__).resolve().parents[1]
#: Tests build in throw-away projects of their own; the one of what is refused takes this back.
os.environ["CASTILLO_TRUST"] = "1"
Castillo = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def castillo() -> Castillo:
    """castillo(root, *arguments, **environment): run the program of the project copied to `root`."""

    def run(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(root), **environment}
        command = [sys.executable, "-m", "analysis", *arguments]
        return subprocess.run(command, cwd=root, env=environment, capture_output=True, encoding="utf-8", timeout=1800)

    return run


@pytest.fixture(scope="session")
def copy_project() -> Callable[[Path, Path], Path]:
    """copy_project(source, folder): what reports are made of, and nothing that was made."""

    def copy(source: Path, folder: Path) -> Path:
        for name in ("analysis", "notebooks", "data"):
            shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        for name in ("pyproject.toml", "requirements.lock", "environment.yml", "Makefile", "CITATION.cff"):
            shutil.copy(source / name, folder / name)
        return folder

    return copy


@pytest.fixture(scope="session")
def shared_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session's temporary folder, the same for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def project(shared_base: Path, copy_project: Callable[[Path, Path], Path]) -> Path:
    """A copy of the project, so that what is edited meanwhile makes nothing stale; to be read only."""
    folder = shared_base / "project"
    with lock(shared_base / "project.lock", echo=print):
        if not (folder / "reports").exists():
            copy_project(ROOT, folder)
            # Results are kept by content: what the project has computed already, or will need, is computed once.
            known = ROOT / ".cache" / "castillo" / "results"
            known.mkdir(parents=True, exist_ok=True)
            (folder / ".cache" / "castillo").mkdir(parents=True)
            (folder / ".cache" / "castillo" / "results").symlink_to(known)
            (folder / "reports").mkdir()
    return folder


@pytest.fixture(scope="session")
def built(project: Path, castillo: Castillo) -> Callable[[str], Path]:
    """built(study): the folder of a study's reports, built once by whichever worker asks first."""

    def folder_of(study: str) -> Path:
        folder = project / "reports" / study
        with lock(project.with_name(f"{study}.lock"), echo=print):
            if not (folder / "manifest.json").exists():
                environment = {"TZ": "America/Lima", "LC_ALL": "C", "PYTHONHASHSEED": "1"}
                done = castillo(project, "build", study, "--jobs", "2", **environment)
                assert 0 == done.returncode, done.stdout + done.stderr
        return folder

    return folder_of
