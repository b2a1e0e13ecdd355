"""The data dictionary of data/README.md, from analysis/tables/columns.csv; `--write` renews it there."""

import re
import sys
from pathlib import Path

from analysis.tables.dictionary import dictionary

README = Path(__file__).resolve().parents[1] / "data" / "README.md"
MARKS = re.compile(r"(<!-- dictionary -->\n)(.*?)(<!-- /dictionary -->)", re.DOTALL)

if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        README.write_text(MARKS.sub(lambda m: m[1] + "\n" + dictionary() + "\n" + m[3], text), encoding="utf-8")
    else:
        print(dictionary())
