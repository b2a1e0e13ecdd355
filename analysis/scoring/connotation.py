"""What a word of English news says of who does and who is done to: its stem, its groups, its tone.

The groups (blame, praise, wrong, achieve, …) are in instruments/connotation.toml, written by hand. They carry no
weights: what a group means for a target is learned, see `analysis.scoring.targeted`. A word is in the groups of the
words it is an inflection of: nothing is in a group by the likeness of its stem, since stems run words together ("with",
"wither").
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from analysis.instruments.function_words import function_words

_FOLDER = Path(__file__).parents[1] / "instruments"
#: Groups whose words can be what somebody does.
_DEEDS = frozenset(("blame", "legal", "wrong", "harm", "fail", "praise", "support", "achieve", "oppose")) | frozenset(
    ("command", "say", "neutral")
)
_WARM = frozenset(["praise", "achieve", "support", "goodtrait", "good"])
_COLD = frozenset(["wrong", "fail", "crime", "trouble", "badtrait", "ill", "harm", "blame", "legal", "oppose"])
#: Groups that change or frame a tone and have none.
_FRAMES = frozenset(["negator", "hedge", "intense", "contrast", "office", "neutral", "say"])
#: Groups of words for what somebody is, which have adverbs and nouns in place of inflections: "cruelly", "rudeness".
_TRAITS = frozenset(["goodtrait", "badtrait"])
#: Groups whose words may be verbs; those of all others are names of things, which have a plural only.
_VERBS = _DEEDS | {"hedge", "attempt", "negator", "ill"}
#: A word of one syllable that doubles its last letter (plan, planned), and one that may (visit, admit).
_DOUBLES = re.compile(r"(?:[^aeiou]|qu)*[aeiouy][^aeiouwxy]")
_MAY_DOUBLE = re.compile(r".*(?:[^aeiou]|qu)[aeiou][bdfglmnprt]")
#: Ends of words for traits whose adverb has no l more: noble, nobly.
_LE = re.compile(r"[^aeiou]le\Z")
#: Endings and what takes their place, the longest first; irregular forms stand in the file.
_ENDINGS = (
    *(("ingly", ""), ("edly", ""), ("iness", "y"), ("ness", ""), ("ically", "ic"), ("ably", "abl"), ("ibly", "ibl")),
    *(("ily", "y"), ("fully", "ful"), ("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ing", ""), ("ed", "")),
    *(("ers", ""), ("er", ""), ("ors", ""), ("or", ""), ("ly", ""), ("es", ""), ("s", ""), ("e", "")),
)


class Word(NamedTuple):
    """A word form: small letters, stem, their hashes, groups, and what it can do in a sentence."""

    low: str
    stem: str
    form: int
    root: int
    groups: tuple[int, ...]
    deeds: tuple[int, ...]
    loaded: int
    warmth: int
    tone: float
    negator: bool
    auxiliary: bool
    participle: bool
    edge: bool
    says: bool


@lru_cache(maxsize=50_000)
def code(name: str) -> int:
    """A number for a name, the same in every process."""
    return crc32(name.encode())


@lru_cache(maxsize=50_000)
def word(form: str) -> Word:
    """What is known of a word form as written."""
    low = form.replace("’", "'").lower()
    low = low[:-2] if low.endswith("'s") and len(low) > 2 else low
    low = "0" if low[0].isdigit() else low
    root = stem(low)
    groups = _groups().get(low, ())
    tone = float(_tones().get(low, 0.0))
    signs = () if not tone else ("tone+",) if tone > 0 else ("tone-",)
    loaded = [group for group in groups if group not in _FRAMES] or list(signs)
    deeds = [group for group in groups if group in _DEEDS]
    return Word(
        low=low,
        stem=root,
        form=code(low),
        root=code(root),
        groups=tuple(code(group) for group in (*groups, *signs)),
        deeds=tuple(code(group) for group in deeds),
        loaded=code(loaded[0]) if loaded else 0,
        warmth=bool(_WARM.intersection(groups)) - bool(_COLD.intersection(groups)),
        tone=tone,
        negator=low in _plain("negators") or low.endswith("n't"),
        auxiliary=low in _plain("auxiliaries") or low.endswith("'s"),
        participle=bool(deeds) and (low.endswith(("ed", "n")) or low in _irregular()),
        edge=low in _plain("edges"),
        says="say" in groups,
    )


def stem(low: str) -> str:
    """A word without its inflection, roughly; the same for all forms is all that counts."""
    low = _irregular().get(low, low)
    if len(low) < 4 or not low.isascii() or low in _grammar():
        return low
    for ending, instead in _ENDINGS:
        if low.endswith(ending) and len(low) - len(ending) >= 3 and not _is_root(low, ending):
            low = low[: len(low) - len(ending)] + instead
            break
    if len(low) > 3:
        low = low.removesuffix("e")
    if len(low) > 3 and low[-1] == low[-2] and low[-1] not in "lse":
        low = low[:-1]
    low = low[:-1] + "i" if low.endswith("y") else low
    # No other word has the stem of one of grammar: "noted" is no "not".
    return f"{low}e" if low in _grammar() else low


def _is_root(low: str, ending: str) -> bool:
    """Whether what looks like an ending belongs to the word: press, reply, bully."""
    if ending == "ly":
        return low.endswith("ply") or (low.endswith("lly") and len(low) < 6)
    return ending == "s" and low.endswith("ss")


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads((_FOLDER / "connotation.toml").read_text(encoding="utf-8"))


@cache
def _irregular() -> dict[str, str]:
    return {form: base for base, *forms in map(str.split, _file()["irregular"].splitlines()) for form in forms}


@cache
def _plain(name: str) -> frozenset[str]:
    return frozenset(_file()[name].split()) | ({"\n"} if name == "edges" else frozenset())


@cache
def _grammar() -> frozenset[str]:
    return function_words("en") | _plain("negators")


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    """Groups of all forms of the words listed. A word of grammar has only what is listed for it, no deed, no tone."""
    found: dict[str, dict[str, None]] = {}
    for group, words in _file()["groups"].items():
        toned = group in _DEEDS | _WARM | _COLD
        for listed in words.split():
            for form in (listed, *(form for form in _inflections(listed, group) if form not in _grammar())):
                if not (toned and form in _grammar()):
                    found.setdefault(form, {})[group] = None
    return {form: tuple(groups) for form, groups in found.items()}


def _inflections(low: str, group: str) -> Iterator[str]:
    """Other forms of a word of a group; some of them nobody uses."""
    changed = f"{low[:-1]}i" if low.endswith("y") and low[-2] not in "aeiou" else low
    if group in _TRAITS:
        yield f"{changed}ness"
        yield f"{low[:-1]}y" if _LE.search(low) else f"{changed}{'al' * low.endswith('ic')}ly"
        return
    yield f"{changed}es" if changed != low or low.endswith(("s", "x", "z", "ch", "sh", "o")) else f"{low}s"
    if low.endswith("o"):
        yield f"{low}s"
    if group in _VERBS:
        yield from (form for form, base in _irregular().items() if base == low)
        yield from _verbal(low, changed)


def _verbal(low: str, changed: str) -> Iterator[str]:
    """Participles of a verb; `changed`, where its y is an i."""
    if low.endswith("ie"):
        yield from (f"{low}d", f"{low[:-2]}ying")
    elif low.endswith("e"):
        yield from (f"{low}d", f"{low if low.endswith(('ee', 'ye', 'oe')) else low[:-1]}ing")
    else:
        doubled = low + ("k" if low.endswith("c") else low[-1])
        must = bool(_DOUBLES.fullmatch(low)) or low.endswith("c")
        if not must:
            yield from (f"{changed}ed", f"{low}ing")
        if must or _MAY_DOUBLE.fullmatch(low):
            yield from (f"{doubled}ed", f"{doubled}ing")


@cache
def _tones() -> dict[str, float]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return dict(SentimentIntensityAnalyzer().lexicon)
