"""What a kernel prints, as text that is the same on every machine: no colours, no paths, no addresses in memory."""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CELL_FILE = re.compile(r"\S*ipykernel_\d+[/\\]\d+\.py")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_PART = r"[^\s/\\:*?\"'<>|()\[\],;]+"
_POSIX = re.compile(rf"(?<![\w:/.~<-])(?:/{_PART})+/({_PART})")
_WINDOWS = re.compile(rf"\b[A-Za-z]:\\(?:{_PART}\\)*({_PART})")


def plain(text: str, root: Path | None = None) -> str:
    """Text without ANSI codes, control characters, machine paths and addresses.

    Parameters
    ----------
    text : str, what a cell printed, or a traceback
    root : Path or None, the project's folder; files in it are told relative to it

    Returns
    -------
    str
    """
    text = _CONTROLS.sub("", _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))
    text = _CELL_FILE.sub("cell", text)
    for folder in _folders(root):
        text = text.replace(f"{folder}/", "").replace(f"{folder}\\", "")
    text = _WINDOWS.sub(r"…\\\1", _POSIX.sub(r"…/\1", text))
    return _ADDRESS.sub("0x…", text)


def _folders(root: Path | None) -> list[str]:
    """Folders whose files are told relative to them, the deepest first."""
    paths = sysconfig.get_paths()
    found = {paths["purelib"], paths["platlib"], paths["stdlib"], sys.prefix, *([str(root)] if root else [])}
    return sorted(found, key=lambda folder: (-len(folder), folder))
