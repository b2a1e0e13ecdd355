"""The data dictionary in Markdown: what `analysis.tables` says of each column, for READMEs."""

from collections.abc import Iterable

from analysis import tables
from analysis.tables import Schema


def dictionary() -> str:
    """One table of columns for each schema, as data/README.md has them."""
    groups = {
        "Files of a study": (*tables.STUDY_FILES, *tables.OPTIONAL_FILES),
        "Features": tables.FEATURES,
        "Texts, codes and results": (tables.TEXTS, tables.CODINGS, tables.AGREEMENT, tables.COMPARISON),
    }
    return "\n".join(f"## {title}\n\n{sections(schemas)}" for title, schemas in groups.items())


def sections(schemas: Iterable[Schema]) -> str:
    """A heading, what a row is, and a table of columns for each schema."""
    parts = []
    for schema in schemas:
        lines = [f"### {schema.name}\n", f"One row per {schema.row}.\n"]
        lines += ["| column | kind | unit | meaning |", "|---|---|---|---|"]
        for c in schema.columns:
            values = f" ({', '.join(c.allowed)})" if c.allowed else ""
            absent = ("; may be empty" if c.optional else "") + (
                "; a study need not have the column" if c.extra else ""
            )
            lines.append(f"| `{c.name}` | {c.kind} | {c.unit} | {c.meaning}{values}{absent} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)
