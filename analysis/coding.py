"""The commands of coding by hand: a blank sheet to fill in, how far coders agree, and instruments with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analysis.errors import write_errors
from analysis.program import PATH, STUDY, load

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@STUDY
@click.option("--coder", required=True, metavar="NAME", help="Who codes; names the sheet.")
@click.option("--sample", type=click.IntRange(min=1), help="Articles, drawn at random within outlets.  [default: all]")
@click.option("--seed", type=click.IntRange(min=0), help="Another draw.  [default: that of study.toml]")
@click.option("--output", type=PATH, help="A .csv or .xlsx file.  [default: the study's codings/NAME.csv]")
def sheet(study: str, coder: str, output: Path | None, sample: int | None, seed: int | None) -> None:
    """Write a blank sheet for NAME to code articles of STUDY in, after its codebook.csv.

    Coders with the same sample and seed get the same articles. An .xlsx has lists to choose from.

    Example: castillo sheet my-study --coder ann --sample 200 --output ann.xlsx
    """
    from analysis.study.blank_sheet import write_blank_sheet

    loaded = load(study)
    path, articles = write_blank_sheet(loaded, coder, output=output, sample=sample, seed=seed)
    click.echo(f"{path}: {articles} articles to code. Filled in, it belongs into {loaded.folder / 'codings'}")


@click.command()
@STUDY
@click.option("--by", default="", metavar="COLUMN", help="Within each value of a column, too: language, country, …")
@click.option("--output", type=PATH, help="Write the table as CSV.")
def agreement(study: str, by: str, output: Path | None) -> None:
    """Show how far the coders of STUDY agree on each variable and value: Krippendorff's alpha.

    Example: castillo agreement castillo-2022-world --by language
    """
    from analysis.results.coded import study_agreement

    table = study_agreement(load(study), by)
    if output:
        _write(table, output)
        return
    click.echo(f"{'variable: value':44} {'coded twice':>11} {'first':>6} {'second':>6} {'same':>6}  alpha (95 %)")
    for row in table.itertuples():
        name = f"{row.group + ' | ' if row.group else ''}{row.variable}{': ' + row.value if row.value else ''}"
        interval = f"{row.alpha:.3f} ({row.lower:.3f} to {row.upper:.3f})" if row.alpha == row.alpha else "undefined"
        counts = f"{row.articles:>11} {row.first:>6} {row.second:>6} {row.agreement:>6.1%}"
        click.echo(f"{name:44} {counts}  {interval}  {row.verdict}")


@click.command()
@STUDY
@click.option("--texts", multiple=True, type=PATH, metavar="FILE", help="Its texts: all instruments score them anew.")
@click.option("--output", type=PATH, help="Write the table as CSV.")
def validate(study: str, texts: tuple[Path, ...], output: Path | None) -> None:
    """Show how well the sentiment instruments of STUDY do on the polarity that its coders gave.

    Without texts, the scores in the features count. Intervals are of 95 %, whole articles drawn.

    Example: castillo validate sample --texts data/sample/texts.jsonl
    """
    from analysis.instruments.validity import sentiment_validity
    from analysis.results.validation import validation

    table = validation(load(study), texts)
    if output:
        _write(table, output)
        return
    for (name, version, scores, language), rows in table.groupby(
        ["instrument", "version", "scores", "language"], sort=False
    ):
        *classes, every = rows.itertuples()
        most = max(classes, key=lambda row: row.coded)
        what = "tone of the sentence" if scores == "sentence" else "tone toward the target"
        click.echo(f"{name} ({version}), {what}, {language}: {every.coded} codings in {every.articles} articles")
        for known in sentiment_validity(name).itertuples():
            click.echo(f"  known: {known.measure} {known.value:.2f} ({known.n:,.0f} of {known.data})")
        if every.missing:
            click.echo(f"  {every.missing} more codings have no score: text not given, or not the one annotated")
        always = f"always {most.polarity!r} would be right in {most.coded / max(every.coded, 1):.0%}"
        click.echo(f"  right in {every.recall:.0%} ({always}); macro-F1 {_with_interval(every)}")
        click.echo(f"  {'coded as':10}{'negative':>9}{'neutral':>9}{'positive':>9}{'precision':>11}{'recall':>8}   F1")
        for row in classes:
            counts = f"{row.negative:>9}{row.neutral:>9}{row.positive:>9}{row.precision:>11.2f}{row.recall:>8.2f}"
            click.echo(f"  {row.polarity:10}{counts}   {_with_interval(row)}")


def _with_interval(row: Any) -> str:
    return f"{row.f1:.2f} ({row.lower:.2f} to {row.upper:.2f})".replace("nan", "–")


def _write(table: pd.DataFrame, output: Path) -> None:
    from analysis.paths import replace_file

    with write_errors(output):
        replace_file(output, table.to_csv(index=False, lineterminator="\n").encode())
    click.echo(f"{output}: {len(table)} rows")
