"""The command that writes a notebook to begin with."""

from __future__ import annotations

import click

from analysis.program import STUDY


@click.command("new-notebook")
@click.argument("name")
@STUDY
def new_notebook(name: str, study: str) -> None:
    """Write notebooks/NAME.ipynb, an example for STUDY with a finding, a figure and a table.

    Example: castillo new-notebook weekdays castillo-2022
    """
    from analysis.paths import find_root
    from analysis.publish import reports

    path = reports.new_notebook(find_root(), name, study)
    click.echo(f'{path}: written. To build it, add to study.toml:\n[[reports]]\nnotebook = "{path.stem}"')
