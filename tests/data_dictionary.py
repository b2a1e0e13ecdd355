"""The data dictionary of data/README.md, from analysis/tables/columns.csv; `--write` renews it there."""

import re
import sys
from pathlib import Path

from analysis import tables

README = Path(__file__).resolve().parents[1] / "data" / "README.md"
MARKS = re.compile(r"(<!-- dictionary -->\n)(.*?)(<!-- /dictionary -->)", re.DOTALL)


def dictionary() -> str:
    """A table of columns for each schema, as data/README.md has them."""
    groups = {
        "Files of a study": (*tables.STUDY_FILES, *tables.OPTIONAL_FILES),
        "Features": tables.FEATURES,
        "Texts, codes and results": (tables.TEXTS, tables.CODINGS, tables.AGREEMENT, tables.COMPARISON),
    }
    parts = {title: "\n".join(schema.described() for schema in schemas) for title, schemas in groups.items()}
    return "\n".join(f"## {title}\n\n{part}" for title, part in parts.items())


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        README.write_text(MARKS.sub(lambda m: m[1] + "\n" + dictionary() + "\n" + m[3], text), encoding="utf-8")
    else:
        print(dictionary())
