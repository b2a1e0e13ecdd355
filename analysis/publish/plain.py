"""Text of notebooks without anything of the machine that ran them."""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CELL_FILE = re.compile(r"\S*ipykernel_\d+[/\\]\d+\.py|<ipython-input-\d+-\w+>")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_PART = r"[^\s/\\:*?\"'<>|()\[\],;]+"
_POSIX = re.compile(rf"(?<![\w:/.~<-])(?:/{_PART})+/({_PART})")
_WINDOWS = re.compile(rf"\b[A-Za-z]:\\(?:{_PART}\\)*({_PART})")


def plain(text: str, root: Path | None = None) -> str:
    """Text of a cell or a traceback as it is on every machine: no colours, controls, paths, addresses in memory.

    Paths of files in `root`, the project's folder, are relative to it.
    """
    text = _CONTROLS.sub("", _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))
    text = _CELL_FILE.sub("cell", text)
    paths = sysconfig.get_paths()
    folders = {paths["purelib"], paths["platlib"], paths["stdlib"], sys.prefix, str(root or sys.prefix)}
    for folder in sorted(folders, key=lambda folder: (-len(folder), folder)):
        text = text.replace(f"{folder}/", "").replace(f"{folder}\\", "")
    text = _WINDOWS.sub(r"…\\\1", _POSIX.sub(r"…/\1", text))
    return _ADDRESS.sub("0x…", text)
