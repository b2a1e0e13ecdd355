"""The commands of coding by hand: a blank sheet to fill in, and how far coders agree."""

from __future__ import annotations

from pathlib import Path

import click

from analysis.errors import write_errors
from analysis.program import PATH, STUDY, load


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
    from analysis.paths import replace_file
    from analysis.results.coded import study_agreement

    table = study_agreement(load(study), by)
    if output:
        with write_errors(output):
            replace_file(output, table.to_csv(index=False, lineterminator="\n").encode())
        click.echo(f"{output}: {len(table)} rows")
        return
    click.echo(f"{'variable: value':44} {'coded twice':>11} {'first':>6} {'second':>6} {'same':>6}  alpha (95 %)")
    for row in table.itertuples():
        name = f"{row.group + ' | ' if row.group else ''}{row.variable}{': ' + row.value if row.value else ''}"
        interval = f"{row.alpha:.3f} ({row.lower:.3f} to {row.upper:.3f})" if row.alpha == row.alpha else "undefined"
        counts = f"{row.articles:>11} {row.first:>6} {row.second:>6} {row.agreement:>6.1%}"
        click.echo(f"{name:44} {counts}  {interval}  {row.verdict}")
