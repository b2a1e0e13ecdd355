"""The commands that make a study and its data: new, collect, annotate; sheet, agreement and validate of codes."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analysis.collect import Options
from analysis.errors import write_errors
from analysis.program import JOBS, PATH, POSITIVE, STUDY, load, warn_of_features

if TYPE_CHECKING:
    import pandas as pd

#: Rows set aside that `annotate` shows one by one.
SHOWN = 100


@click.command()
@click.argument("folder", metavar="DIR")
@click.option("--from", "texts", multiple=True, type=PATH, help="Texts that it is to be about; may be given again.")
def new(folder: str, texts: tuple[Path, ...]) -> None:
    """Write a study of your own into DIR, filled in from your texts, or with an example that builds at once.

    DIR is a path, or a bare name for a folder under data/. From texts come outlets, languages, days, and names that
    may be those of main actors: check them.

    Example: castillo new my-study --from texts.jsonl
    """
    from analysis.new_study import TEXTS, new_study

    study = new_study(folder, texts)
    if texts:
        settings = study.settings
        names = ", ".join(study.actor_names[actor] for actor in settings.main_actors) or "none found"
        click.echo(f"{study.folder}: {len(study.outlets)} outlets, languages {', '.join(settings.languages)}")
        click.echo(f"candidates for main actors (actors.csv; check them, README.md there says how): {names}. Next:")
        click.echo(f"    castillo annotate {shlex.join(map(str, texts))} --study {study.argument}")
        click.echo(f"    castillo build {study.argument}")
        return
    click.echo(f"{study.folder}: a study with two invented articles. README.md there explains each file. Next:")
    example = os.path.relpath(study.folder / TEXTS) if study.folder.is_relative_to(Path.cwd()) else study.folder / TEXTS
    click.echo(f"    castillo build {study.argument}")
    click.echo(f"    castillo check {study.argument}")
    click.echo(f"    castillo annotate {shlex.quote(str(example))} --study {study.argument}")


@click.command()
@click.argument("study")
@click.option("--into", required=True, type=PATH, help="Folder for pages, texts and log.")
@click.option("--contact", default="", envvar="CASTILLO_CONTACT", help="Your mail address or page, sent to every site.")
@click.option("--delay", default=Options.delay, show_default=True, type=click.FloatRange(0), help="Pause per host (s).")
@click.option("--hosts", default=4, show_default=True, type=click.IntRange(1, 64), help="Hosts at once.")
@click.option("--seconds", default=60.0, show_default=True, type=POSITIVE, help="Timeout per page (s).")
@click.option("--size", default=8.0, show_default=True, type=click.FloatRange(0.001, 8), help="Maximum page size (MB).")
@click.option("--patience", default=300.0, show_default=True, type=POSITIVE, help="Maximum wait for a host (s).")
@click.option("--archive", default="https://web.archive.org", show_default=True, help="Archive for lost pages.")
@click.option("--no-archive", is_flag=True, help="Use no web archive.")
@click.option("--allow-network", multiple=True, metavar="NETWORK", help="Private network to allow: 127.0.0.0/8.")
@click.option("--retry", is_flag=True, help="Try temporary failures again.")
@click.option("--again", is_flag=True, help="Download everything again and list changes.")
def collect(
    study: str, into: Path, size: float, no_archive: bool, allow_network: tuple[str, ...], **given: Any
) -> None:
    """Download the pages of STUDY's articles.csv and make texts of them, politely.

    It obeys robots.txt, requests one page of a host at a time with pauses, and names you. After an interruption, run it
    again: finished requests are not repeated. The folder then holds texts.jsonl (for castillo annotate), pages/ as
    received, and log.jsonl, one line per request. The pages are their publishers': keep them to yourself.

    Example: castillo collect my-study --into ~/pages/my-study --contact me@university.example
    """
    from analysis.collect import collect as run

    loaded = load(study)
    given["archive"] = None if no_archive else given["archive"]
    options = Options(size=int(size * 1e6), allow=allow_network, **given)
    if not options.contact:
        click.echo("no --contact: site owners cannot ask you to stop, only shut you out", err=True)
    done = run(loaded, into, options)
    for line in done.lines():
        click.echo(line)
    if (feeds := int((loaded.manifest["source"] != "page").sum())) and done.files:
        click.echo(f"{feeds} articles are no pages in articles.csv: give the pages a study of their own, source = page")
    if done.files:
        click.echo(f"next: castillo annotate {shlex.join(map(str, done.files))} --study {loaded.argument}")


@click.command()
@click.argument("texts", nargs=-1, required=True, type=PATH)
@click.option("--study", required=True, help="Study whose articles they are.")
@click.option("--output", type=PATH, help="Folder for the features.  [default: the study's]")
@JOBS
@click.option("--scheduler", metavar="ADDRESS", help="Measure on a running Dask cluster: tcp://HOST:8786.")
def annotate(texts: tuple[Path, ...], study: str, output: Path | None, jobs: int | None, scheduler: str | None) -> None:
    """Turn TEXTS into features: counts, scores and offsets, no sentences.

    After an interruption, the same command goes on where it was.

    Example: castillo annotate feeds.jsonl articles.jsonl --study castillo-2022

    On a cluster: castillo annotate texts.parquet --study castillo-2022 --scheduler tcp://10.0.0.5:8786
    """
    from analysis.annotation.run import annotate as run
    from analysis.publish.environment import default_jobs
    from analysis.tables import general_rules_note

    loaded = load(study)
    result = run(list(texts), loaded, output=output, jobs=jobs or default_jobs(0), scheduler=scheduler)
    for item in result.rejected[:SHOWN]:
        click.echo(f"set aside: {item.path}:{item.line}: {item.reason}")
    if (aside := sum(result.set_aside.values())) > SHOWN:
        click.echo(f"set aside: {aside - SHOWN} more, all in {result.folder / 'rejected.jsonl'}. By reason:")
        for reason, count in sorted(result.set_aside.items(), key=lambda item: (-item[1], item[0])):
            click.echo(f"    {count} {reason}")
    for kind, count in sorted(result.skipped.items()):
        click.echo(f"skipped, as no articles: {count} {kind}")
    click.echo(f"{result.folder}: {result.articles} articles annotated, {aside} set aside")
    shown = ", ".join(result.without_text[:3]) + ", …" * (len(result.without_text) > 3)
    remarks = {
        "of them had been measured before an interruption": result.kept,
        "of them without a title: a column title gives it; nothing else is taken for one": result.untitled,
        "of them are new and were appended to articles.csv, where genre and subevent may be coded": len(result.added),
        f"articles of articles.csv had no text, so have no features: {shown}": len(result.without_text),
    }
    for remark, count in remarks.items():
        if count:
            click.echo(f"{count} {remark}")
    if general := general_rules_note(loaded.settings.languages):
        click.echo(general)


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
    from analysis.results.validation import sentiment_validity, unmeasured, validation

    loaded = load(study)
    table = validation(loaded, texts)
    if not texts:
        warn_of_features(loaded.features_warning(), study)
    for language, codings in unmeasured(loaded, table).items():
        click.echo(f"note: no instrument of the study measures {language}: {codings} codings are left out", err=True)
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
            reason = "text not given, or not the one annotated" if texts else "the features hold none"
            click.echo(f"  {every.missing} {'more ' if every.coded else ''}codings have no score: {reason}")
        if not every.coded:
            continue
        always = f"always {most.polarity!r} would be right in {most.coded / every.coded:.0%}"
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
