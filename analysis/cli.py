"""castillo: parse, one library call, print. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import astuple
from pathlib import Path
from typing import Any

import click

from analysis.coding import agreement, sheet, validate
from analysis.collect import Options
from analysis.program import (
    DIR,
    JOBS,
    PATH,
    POSITIVE,
    STUDY,
    TRUST,
    BareFigures,
    Program,
    enter_environment,
    exports,
    load,
    warn_of_features,
)
from analysis.starting import new_notebook

#: Rows set aside that `annotate` shows one by one.
SHOWN = 100


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="castillo-coverage", prog_name="castillo")
def main() -> None:
    """Measure how outlets covered an event, and publish the comparison.

    STUDY is a study's folder, or the name of a folder under data/. Exit status: 0 done; 1 some report failed or verify
    found a difference; 2 the request or a study file is wrong.

    Example: castillo build sample
    """


for _command in (sheet, agreement, validate, new_notebook):
    main.add_command(_command)


@main.command(cls=BareFigures)
@STUDY
@DIR
@click.option("--only", multiple=True, metavar="GLOB", help="Only reports whose names match; may be given again.")
@JOBS
@click.option("--force", is_flag=True, help="Make the others again, too.")
@exports
@click.option("--kernel", is_flag=True, help="Run notebooks in ordinary Jupyter kernels: slower, the same bytes.")
@click.option("--cell-seconds", default=3600.0, show_default=True, type=POSITIVE, help="Time limit of a cell (s).")
@TRUST
def build(
    study: str, output: Path | None, only: tuple[str, ...], force: bool, figures: Any, tables: Any, **options: Any
) -> None:
    """Make the reports of STUDY that are missing or out of date.

    Example: castillo build --only 'outlet--*' --jobs 2
    """
    from analysis.paths import cache_folder, find_root, find_study, reports_folder
    from analysis.progress import Progress
    from analysis.publish.state import nothing_to_do

    root, found = find_root(), find_study(study)
    if not (kept_at := cache_folder(root)).is_relative_to(root):
        click.echo(f"{root} cannot be written: what is remembered is kept in {kept_at}", err=True)
    images = [kind for kind in figures if kind != "svg"]
    if not (force or only or images) and (kept := nothing_to_do(root, found, output or reports_folder(root, found))):
        (folder, fresh, warning), built, failed = kept, 0, 0
        warn_of_features(warning, study)
    else:
        enter_environment()
        from analysis.publish.build import Build

        os.environ["CASTILLO_FIGURES"] = ",".join(images)
        loaded = load(study)
        warn_of_features(loaded.features_warning(), study)
        bar = Progress(sys.stderr)
        result = Build(loaded, output=output, echo=bar.line).run(only, force or bool(images), progress=bar, **options)
        folder, built, fresh, failed = result.folder, *map(len, (result.built, result.fresh, result.failed))
    click.echo(f"{folder}: {built} built, {fresh} fresh, {failed} failed")
    if figures or tables:
        from analysis.publish.exports import write_exports

        for line in write_exports(folder, figures, tables):
            click.echo(line)
    if failed:
        sys.exit(1)


@main.command("list")
@STUDY
@DIR
@TRUST
def list_(study: str, output: Path | None) -> None:
    """Show the reports of STUDY: state and why, seconds it took last, parameters.

    Example: castillo list castillo-2022
    """
    from analysis.publish.build import Build
    from analysis.publish.manifest import unlike_manifest
    from analysis.publish.reports import notebook_path, read_parameters

    loaded = load(study)
    warn_of_features(loaded.features_warning(), study, label="", err=False)
    plan = Build(loaded, output=output)
    if unlike := unlike_manifest(loaded, output):
        click.echo(unlike)
    width = max((len(report.name) for report in plan.reports), default=0)
    for report in plan.reports:
        status, took = plan.status(report), plan.cache.load(report.name).seconds
        words = ": ".join(filter(None, [status.word, ", ".join(status.reasons)]))
        seconds = "" if took is None else f"  {took:.1f} s"
        click.echo(f"{report.name:{width}}  {words}{seconds}  (notebook {report.notebook})")
        given = report.parameters
        for name, kind, default, hint in map(astuple, read_parameters(notebook_path(plan.root, report.notebook))):
            note = f" (default {default!r})" if name in given else ""
            click.echo(f"    {name}: {kind} = {given.get(name, default)!r}{note}  {hint}".rstrip())
        for remark in plan.cache.load(report.name).remarks:
            click.echo(f"    warning: {remark}")


@main.command()
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


@main.command()
@STUDY
@DIR
def check(study: str, output: Path | None) -> None:
    """Check the files of STUDY and list every problem: file, line, what to do.

    Example: castillo check data/sample
    """
    from analysis.check import check_study, remarks
    from analysis.paths import find_study
    from analysis.wording import plural

    folder = find_study(study)
    lines = check_study(folder)
    for line in (*lines, *remarks(folder, output)):
        click.echo(line)
    click.echo(f"{folder}: {plural(len(lines), 'problem') if lines else 'no problems'}")
    if lines:
        sys.exit(2)


@main.command()
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
    from analysis.publish.environment import cores
    from analysis.tables import general_rules_note

    loaded = load(study)
    result = run(list(texts), loaded, output=output, jobs=jobs or cores(), scheduler=scheduler)
    for item in result.rejected[:SHOWN]:
        click.echo(f"set aside: {item.path}:{item.line}: {item.reason}")
    if (aside := sum(result.set_aside.values())) > SHOWN:
        click.echo(f"set aside: {aside - SHOWN} more, all in {result.folder / 'rejected.jsonl'}. By reason:")
        for reason, count in sorted(result.set_aside.items(), key=lambda item: (-item[1], item[0])):
            click.echo(f"    {count} {reason}")
    for kind, count in sorted(result.skipped.items()):
        click.echo(f"skipped, as no articles: {count} {kind}")
    click.echo(f"{result.folder}: {result.articles} articles annotated, {aside} set aside")
    shown = ", ".join(result.without_text[:3])
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


@main.command()
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
    from analysis.progress import Progress

    loaded = load(study)
    given["archive"] = None if no_archive else given["archive"]
    options = Options(size=int(size * 1e6), allow=allow_network, **given)
    if not options.contact:
        click.echo("no --contact: site owners cannot ask you to stop, only shut you out", err=True)
    done = run(loaded, into, options, progress=Progress(sys.stderr))
    for line in done.lines():
        click.echo(line)
    if (feeds := int((loaded.manifest["source"] != "page").sum())) and done.files:
        click.echo(f"{feeds} articles are no pages in articles.csv: give the pages a study of their own, source = page")
    if done.files:
        click.echo(f"next: castillo annotate {shlex.join(map(str, done.files))} --study {loaded.argument}")


@main.command()
@STUDY
@DIR
@JOBS
@click.option("--write", is_flag=True, help="Renew the manifest afterwards: what differs is meant.")
@TRUST
def verify(study: str, output: Path | None, jobs: int | None, write: bool) -> None:
    """Build STUDY again from nothing and compare with the manifest.json of its reports, byte for byte.

    Example: castillo verify castillo-2022
    """
    enter_environment()
    from analysis.publish import manifest

    outcome = manifest.verify(load(study), output=output, jobs=jobs, renew=write, echo=click.echo)
    for line in (*outcome.remarks, *outcome.differences):
        click.echo(line)
    click.echo(f"{len(outcome.differences)} differences" if outcome.differences else "verified: every file is the same")
    if outcome.renewed:
        click.echo(f"{outcome.renewed}: renewed")
    elif outcome.differences:
        sys.exit(1)


@main.command()
@STUDY
@click.option("--output", type=PATH, help="The zip.  [default: STUDY-VERSION.zip]")
@click.option("--reports", type=PATH, help="Folder of the reports.  [default: where build writes them]")
@click.option("--also", multiple=True, metavar="GLOB", help="Untracked files of the study to publish too.")
@click.option("--without-texts", is_flag=True, help="Leave out the study's texts, and lines in context from them.")
@TRUST
def archive(study: str, output: Path | None, **options: Any) -> None:
    """Put STUDY into one zip: reports, features, study files, notebooks, code, lock and manifest.

    It is described as an RO-Crate, its tables as a Frictionless data package. Unpacked anywhere, make reports gives the
    same reports to the byte.

    Example: castillo archive castillo-2022
    """
    enter_environment()
    from analysis.archive import make_archive

    zipped = make_archive(load(study), output=output, **options)
    for path in zipped.left_out:
        click.echo(f"{path} is left out, and the reports were built without it (--also packs what may be published)")
    click.echo(f"{zipped.path}: {zipped.files} files, SHA-256 {zipped.sha256}")
