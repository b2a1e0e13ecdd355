"""Notebooks go into git without outputs, counts and a machine's metadata; `--write` strips those that have them.

Usage: python tests/bare_notebooks.py [--write] notebooks/*.ipynb
"""

import json
import sys
from pathlib import Path

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def bare(text: str) -> str:
    """A notebook's text without outputs, execution counts and metadata other than a cell's tags."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags")
        cell["metadata"] = {"tags": tags} if tags else {}
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    notebook["metadata"] = METADATA
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def is_bare(text: str) -> bool:
    """Whether stripping would change what the notebook says, whatever its layout."""
    return json.loads(bare(text)) == json.loads(text)


def main(arguments: list[str]) -> int:
    """Exit status 1 where a notebook is not bare, or was not until now."""
    found = [p for p in map(Path, arguments) if p.suffix == ".ipynb" and not is_bare(p.read_text(encoding="utf-8"))]
    for path in found:
        if "--write" not in arguments:
            print(f"{path} holds outputs. Run: python tests/bare_notebooks.py --write {path}")
            continue
        path.write_text(bare(path.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"{path}: outputs stripped")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
