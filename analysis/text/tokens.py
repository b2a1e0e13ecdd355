"""Word tokens, as spans into the untouched text: NLTK's word tokenizer in a thin layer of our own.

NLTK takes the apostrophe of "Peru’s" for a quotation mark, splits addresses, and cannot always say where in the text a
token was. A piece of text between white space has the same tokens wherever it stands, except for the period after it.
So a piece is tokenized once, and many sentences are read together: their tokens are arrays of integers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np

from analysis.text.arrays import Ints, JaggedArray, Vocabulary, factorize, map_array, read_pieces
from analysis.text.sentences import Abbreviations, Span, abbreviations, check_language, split_sentences

#: An address without the marks at its end, a handle, initials.
_WHOLE = re.compile(r"(?:https?://|www\.)\S*[\w/]|(?<![\w@])@\w+|(?<![\w.])(?<!\w[\-‐‑'’])(?:[^\W\d_]\.){2,}(?!\w)")
_ADDRESS = re.compile(r"https?://|www\.|@")
_TYPED = str.maketrans("’ʼ", "''")
#: Longer pieces are cut into parts of this length first: no word is so long, and NLTK's time may grow with the square.
_LONGEST = 500
#: Marks and white space that may follow a sentence's last period.
_CLOSING = "\"'”’»)]}"


class Tokens(NamedTuple):
    """Tokens of many sentences, end to end.

    Attributes
    ----------
    forms : each distinct token, as written
    numbers, rows, starts, ends : arrays of int, per token: its index in `forms`, its sentence, its place there
    """

    forms: list[str]
    numbers: Ints
    rows: Ints
    starts: Ints
    ends: Ints


class TokenList(list[str]):
    """Tokens of a text, in order; `spans` holds the (start, end) of each in the text."""

    def __init__(self, tokens: Iterable[str], spans: list[Span]) -> None:
        super().__init__(tokens)
        self.spans = spans


def tokenize(text: str, *, language: str, sentences: Sequence[Span] | None = None) -> TokenList:
    """Tokens of a text: words, numbers, marks.

    Parameters
    ----------
    text : str
    language : str, one of tables.LANGUAGES
    sentences : spans of its sentences, by default those of split_sentences

    Returns
    -------
    list of str, in order; its attribute `spans` holds the (start, end) of each token: disjoint, without white space,
    together they hold every character that is not white space

    Notes
    -----
    As NLTKWordTokenizer, except: a typographic apostrophe is one; "cannot" and "gonna" stay whole; a slash and a
    plus are tokens by themselves; an abbreviation keeps its period only inside a sentence, initials (U.S.) always; an
    address and a handle are one token. Each is shown beside NLTK's in tests/test_text_tokens.py.

    Raises
    ------
    LanguageError

    Examples
    --------
    >>> tokens = tokenize("Congress removed him.", language="en")
    >>> tokens
    ['Congress', 'removed', 'him', '.']
    >>> tokens.spans[0]
    (0, 8)
    """
    if not isinstance(text, str):
        raise TypeError(f"tokenize takes one text, a str, not {type(text).__name__}")
    check_language(language)
    if sentences is None:
        sentences = split_sentences(text, language=language)
    tokens = read_tokens([text[start:end] for start, end in sentences], language=language)
    shift = np.array([start for start, _ in sentences], np.intp)[tokens.rows]
    spans = list(zip((shift + tokens.starts).tolist(), (shift + tokens.ends).tolist(), strict=True))
    return TokenList((text[start:end] for start, end in spans), spans)


def read_tokens(sentences: Sequence[str], *, language: str, complete: bool = True) -> Tokens:
    """Tokens of many sentences.

    Parameters
    ----------
    sentences : sequence of str
    language : str, one of tables.LANGUAGES
    complete : bool, whether they end where the strings do; if not, the last period may be an abbreviation's
    """
    pieces, begun, owners = read_pieces(sentences)
    numbers, distinct = factorize(pieces)
    forms = Vocabulary()
    cut = [[forms[token] for token in tokens] for tokens in map(_cutter(language), distinct)]
    piece, tokens = JaggedArray.from_lists(cut).take(numbers)
    sizes = map_array(len, forms.new, np.intp)[tokens]
    # Tokens fill their piece, so their lengths give the starts.
    before = np.cumsum(sizes) - sizes
    first = np.flatnonzero(np.diff(piece, prepend=-1))
    starts = (begun - before[first])[piece] + before
    separate = Tokens(forms.new, tokens, owners[piece], starts, starts + sizes)
    return _with_periods(separate, forms, sentences, abbreviations(language), complete)


def alias_tokens(aliases: Sequence[str], *, language: str) -> list[list[str]]:
    """Tokens of each alias as they stand inside a sentence."""
    found = read_tokens(aliases, language=language, complete=False)
    tokens: list[list[str]] = [[] for _ in aliases]
    for row, number in zip(found.rows.tolist(), found.numbers.tolist(), strict=True):
        tokens[row].append(found.forms[number])
    return tokens


@lru_cache(maxsize=200_000)
def is_word(token: str) -> bool:
    """Whether a token counts as a word: it has a letter or a digit, and is no address and no handle."""
    return token.isalnum() or (any(map(str.isalnum, token)) and not _ADDRESS.match(token))


@cache
def _cutter(language: str) -> Callable[[str], tuple[str, ...]]:
    """Function that gives the tokens of a piece, without the periods of abbreviations."""
    words = _word_tokenizer(language)

    @lru_cache(maxsize=100_000)
    def cut(piece: str) -> tuple[str, ...]:
        if piece.isalnum():
            return (piece,)
        tokens: list[str] = []
        at = 0
        for whole in _WHOLE.finditer(piece):
            tokens += _words(piece[at : whole.start()], words)
            tokens.append(whole[0])
            at = whole.end()
        return (*tokens, *_words(piece[at:], words))

    return cut


def _words(piece: str, tokenizer: Any) -> list[str]:
    """NLTK's tokens of a piece, in the characters of the text."""
    tokens, tokenize = [], cache(tokenizer.tokenize)  # a long run of a mark has the same part many times
    for start in range(0, len(piece), _LONGEST):
        part, at = piece[start : start + _LONGEST], 0
        for token in tokenize(part.translate(_TYPED)):
            size = 1 if token in ("``", "''") and part[at] == '"' else len(token)
            tokens.append(part[at : at + size])
            at += size
    return tokens


