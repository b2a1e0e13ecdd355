"""The table of commands and options in data/commands.md, from the program itself; `--write` renews it there."""

import re
import sys
from pathlib import Path

import click

from analysis.cli import main

PAGE = Path(__file__).resolve().parents[1] / "data" / "commands.md"
MARKS = re.compile(r"(<!-- commands -->\n)(.*?)(<!-- /commands -->)", re.DOTALL)


def command_table() -> str:
    """One row per command, one per option of it."""
    lines = ["| command | option | what it does |", "|---|---|---|"]
    for name, command in sorted(main.commands.items()):
        arguments = [p for p in command.params if isinstance(p, click.Argument)]
        usage = " ".join([f"castillo {name}", *(_argument(a) for a in arguments)])
        lines.append(f"| `{usage}` | | {(command.help or '').strip().split(chr(10) + chr(10))[0]} |")
        for option in (p for p in command.params if isinstance(p, click.Option)):
            lines.append(f"| | `{_option(option)}` | {option.help} |")
    return "\n".join(" ".join(line.replace("<", "&lt;").split()) for line in lines) + "\n"


def _argument(argument: click.Argument) -> str:
    name = argument.make_metavar(click.Context(main)).strip("[].").rstrip(".")
    return f"{name}{'…' if argument.nargs == -1 else ''}" if argument.required else f"[{name}]"


def _option(option: click.Option) -> str:
    kind = option.make_metavar(click.Context(main)).replace("INTEGER RANGE", "N").replace("INTEGER", "N")
    return option.opts[-1] if option.is_flag else f"{option.opts[-1]} {kind}"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        PAGE.write_text(MARKS.sub(lambda m: m[1] + command_table() + m[3], text), encoding="utf-8")
    else:
        print(command_table())
