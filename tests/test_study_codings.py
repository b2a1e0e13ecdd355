"""Sheets of codes as scholars keep them: read right, or one clear error each, all at once."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.results.coded import coded_values
from analysis.study import examine, load_study
from analysis.study.codings import counted, read_codings, spread
from analysis.study.settings import Combined

pytestmark = pytest.mark.slow
CODEBOOK = pd.DataFrame(
    [
        ("genre", "single", "news"), ("genre", "single", "opinion"), ("act", "multi", "coup"),
        ("act", "multi", "removal"), ("act", "multi", "ouster"), ],
    columns=["variable", "values_per_article", "value"],
)
ARTICLES = ("one", "two", "three")
LONG = "article,coder,variable,value\none,ann,genre,news\none,ann,act,coup\none,ann,act,removal\ntwo,ann,act,\n"
#: The codes of LONG: article, coder, variable, value and status.
CODES = {
    ("one", "ann", "genre", "news", "coded"),
    ("one", "ann", "act", "coup", "coded"),
    ("one", "ann", "act", "removal", "coded"),
    ("two", "ann", "act", None, "nothing"),
}


def codes_of(frame: pd.DataFrame) -> set[tuple[str | None, ...]]:
    columns = ["article", "coder", "variable", "value", "status"]
    return {tuple(None if pd.isna(cell) else cell for cell in row) for row in frame[columns].to_numpy(dtype=object)}


def read(folder, text: str | bytes, name: str = "codings.csv"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_codings(folder, CODEBOOK, ARTICLES)


def write_workbook(path, rows) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    path.parent.mkdir(exist_ok=True)
    workbook.save(path)


def test_the_polarity_of_a_mention_is_one_that_instruments_know(tmp_path):
    """One of a whole article may have other values, since no instrument is held to it."""
    book = pd.DataFrame([("polarity", "single", value) for value in ("neutral", "Negative", "mixta")])
    book.columns = ["variable", "values_per_article", "value"]
    rows = "article,start,end,target,coder,variable,value\none,0,5,,ann,polarity,{}\ntwo,,,,ann,polarity,mixta\n"
    for value, expected in (("neutral", None), ("Negative", "'Negative'"), ("mixta", "'mixta'")):
        (tmp_path / "codings.csv").write_text(rows.format(value), encoding="utf-8")
        codings, problems = read_codings(tmp_path, book, ARTICLES)
        if expected is None:
            assert ([], 2) == (problems, len(codings))
            continue
        (problem,) = problems
        message = f"polarity of a mention is {expected}: instruments know negative, neutral, positive"
        assert (2, message) == (problem.line, problem.message)


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "\ufeff" + LONG,
        LONG.replace("\n", "\r\n"),
        LONG.replace(",", ";"),
        "sep=;\n" + LONG.replace(",", ";"),
        LONG.replace(",", "\t"),
        LONG.replace("coup", " Coup ").replace("genre", "GENRE"),
        LONG.replace("value\n", "value,\n").replace("news\n", "news,\n").replace("article", "Article"),
        LONG.replace("\ntwo", "\n\n,,,\ntwo"),
    ],
    ids=["plain", "mark", "windows", "semicolons", "sep", "tabs", "capitals and blanks", "empty column", "empty rows"],
)
def test_a_long_sheet_is_read_however_a_spreadsheet_saved_it(tmp_path, text):
    frame, problems = read(tmp_path, text)
    assert [] == [str(problem) for problem in problems]
    assert CODES == codes_of(frame)


@pytest.mark.parametrize(
    "text",
    [
        "article,genre,act\none,news,coup|removal\ntwo,n/a,\nthree,,\n",
        "article;Genre;ACT\none;news;removal ; coup\ntwo;N/A;\n".replace("removal ; coup", '"removal ; coup"'),
        "article,genre,act: coup,act:removal,act = ouster\none,news,yes,X,\ntwo,n/a,,no,0\n",
    ],
    ids=["values in a cell", "semicolons", "a column per value"],
)
def test_a_wide_sheet_gives_the_same_codes_as_a_long_one(tmp_path, text):
    """A blank cell of a started row is "nothing found", n/a "not applicable", a blank row not coded."""
    frame, problems = read(tmp_path, text, "codings/ann.csv")
    assert [] == [str(problem) for problem in problems]
    assert CODES | {("two", "ann", "genre", None, "not-applicable")} == codes_of(frame)


def test_a_workbook_gives_the_same_codes(tmp_path):
    write_workbook(tmp_path / "codings.xlsx", [line.split(",") for line in LONG.splitlines()])
    frame, problems = read_codings(tmp_path, CODEBOOK, ARTICLES)
    assert [] == problems
    assert CODES == codes_of(frame)


NOT_THERE = "is not in codebook.csv (did you mean"
BAD = [
    ("one,ann,gerne,news", f":2: variable 'gerne' {NOT_THERE} 'genre'?)"),
    ("one,ann,act,copu", f":2: act 'copu' {NOT_THERE} 'coup'?). It takes: coup"),
    ("oen,ann,act,coup", ":2: article 'oen' is not in articles.csv (did you mean 'one'?)"),
    ("one,ann,genre,news\none,ann,genre,opinion", ":3: ann coded genre of 'one' as 'opinion' and as 'news'"),
    ("one,ann,act,coup\none,ann,act,coup", ":3: ann coded act of 'one' as 'coup' twice. Keep one (the other"),
    ("one,ann,act,coup\none,ann,act,", ":3: ann coded act of 'one' as 'nothing' and as 'coup'"),
    ("one,,act,coup", ":2: coder is empty. Name the coder there, or name the file codings/CODER.csv"),
    ('one,ann,act,"coup', ":2: broken CSV (unexpected end of data)"),
]


@pytest.mark.parametrize(("rows", "message"), BAD)
def test_each_fault_is_told_with_its_line_and_value(tmp_path, rows, message):
    _, (problem,) = read(tmp_path, "article,coder,variable,value\n" + rows + "\n")
    assert f"{tmp_path / 'codings.csv'}{message}" in str(problem)


def test_an_unknown_article_is_told_once(tmp_path):
    _, (problem,) = read(tmp_path, LONG.replace("one,", "oen,"))
    expected = "article 'oen' is not in articles.csv (did you mean 'one'?) (and in 2 more rows). Mend its id"
    assert f"{tmp_path / 'codings.csv'}:2: {expected}" == str(problem)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("article,gerne", "codings.csv:1: column 'gerne' is no variable of codebook.csv (did you mean 'genre'?)"),
        ("article,act: copu", "codings.csv:1: column 'act: copu': act has no value 'copu' (did you mean 'coup'?)"),
        ("artical,genre", "codings.csv:1: column 'article' is missing (did you mean 'artical'?)"),
        ("article,,genre", "codings.csv:1: column 2 has no name. Name it (do not merge cells)"),
        ("article,genre,genre", "codings.csv:1: column 'genre' occurs twice. Keep one of them"),
        ("article,act:coup,act = coup", "codings.csv:1: column 'act: coup' occurs twice. Keep one of them"),
    ],
)
def test_faults_of_the_first_line(tmp_path, header, message):
    _, problems = read(tmp_path, f"{header}\none{',news' * header.count(',')}\n")
    assert message in str(problems[0])


def test_an_empty_file_a_formula_and_a_broken_workbook_are_told(tmp_path):
    assert "codings.csv:1: is empty" in str(read(tmp_path, "")[1][0])
    (tmp_path / "codings.csv").unlink()
    write_workbook(tmp_path / "codings.xlsx", [["article", "coder", "genre"], ["one", "ann", '="news"']])
    (problem,) = read_codings(tmp_path, CODEBOOK, ARTICLES)[1]
    assert """codings.xlsx:2: cell C2 holds a formula, '="news"'. Paste its value in its place""" in str(problem)
    (problem,) = read(tmp_path, b"PK no workbook", "codings.xlsx")[1]
    assert "codings.xlsx: is no workbook that can be read" in str(problem)


def test_codes_spread_to_ones_zeros_and_missing_and_the_first_coder_by_precedence_counts(tmp_path):
    more = (
        "one,bob,genre,opinion\none,bob,act,ouster\ntwo,bob,genre,n/a\none,settled,genre,opinion\nthree,bob,act,coup\n"
    )
    frame, problems = read(tmp_path, LONG + more)
    assert [] == problems
    union = Combined(name="left office", variable="act", values=("removal", "ouster"))
    coded = spread(frame, CODEBOOK, [union])
    assert [1.0, 1.0, 0.0, 1.0] == coded.loc[("one", "ann"), "act"].to_list()
    assert coded.loc[("two", "bob"), "genre"].isna().all()
    assert coded.loc[("two", "ann"), "genre"].isna().all()
    count = counted(coded, ["ann"])
    assert ["one", "two"] == count.index.to_list()  # bob is not among the coders that count
    assert (0.0, 1.0) == tuple(count.loc["one", "genre"])  # settled
    assert [1.0, 1.0, 0.0, 1.0] == count.loc["one", "act"].to_list()  # ann
    assert ["one", "three", "two"] == counted(coded).index.to_list()


@pytest.fixture(scope="module")
def world():
    return load_study("castillo-2022-world")


def test_pages_that_say_any_word_of_coup_are_counted_to_the_last(world):
    """As counted apart from this library when the pages were coded."""
    said = coded_values(world)[("castillo_act_own", "any word of coup")]
    pages = world.manifest.merge(world.outlets[["outlet", "country"]], on="outlet").set_index("article").loc[said.index]
    language = pages["language"].map({"es": "other Spanish", "en": "English", "pt": "Portuguese"})
    groups = said.groupby(language.where(pages["country"] != "PE", "Peru"))
    expected = {"Peru": (88, 361), "other Spanish": (64, 298), "English": (40, 359), "Portuguese": (68, 199)}
    assert expected == {str(name): (int(one.sum()), len(one)) for name, one in groups}


def test_agreement_of_the_world_s_coders_is_as_published_with_its_codes(world, tmp_path):
    output = tmp_path / "agreement.csv"
    done = CliRunner().invoke(main, ["agreement", "castillo-2022-world", "--output", str(output)])
    assert (0, f"{output}: 100 rows\n") == (done.exit_code, done.output)
    table = pd.read_csv(output, keep_default_na=False).set_index(["variable", "value"])
    alphas = {
        **{("genre", ""): 0.942, ("subevent", ""): 0.941, ("deaths", ""): 0.953, ("legality", ""): 0.86},
        **{("trigger", ""): 0.717, ("congress_act_own", "removal"): 0.955, ("crowd_attributed", "people"): 0.549},
    }
    assert alphas == {code: float(table.loc[code, "alpha"]) for code in alphas}
    assert {415} == set(table["articles"])
    verdicts = table.loc[[("trigger", ""), ("crowd_attributed", "people")], "verdict"]
    assert ["tentative", "not used"] == verdicts.to_list()


def test_settings_of_codes_are_held_to_the_codebook(tmp_path, world):
    folder = shutil.copytree(world.folder, tmp_path / "coded")
    toml, codebook = folder / "study.toml", folder / "codebook.csv"
    text = toml.read_text(encoding="utf-8").replace('"a4"]', '"a5"]')
    own, spread_out = 'variable = "castillo_act_own"', 'values = ["coup", "self-coup", "attempted-coup"]'
    text = text.replace(f'name = "any word of coup"\n{own}', f'name = "coup"\n{own}')
    toml.write_text(text.replace(f'attributed"\n{spread_out}', 'attributed"\nvalues = ["selfcoup"]'), encoding="utf-8")
    with codebook.open("a", encoding="utf-8") as file:
        file.write("genre,multi,again,feature,,\n")
    problems = "\n".join(map(str, examine(folder)[1]))
    for message in (
        "variable 'genre' has the values_per_article 'multi'. Line 2 says 'single': make them the same",
        "coders names 'a5', which is not in the sheets of codes. Mend it, or delete it",
        "combined 'coup': castillo_act_own has a value of this name. Mend it after codebook.csv",
        "combined 'any word of coup': castillo_act_attributed has no value 'selfcoup' (did you mean 'self-coup'?)",
    ):
        assert message in problems
    assert 4 == problems.count("\n") + 1


@pytest.mark.parametrize(
    ("study", "options", "message"),
    [
        (None, [], "small has no codes. Write codebook.csv and codings.csv (data/README.md says how), then: "),
        ("castillo-2022-world", ["--by", "nation"], "grouping 'nation' is not in articles.csv or outlets.csv. There: "),
    ],
)
def test_a_study_without_codes_and_an_unknown_column_are_told(shared_folder, study, options, message):
    done = CliRunner().invoke(main, ["agreement", study or str(shared_folder), *options])
    assert 2 == done.exit_code
    assert message in done.output
