"""Made-up sentences that meet each of VADER's rules often, the same from the same seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from vaderSentiment import vaderSentiment as original

ORACLE = original.SentimentIntensityAnalyzer()
_IDIOMS = [*sorted(original.SPECIAL_CASES), *sorted(original.SENTIMENT_LADEN_IDIOMS)]
#: Where two rules meet; + is a word of the sentence's own few.
_MEETINGS = [
    *("no + or +", "no + nor +", "no +", "+ but +", "least +", "at least +", "very least +", "not really so +"),
    *("never so +", "never this very +", "never + so +", "not by this +", "without doubt +", "without doubt a +"),
    *("without any doubt +", "it's yeah right bad ass +", "kind of +", "just enough of +", "sort of a bad ass +"),
]
_RULES = str.split("no or nor but least at very never so this without doubt kind of sort just enough")
_OTHERS = str.split("a an the of and to minister said Lima table day US UN 7 2022 Castillo’s")
#: What sentences are made of: how often, of what.
PIECES: list[tuple[int, list[str]]] = [
    (9, ["+"]),
    (3, _MEETINGS),
    (6, _OTHERS),
    (5, _RULES),
    (3, sorted(original.BOOSTER_DICT)),
    (3, [*sorted(original.NEGATE), "don’t", "mayn't've", "n't", "UH-UH"]),
    (2, _IDIOMS),
    (2, sorted({word for phrase in _IDIOMS for word in phrase.split()})),
    (1, sorted(ORACLE.emojis)),
    (1, ["", "''", "“”", "…", "İ", "ß", "K", "ΑΣ", "ǅ", "é", "\u200b", "\ufeff", "\x00", "١", "good’s", "𝐍𝐎", "漢字"]),
]
SPACES = [" "] * 30 + ["", "  ", "\t", "\n", "\r\n", "\x1c", "\x85", "\xa0", "\u2003", "\u2028", "\u3000"]
_MARKS = [""] * 12 + [",", ".", "!", "?", "!!!", "??", "?!?!?", '"', "'", "“", "”", "’", "(", ")", "...", "--", "#"]
_CASES: list[list[Callable[[str], str]]] = [
    [str],
    [str.upper],
    [str, str, str, str.lower, str.title, str.upper, str.swapcase],
]
_LEXICON = sorted(ORACLE.lexicon)


def sentences(count: int, *, seed: int) -> list[str]:
    """Sentences of 0 to 24 pieces each, single words or phrases."""
    random = Random(seed)
    return [_sentence(random) for _ in range(count)]


def _sentence(random: Random) -> str:
    # Few words, so that values come twice: VADER looks them up by what they equal.
    own, cases, marks = random.choices(_LEXICON, k=6), random.choice(_CASES), random.choice([[""], _MARKS])
    words: list[str] = []
    for _, pieces in random.choices(PIECES, [often for often, _ in PIECES], k=random.randrange(25)):
        words += random.choice(pieces).replace("+", random.choice(own)).split(" ")
    made = (
        f"{random.choice(marks)}{random.choice(cases)(word)}{random.choice(marks)}{random.choice(SPACES)}"
        for word in words
    )
    return "".join(made) + random.choice(["", ".", "!", "!!", "!!!!!!", "?", "??", "????", " ?!"])
