"""Keyword in context (KWIC) of plain texts."""

from bisect import bisect_left
from collections.abc import Sequence

import pandas as pd

from analysis.text.gazetteer import Alias, Matcher
from analysis.text.sentences import Span, check_language
from analysis.text.tokens import tokenize

#: Columns of the lines in context.
LINE = ("left", "keyword", "right")


def kwic(texts: Sequence[str], word: str, *, language: str, width: int = 8) -> pd.DataFrame:
    """Uses of a word or phrase with the words around them (Luhn 1960).

    Parameters
    ----------
    texts : sequence of str
    word : str, one word or several; matched as whole tokens in any capitals, with accents as written
    language : str, a tag such as en or es-PE
    width : int ≥ 0, tokens on either side

    Returns
    -------
    DataFrame with text (index in `texts`), start, end (the place in the text), left, keyword, right; in order

    Raises
    ------
    LanguageError
    TypeError
        Where `texts` is a single str.
    ValueError
        Where the word is empty or the width negative.

    Examples
    --------
    >>> lines = kwic(["It was a coup, they said.", "No coup."], "coup", language="en", width=2)
    >>> lines[["text", "left", "keyword", "right"]].values.tolist()
    [[0, 'was a', 'coup', ', they'], [1, 'No', 'coup', '.']]
    """
    if isinstance(texts, str):
        raise TypeError("texts is a single str; give a list: [text]")
    if not word.strip():
        raise ValueError("word is empty")
    if width < 0:
        raise ValueError(f"width is {width}; it is 0 or more")
    language = check_language(language)
    matcher = Matcher([Alias(word, text=word, exact=False)])
    lines: list[tuple[int | str, ...]] = []
    for number, text in enumerate(texts):
        tokens = tokenize(text, language=language)
        for match in matcher.match(tokens, language=language):
            start, end = tokens.spans[match.first][0], tokens.spans[match.last][1]
            lines.append((number, start, end, *context(text, tokens.spans, (start, end), width)))
    return pd.DataFrame(lines, columns=["text", "start", "end", *LINE])


def context(text: str, tokens: Sequence[Span], span: Span, width: int) -> tuple[str, str, str]:
    """The words before, in and after a span of a text, `width` tokens on either side, without line breaks."""
    start, end = span
    ends = bisect_left(tokens, start + 1, key=lambda token: token[1])  # tokens that end before the span
    starts = bisect_left(tokens, end, key=lambda token: token[0])
    before, after = tokens[max(0, ends - width) : ends], tokens[starts : starts + width]
    pieces = (text[before[0][0] : start] if before else "", text[start:end], text[end : after[-1][1]] if after else "")
    left, keyword, right = (" ".join(piece.split()) for piece in pieces)
    return left, keyword, right