@cache
def _word_tokenizer(language: str) -> Any:
    """NLTKWordTokenizer with the rules above."""
    # NLTK takes a second to import; only where texts are tokenized is it needed.
    from nltk.tokenize import NLTKWordTokenizer

    padded = r" \g<0> "

    class WordTokenizer(NLTKWordTokenizer):  # type: ignore[misc]
        CONTRACTIONS2: tuple[()] = ()
        CONTRACTIONS3: tuple[()] = ()
        DOUBLE_DASHES = (re.compile(r"-{2,}"), padded)
        PUNCTUATION = (
            (re.compile(r"(?<![\w.])'(?=\w)"), padded),
            *NLTKWordTokenizer.PUNCTUATION,
            # A period, comma or colon stays only between digits, a period and a hyphen between letters too.
            (re.compile(r"(?<![\w.])\.(?![.])|(?<!\.)\.(?![\w.])|(?<!\d)[,:]|[,:](?!\d)"), padded),
            (re.compile(r"(?<![\w\u0300-\u036f-])[-‐‑](?!-)|(?<!-)[-‐‑](?![\w-])"), padded),
            (re.compile(r"[^\w\s.,:'\"`\-‐‑\u0300-\u036f]"), padded),
        )
        if language != "en":  # only English joins 's and n't to a word
            ENDING_QUOTES = (*NLTKWordTokenizer.ENDING_QUOTES[:4], (re.compile(r"([^' ])(') "), r"\1 \2 "))

    return WordTokenizer()


def _with_periods(
    tokens: Tokens, forms: Vocabulary, sentences: Sequence[str], lists: Abbreviations, complete: bool
) -> Tokens:
    """The tokens with each period joined to the abbreviation before it, except where it ends the sentence."""
    joined = np.zeros(len(tokens.numbers), np.bool_)
    last_mark = cache(lambda row: len(sentences[row].rstrip().rstrip(_CLOSING)))
    for at in _periods(tokens, lists):
        row, end = int(tokens.rows[at]), int(tokens.ends[at])
        follows = at + 1 < len(joined) and tokens.rows[at + 1] == row
        after = sentences[row][tokens.starts[at + 1]] if follows else ""
        word = tokens.forms[tokens.numbers[at - 1]]
        if not (complete and end >= last_mark(row)) and _keeps_period(word, after, lists):
            tokens.numbers[at - 1], tokens.ends[at - 1] = forms[f"{word}."], end
            joined[at] = True
    return Tokens(tokens.forms, *(values[~joined] for values in tokens[1:])) if joined.any() else tokens


def _periods(tokens: Tokens, lists: Abbreviations) -> list[int]:
    """Indices of single periods directly after a word that can keep one."""
    if "." not in tokens.forms:
        return []
    keeps = map_array(lambda form: _keeps_period(form, "0", lists), tokens.forms)
    at = np.flatnonzero(tokens.numbers == tokens.forms.index("."))
    at = at[at > 0]
    touching = (tokens.starts[at] == tokens.ends[at - 1]) & (tokens.rows[at] == tokens.rows[at - 1])
    indices: list[int] = at[touching & keeps[tokens.numbers[at - 1]]].tolist()
    return indices


def _keeps_period(word: str, after: str, lists: Abbreviations) -> bool:
    """Whether the period between a word and the character `after` it in its sentence belongs to the word."""
    if (low := word.casefold()) in lists.numbered:
        return after.isdigit()
    return (
        low in lists.titles or low in lists.abbreviations or low in lists.closing or (len(word) == 1 and word.isupper())
    )
