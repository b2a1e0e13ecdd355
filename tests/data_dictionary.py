"""The data dictionary of data/README.md, from analysis/tables.py; `--write` renews it there."""

import re
import sys
from pathlib import Path

from analysis import tables

README = Path(__file__).resolve().parents[1] / "data" / "README.md"
MARKS = re.compile(r"(<!-- dictionary -->\n)(.*?)(<!-- /dictionary -->)", re.DOTALL)


def dictionary() -> str:
    """One table of columns for each schema."""
    parts = []
    files = (*tables.STUDY_FILES, *tables.OPTIONAL_FILES)
    for title, schemas in (("Files of a study", files), ("Features", tables.FEATURES)):
        parts.append(f"## {title}\n")
        parts += [_section(schema) for schema in schemas]
    parts += ["## Texts and results\n", _section(tables.TEXTS), _section(tables.COMPARISON)]
    return "\n".join(parts)


def _section(schema: tables.Schema) -> str:
    lines = [f"### {schema.name}\n", f"One row per {schema.row}.\n"]
    lines += ["| column | kind | unit | meaning |", "|---|---|---|---|"]
    for column in schema.columns:
        values = f" ({', '.join(column.allowed)})" if column.allowed else ""
        empty = "; may be empty" if column.optional else ""
        lines.append(f"| `{column.name}` | {column.kind} | {column.unit} | {column.meaning}{values}{empty} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        README.write_text(MARKS.sub(lambda m: m[1] + "\n" + dictionary() + "\n" + m[3], text), encoding="utf-8")
    else:
        print(dictionary())
