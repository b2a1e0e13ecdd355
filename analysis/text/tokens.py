"""Word tokens, as spans into the untouched text: NLTK's word tokenizer in a thin layer of our own.

NLTK takes the apostrophe of "Peru’s" for a quotation mark, splits addresses, and cannot always say where in the text a
token was. A piece of text between white space has the same tokens wherever it stands, except for the period after it.
So a piece is tokenized once, and many sentences are read together: their tokens are arrays of integers.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.text.sentences import Span, abbreviations, check_language, split_sentences

Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

#: The characters that `\s` and str.split take for white space are all below this.
_BEYOND = 0x3001
_SPACE = np.array([chr(number).isspace() for number in range(_BEYOND + 1)])


class Vocabulary(dict[str, int]):
    """Strings → integers, in the order in which they are first asked for."""

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        return number


def factorize(strings: Iterable[str]) -> tuple[Ints, list[str]]:
    """Integer code of each string, and the distinct strings in the order of their codes."""
    vocabulary = Vocabulary()
    return np.fromiter(map(vocabulary.__getitem__, strings), dtype=np.intp), list(vocabulary)


def map_array(
    function: Callable[[Any], Any], items: Sequence[Any] | npt.NDArray[Any], dtype: Any = np.bool_
) -> npt.NDArray[Any]:
    """Array of a function's values."""
    return np.fromiter(map(function, items), dtype=dtype, count=len(items))


def take_lists(lists: Sequence[Sequence[int]], which: Ints) -> tuple[Ints, Ints]:
    """Values of some of the lists end to end, after the index in `which` that each value comes from."""
    sizes, values = map_array(len, lists, np.intp), np.fromiter(chain.from_iterable(lists), dtype=np.intp)
    starts, taken = np.cumsum(sizes) - sizes, sizes[which]
    owners = np.repeat(np.arange(len(which)), taken)
    shift = starts[which] - (np.cumsum(taken) - taken)
    return owners, values[np.arange(len(owners)) + shift[owners]]


def read_pieces(texts: Sequence[str]) -> tuple[list[str], Ints, Ints]:
    """Pieces of texts between white space, in a row; where each starts in its text; the index of its text."""
    text = "\n".join(texts)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    space = _SPACE[np.minimum(codes, _BEYOND)]
    begun = np.flatnonzero(~space & np.concatenate([[True], space[:-1]])[: len(space)])
    lengths = map_array(len, texts, np.intp) + 1
    bounds = np.cumsum(lengths) - lengths
    owners = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(begun, bounds), append=len(begun)))
    return text.split(), begun - bounds[owners], owners


#: An address without the marks at its end, a handle, initials.
_WHOLE = re.compile(r"(?:https?://|www\.)\S*[\w/]|(?<![\w@])@\w+|(?<![\w.])(?<!\w[\-‐‑'’])(?:[^\W\d_]\.){2,}(?!\w)")
#: A word and the marks after it, which need none of NLTK's rules, and are most of what comes with a mark.
_WORD_AND_MARK = re.compile(r"([^\W_]+)([,;:?!]|\.(?!\.))?([\"”]?)([,.]?)")
_ADDRESS = re.compile(r"https?://|www\.|@")
_TYPED = str.maketrans("’ʼ", "''")
#: Words that lose a vowel before the next word and are tokens by themselves: l'État, dell'arte.
_ELISIONS = {
    "fr": re.compile(r"(?i)(?<![\w'])([cdjlmnst]|(?:jus|lors|puis|quoi|quel)?qu)'(?=\w)"),
    "it": re.compile(r"(?i)(?<![\w'])(\w*[lntrdcsv])'(?=[aeiouàèéìòùh])"),
}
#: Longer pieces are cut into parts of this length first: no word is so long, and NLTK's time may grow with the square.
_LONGEST = 500
#: Marks that may follow a sentence's last period.
_CLOSING = "\"'”’»)]}"


class Tokens(NamedTuple):
    """Tokens of many sentences, end to end: per token its index in `forms`, its sentence and its place there."""

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
    language : str, a tag such as en or es-PE
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
    language = check_language(language)
    if sentences is None:
        sentences = split_sentences(text, language=language)
    tokens = read_tokens([text[start:end] for start, end in sentences], language=language)
    shift = np.array([start for start, _ in sentences], np.intp)[tokens.rows]
    spans = list(zip((shift + tokens.starts).tolist(), (shift + tokens.ends).tolist(), strict=True))
    return TokenList((text[start:end] for start, end in spans), spans)


