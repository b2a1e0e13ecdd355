"""Made-up sentences that meet each of VADER's rules often, the same from the same seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from vaderSentiment import vaderSentiment as original

ORACLE = original.SentimentIntensityAnalyzer()
#: What sentences are made of: group → (how often, what is in it).
PIECES: dict[str, tuple[int, list[str]]] = {
    "lexicon": (9, sorted(ORACLE.lexicon)),
    "plain": (6, "a an the of and to minister said Lima table day US UN 7 2022 Castillo’s".split()),
    "rules": (7, "no or nor but least at very never so this without doubt kind of sort just enough".split()),
    "boosters": (3, sorted(original.BOOSTER_DICT)),
    "negations": (3, [*sorted(original.NEGATE), "don’t", "mayn't've", "n't", "UH-UH"]),
    "phrases": (3, [*sorted(original.SPECIAL_CASES), *sorted(original.SENTIMENT_LADEN_IDIOMS), "never so", "at least"]),
    "parts": (2, sorted({word for phrase in original.SPECIAL_CASES for word in phrase.split()})),
    "emojis": (1, sorted(ORACLE.emojis)),
    "odd": (1, ["", "''", "“”", "…", "İ", "ß", "K", "ΑΣ", "ǅ", "é", "\u200b", "\ufeff", "\x00", "١", "good’s", "𝐍𝐎", "漢字"]),
}
SPACES = [" "] * 30 + ["", "  ", "\t", "\n", "\r\n", "\x1c", "\x85", "\xa0", "\u2003", "\u2028", "\u3000"]
_MARKS = [""] * 12 + [",", ".", "!", "?", "!!!", "??", "?!?!?", '"', "'", "“", "”", "’", "(", ")", "...", "--", ";)", "#"]
_CASES: list[Callable[[str], str]] = [str, str, str, str.lower, str.title, str.upper, str.swapcase]


def sentences(count: int, *, seed: int) -> list[str]:
    """Sentences of 0 to 24 pieces, some of which come twice, since VADER looks values up by what they equal."""
    random = Random(seed)
    return [_sentence(random) for _ in range(count)]


def _sentence(random: Random) -> str:
    pieces: list[str] = []
    for group in random.choices([*PIECES], [often for often, _ in PIECES.values()], k=random.randrange(25)):
        again = pieces and random.random() < 0.1
        piece = random.choice(pieces) if again else random.choice(_CASES)(random.choice(PIECES[group][1]))
        pieces += [piece if again else f"{random.choice(_MARKS)}{piece}{random.choice(_MARKS)}", random.choice(SPACES)]
    return "".join(pieces) + random.choice(["", ".", "!", "!!", "!!!!!!", "?", "??", "????", " ?!"])
