"""The data dictionary in Markdown: what `analysis.tables` says of each column, for READMEs."""

from __future__ import annotations

from collections.abc import Iterable

from analysis import tables
from analysis.tables import Schema


def dictionary() -> str:
    """One table of columns for each schema, as data/README.md has them."""
    parts = []
    files = (*tables.STUDY_FILES, *tables.OPTIONAL_FILES)
    for title, schemas in (("Files of a study", files), ("Features", tables.FEATURES)):
        parts += [f"## {title}\n", sections(schemas)]
    parts += [
        "## Texts, codes and results\n",
        sections((tables.TEXTS, tables.CODINGS, tables.AGREEMENT, tables.COMPARISON)),
    ]
    return "\n".join(parts)


def sections(schemas: Iterable[Schema]) -> str:
    """A heading, what a row is, and a table of columns for each schema."""
    return "\n".join(map(_section, schemas))


def _section(schema: Schema) -> str:
    lines = [f"### {schema.name}\n", f"One row per {schema.row}.\n"]
    lines += ["| column | kind | unit | meaning |", "|---|---|---|---|"]
    for column in schema.columns:
        values = f" ({', '.join(column.allowed)})" if column.allowed else ""
        empty = "; may be empty" if column.optional else ""
        extra = "; a study need not have the column" if column.extra else ""
        lines.append(f"| `{column.name}` | {column.kind} | {column.unit} | {column.meaning}{values}{empty}{extra} |")
    return "\n".join(lines) + "\n"