def read_tokens(sentences: Sequence[str], *, language: str, complete: bool = True) -> Tokens:
    """Tokens of many sentences; where they are not complete, the last period may be an abbreviation's."""
    pieces, begun, owners = read_pieces(sentences)
    numbers, distinct = factorize(pieces)
    forms = Vocabulary()
    cut = [[forms[token] for token in tokens] for tokens in map(_cut, distinct, repeat(language))]
    piece, tokens = take_lists(cut, numbers)
    sizes = map_array(len, list(forms), np.intp)[tokens]
    # Tokens fill their piece, so their lengths give the starts.
    before = np.cumsum(sizes) - sizes
    first = np.flatnonzero(np.diff(piece, prepend=-1))
    starts = (begun - before[first])[piece] + before
    return _with_periods(
        Tokens(list(forms), tokens, owners[piece], starts, starts + sizes), sentences, language, complete
    )


@lru_cache(maxsize=200_000)
def is_word(token: str) -> bool:
    """True for a token that counts as a word: it has a letter or a digit, and is no address and no handle."""
    return token.isalnum() or (any(map(str.isalnum, token)) and not _ADDRESS.match(token))


@lru_cache(maxsize=100_000)
def _cut(piece: str, language: str) -> tuple[str, ...]:
    """Tokens of a piece, without the periods of abbreviations."""
    if plain := _WORD_AND_MARK.fullmatch(piece):
        return tuple(filter(None, plain.groups()))
    words = cache(_word_tokenizer(language).words)  # a long run of a mark has the same part many times
    tokens: list[str] = []
    at = 0
    for whole in (*_WHOLE.finditer(piece), None):
        end = whole.start() if whole else len(piece)
        for start in range(at, end, _LONGEST):
            tokens += words(piece[start : min(start + _LONGEST, end)])
        if whole:
            tokens.append(whole[0])
            at = whole.end()
    return tuple(tokens)


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
        if language in _ELISIONS:
            ENDING_QUOTES = (*ENDING_QUOTES, (_ELISIONS[language], r"\1' "))

        def words(self, part: str) -> list[str]:
            """Tokens in the characters of the text."""
            tokens, at = [], 0
            for token in self.tokenize(part.translate(_TYPED)):
                size = 1 if token in ("``", "''") and part[at] == '"' else len(token)
                tokens.append(part[at : at + size])
                at += size
            return tokens

    return WordTokenizer()


def _with_periods(tokens: Tokens, sentences: Sequence[str], language: str, complete: bool) -> Tokens:
    """The tokens with each period joined to the abbreviation before it, except where it ends the sentence."""
    forms, numbers, rows, starts, ends = tokens
    if "." not in forms:
        return tokens
    may_keep = map_array(lambda form: _keeps_period(form, "0", language), forms)
    at = np.flatnonzero(numbers == forms.index("."))
    at = at[at > 0]
    at = at[(starts[at] == ends[at - 1]) & (rows[at] == rows[at - 1]) & may_keep[numbers[at - 1]]]
    last_mark = cache(lambda row: len(sentences[row].rstrip().rstrip(_CLOSING)))
    known, joined = Vocabulary(zip(forms, range(len(forms)), strict=True)), np.zeros(len(numbers), np.bool_)
    for period in at.tolist():
        row = rows[period]
        after = sentences[row][starts[period + 1]] if period + 1 < len(rows) and rows[period + 1] == row else ""
        word = forms[numbers[period - 1]]
        if not (complete and ends[period] >= last_mark(row)) and _keeps_period(word, after, language):
            numbers[period - 1], ends[period - 1], joined[period] = known[f"{word}."], ends[period], True
    return Tokens(list(known), *(values[~joined] for values in (numbers, rows, starts, ends)))


def _keeps_period(word: str, after: str, language: str) -> bool:
    """True where the period between a word and the character `after` it in its sentence belongs to the word."""
    lists, low = abbreviations(language), word.casefold()
    if low in lists["numbered"]:
        return after.isdigit()
    return any(low in lists[name] for name in ("titles", "abbreviations", "closing")) or (
        len(word) == 1 and word.isupper()
    )
