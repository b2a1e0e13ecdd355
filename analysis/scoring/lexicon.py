"""Lexicon of news English: sentiment, groups and grammar of a word, in numbers that `targeted` makes features of.

The groups (blame, praise, crime, …) are listed in instruments/lexicon-en.toml. They have no weights: the weight of a
group is learned from coded sentences.
"""

import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

from analysis.instruments import function_words
from analysis.scoring.vader import rating

LEXICON = Path(__file__).parents[1] / "instruments" / "lexicon-en.toml"
#: Stands for the target among the words around it; no word can be a space.
MASK = " "
#: Flags of a word: it negates those after it, ends the reach of a negation, is a verb of saying; quotation marks.
NEGATES, STOPS, SAYS, OPENS, CLOSES = 1, 2, 4, 8, 16
#: Sentiment is in twentieths: a word in a positive group has one, its rating in VADER's lexicon counts half.
SCALE = 20

_STOPS = frozenset(';:—–()“”"\n.!?…')
_MARKS = {"“": OPENS, "”": CLOSES, '"': OPENS | CLOSES}


@lru_cache(maxsize=50_000)
def hash_name(name: str) -> int:
    """CRC-32 of a name, the same in every process."""
    return crc32(name.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=100_000)
def read_word(form: str) -> tuple[int, int, int, int, int, int]:
    """Hash of a word's stem, hashes of up to three groups (0 for none), sentiment, flags; all 0 for `MASK`."""
    if form == MASK:
        return (0, 0, 0, 0, 0, 0)
    file = _file()
    low = form.replace("’", "'").lower()
    low = low.removesuffix("'s") or low
    low = "0" if low[0].isdigit() else low
    base, rated = stem(low), rating(low)
    groups = _groups().get(base, ())
    signs = ("positive",) * (rated > 0) + ("negative",) * (rated < 0)
    first, second, third = ([*map(hash_name, (*groups, *signs)[-3:]), 0, 0, 0])[:3]
    favour = (not file["positive"].isdisjoint(groups)) - (not file["negative"].isdisjoint(groups))
    flags = NEGATES * (low in file["negators"] or low.endswith("n't"))
    flags |= STOPS * (form in _STOPS) | SAYS * ("say" in groups) | _MARKS.get(form, 0)
    return hash_name(base), first, second, third, favour * SCALE + round(rated * SCALE / 2), flags


@lru_cache(maxsize=50_000)
def stem(low: str) -> str:
    """A word in small letters without its inflection; a function word as it is, so that no other word shares it."""
    if low in _file()["kept"]:
        return low
    return str(_stemmer().stem(_file()["irregular"].get(low, low)))


@cache
def _stemmer() -> Any:
    from nltk.stem.snowball import SnowballStemmer  # where words are stemmed: NLTK takes a while to import

    return SnowballStemmer("english")


@cache
def _file() -> dict[str, Any]:
    """The lists of the file; `irregular` as form → base, and `kept`, the words that have no stem."""
    file = tomllib.loads(LEXICON.read_text(encoding="utf-8"))
    file |= {name: frozenset(file[name].split()) for name in ("positive", "negative", "negators")}
    file["irregular"] = {form: line.split()[0] for line in file["irregular"].splitlines() for form in line.split()[1:]}
    file["kept"] = function_words("en") | file["negators"]
    return file


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    """Groups of each stem, each once and in the order of the file."""
    found: dict[str, dict[str, None]] = {}
    for group, words in _file()["groups"].items():
        for word in words.split():
            found.setdefault(stem(word), {})[group] = None
    return {base: tuple(groups) for base, groups in found.items()}
