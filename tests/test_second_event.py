"""Another event in other languages is another folder: made by `castillo new`, filled in, built; no code is changed.

The bridge over the Arel, its outlets, its people and every text are invented.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import test_reports
from lxml import html
from lxml.html import HtmlElement
from ministudy import read_files

pytestmark = pytest.mark.slow

EACH = 16
#: Outlet → its name, country, language.
OUTLETS = {
    "correo-del-arel": ("El Correo del Arel", "ES", "es"),
    "voz-de-la-ribera": ("La Voz de la Ribera", "ES", "es"),
    "diario-llano": ("Diario Llano", "ES", "es"),
    "farol-da-raia": ("O Farol da Raia", "PT", "pt"),
    "jornal-da-foz": ("Jornal da Foz", "PT", "pt"),
}
FILES = read_files("puente")
#: Language → sentences: title, first paragraph, second paragraph. {who} is or is not the minister.
SENTENCES = json.loads(FILES.pop("sentences.json"))
NOBODY = {"es": "El gobierno", "pt": "O governo"}
FACTS = {"es": ("derrumbe", "accidente"), "pt": ("desabamento", "acidente")}


def texts() -> Iterator[dict[str, str]]:
    """Sixteen articles of each outlet. Planted: El Correo names the minister in all of its own, the others in a few;
    La Voz calls an accident what the others mostly call otherwise."""
    rng = random.Random(20240512)
    for outlet, (_, _, language) in OUTLETS.items():
        for number in range(EACH):
            day = datetime(2024, 5, 12, 9, tzinfo=UTC) + timedelta(days=round(number * 1.7), minutes=rng.randrange(600))
            named = outlet == "correo-del-arel" or number % 5 == 0
            accident = (outlet == "voz-de-la-ribera") == (number % 8 != 0)
            who = "Marta Quiroga" if named else NOBODY[language]
            facts = {"who": who, "fact": FACTS[language][accident], "n": str(rng.randrange(2, 90))}
            title, first, second = (rng.choice(pool).format(**facts) for pool in SENTENCES[language])
            where = {"article": f"{outlet}-{number}", "outlet": outlet, "language": language, "source": "text"}
            url = f"https://{outlet}.example/{number}"
            yield {**where, "published": day.isoformat(), "url": url, "title": title, "body": f"{first}\n\n{second}"}


def fill_in(folder: Path) -> None:
    """Replace every file of the example but its README, as somebody would who has texts of her own."""
    heads = {name: (folder / name).read_text("utf-8").split("\n")[0] for name in ("articles.csv", "outlets.csv")}
    outlets = [f"{outlet},{','.join(facts)},private,online,,no,," for outlet, facts in OUTLETS.items()]
    files = FILES | {
        "outlets.csv": "\n".join([heads["outlets.csv"], *outlets, ""]),
        "articles.csv": heads["articles.csv"] + "\n",
        "observed.csv": "outlet,day,items\n",
        "texts.jsonl": "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts()),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def code_subevents(folder: Path) -> None:
    """Write a sub-event into each row that annotating appended."""
    rows = pd.read_csv(folder / "articles.csv", dtype=str, keep_default_na=False)
    first = rows["published"] < "2024-05-20"
    rows.assign(subevent=first.map({True: "caida", False: "investigacion"})).to_csv(
        folder / "articles.csv", index=False
    )


@pytest.fixture(scope="module")
def reports(project: Path, castillo: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of the second event, made by the commands that the README names."""
    place = tmp_path_factory.mktemp("second")
    folder = place / "puente"

    def run(*arguments: str) -> str:
        done = castillo(project, *arguments)
        assert 0 == done.returncode, done.stdout + done.stderr
        return str(done.stdout)

    run("new", str(folder))
    fill_in(folder)
    told = run("annotate", str(folder / "texts.jsonl"), "--study", str(folder), "--jobs", "1")
    assert f"{len(OUTLETS) * EACH} articles annotated, 0 set aside" in told
    code_subevents(folder)
    assert "no problems" in run("check", str(folder))
    run("build", str(folder), "--output", str(place / "reports"))
    return place / "reports" / "puente"


@pytest.fixture
def read(reports: Path) -> Callable[[str, str], HtmlElement]:
    """read(study, name): a page as a document, as the tests of the project's own reports want it."""
    return lambda study, name: html.document_fromstring((reports / f"{name}.html").read_text(encoding="utf-8"))


NAMES = (
    *("overview", "actors", "wording", "wording--pt", "tone"),
    *("outlet--correo-del-arel", "pair--correo-del-arel--farol-da-raia"),
)


def test_every_report_is_there_and_well_made(reports: Path, read: Callable[[str, str], HtmlElement]) -> None:
    """By the same rules as the reports of the project's own studies."""
    assert {"index", *NAMES} == {path.stem for path in reports.glob("*.html")}
    for name in ("index", *NAMES):
        test_reports.test_a_page_is_well_made(lambda _: reports, read, "puente", name)
        test_reports.test_a_page_says_nothing_broken(read, "puente", name)


def test_what_was_planted_is_found(reports: Path) -> None:
    """The minister in El Correo, over both languages; the word of La Voz, among the Spanish outlets."""
    found = pd.read_csv(reports / "actors.differences.csv")
    assert set(OUTLETS) == set(found["group"])
    planted = found[(found["group"] == "correo-del-arel") & (found["feature"] == "marta-quiroga")]
    columns = ["verdict", "count", "articles", "reference_count"]
    assert [["more", 16, 16, 16]] == planted[columns].round().values.tolist()
    labels = pd.read_csv(reports / "wording.label-differences.csv")
    of_voz = labels[(labels["group"] == "voz-de-la-ribera") & (labels["feature"] == "hecho:accidente")]
    assert ["more"] == of_voz["verdict"].to_list()
    text = test_reports.text_of(html.document_fromstring((reports / "outlet--correo-del-arel.html").read_text("utf-8")))
    assert "El Correo del Arel names Marta Quiroga in 16 of 16 articles, the other outlets in 16 of 64" in text


def test_nothing_of_the_first_event_is_in_any_report(reports: Path) -> None:
    """The program is called castillo, in small letters; nobody is."""
    for path in sorted(reports.iterdir()):
        text = path.read_text(encoding="utf-8")
        assert [] == re.findall(r".{40}(?:Castillo|Peru|Perú|Boluarte|Lima\b|Machu).{20}", text), path.name


def test_a_language_without_an_instrument_of_tone_is_said(read: Callable[[str, str], HtmlElement]) -> None:
    assert "No article is in a language that has an instrument of tone." in test_reports.text_of(read("", "tone"))
