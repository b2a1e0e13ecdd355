"""Numbers as they are printed in sentences and tables: rounded the same way everywhere; a bar for what is long."""

import math
import re
import sys
import unicodedata
from datetime import date
from importlib import import_module
from typing import Any

MINUS = "−"
ABSENT = "–"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
_DIRECTION = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
#: Decimals that are kept of what is computed: beyond them processors differ.
DIGITS = 10


def rounded(value: float, digits: int = DIGITS) -> float:
    """The number as it may be written: each number of a page, of a CSV file or of a figure's texts is rounded here."""
    return round(float(value), digits)


def number(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """A number with a true minus sign; `sign` writes the plus as well; a dash where it is missing."""
    if value is None or math.isnan(value):
        return ABSENT
    value = rounded(value, digits) + 0.0  # + 0.0 turns -0.0 into 0.0
    text = f"{abs(value):,.{digits}f}"
    if value < 0:
        return MINUS + text
    return f"+{text}" if sign and value > 0 else text


def percent(share: float, digits: int = 0) -> str:
    """A share as a percentage."""
    return ABSENT if math.isnan(share) else f"{number(100 * share, digits)} %"


def points(difference: float, *, sign: bool = True) -> str:
    """A difference of shares in percentage points."""
    return ABSENT if math.isnan(difference) else f"{number(100 * difference, 0, sign=sign)} points"


def interval(lower: float, upper: float, digits: int = 2, *, scale: float = 1, sign: bool = False) -> str:
    """Both ends of an interval, "a to b"."""
    if math.isnan(lower) or math.isnan(upper):
        return ABSENT
    return f"{number(scale * lower, digits, sign=sign)} to {number(scale * upper, digits, sign=sign)}"


def small(p: float) -> str:
    """A p or q: three digits, never "0.000"."""
    if math.isnan(p):
        return ABSENT
    return "< 0.001" if p < 0.001 else number(p, 3)


def equals(name: str, p: float) -> str:
    """`q = 0.012` or `q < 0.001`, with spaces that do not break."""
    text = small(p)
    return (f"{name} {text}" if text.startswith("<") else f"{name} = {text}").replace(" ", "\N{NO-BREAK SPACE}")


def spaced(text: str) -> str:
    """The text with a space that does not break before each per cent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def printable(text: str) -> str:
    """The text without control characters."""
    return _CONTROL.sub("", text)


def isolated(name: str) -> str:
    """A name as pages show it: printable, and unable to change the direction of the text around it.

    Unicode isolates enclose it where it is written from right to left or has marks that say so.
    """
    name = printable(name)
    has_direction = _DIRECTION.search(name) or {"R", "AL"} & set(map(unicodedata.bidirectional, name))
    return f"\u2068{_DIRECTION.sub('', name)}\u2069" if has_direction else name


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listing(words: list[str]) -> str:
    """Words joined as in a sentence: a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def day(value: date, *, year: bool = True) -> str:
    """A date as 7 December 2022, whatever the locale."""
    text = f"{value.day} {_MONTHS[value.month - 1]}"
    return f"{text} {value.year}" if year else text


def day_range(start: date, end: date) -> str:
    """Two days and those between them, without the year: 5 to 10 December."""
    first = str(start.day) if (start.year, start.month) == (end.year, end.month) else day(start, year=False)
    return f"{first} to {day(end, year=False)}" if start != end else day(start, year=False)


_LANGUAGES = {
    **{"en": "English", "es": "Spanish", "pl": "Polish", "pt": "Portuguese", "de": "German", "fr": "French"},
    **{"it": "Italian"},
}


def language(code: str) -> str:
    """Name of a language; its code where the name is not known here."""
    return _LANGUAGES.get(code, code)


def escape_formula(cell: str) -> str:
    """A CSV cell that no spreadsheet takes for a formula: an apostrophe before = + - @, a tab or a line break."""
    bare = cell.lstrip("'")
    return f"'{cell}" if bare.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) else cell


def unescape_formula(cell: str) -> str:
    """The cell that `escape_formula` was given."""
    return cell[1:] if cell.startswith("'") and escape_formula(cell[1:]) == cell else cell


def progress_bar(parts: int, name: str) -> Any:
    """A bar of tqdm's for so many parts, for a person at a terminal; nothing where stderr is none."""
    tqdm = import_module("tqdm").tqdm  # by name: no number of a report depends on it
    tqdm.monitor_interval = 0  # its thread would stand in the way of a build that forks
    return tqdm(total=parts, desc=name, unit="", file=sys.stderr, disable=None, dynamic_ncols=True, leave=False)
