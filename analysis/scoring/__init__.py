"""Sentiment of texts and toward targets in them, in [-1, 1]; missing for a language without an instrument.

English has two instruments: for texts VADER, a lexicon with rules for negation and emphasis, made for short social
texts (`vader`); for targets a linear model trained on coded news sentences (`targeted`, with the words of `lexicon`).
instruments/validity.csv says how well they measure news. Other installed packages offer more, and a study may name a
model (`onnx_model`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

import analysis
from analysis.errors import UnknownName
from analysis.instruments import GROUP
from analysis.scoring.targeted import probabilities
from analysis.scoring.vader import compound
from analysis.text.sentences import Span, check_language

#: Languages with instruments.
INSTRUMENTS = {"en": "VADER; toward a mention a linear model"}
#: Sentiment from here on counts as positive, from minus this on as negative (Hutto & Gilbert 2014).
CUTOFF = 0.05
#: VADER takes ’ and “ for letters: it would know neither the negation in isn’t nor the word in “good”.
_PLAIN_MARKS = str.maketrans("’‘ʼ“”", "'''\"\"")

Floats = npt.NDArray[np.float64]


@overload
def sentiment(texts: str, *, language: str) -> float: ...  # type: ignore[overload-overlap]
@overload
def sentiment(texts: Sequence[str], *, language: str) -> Floats: ...
def sentiment(texts: str | Sequence[str], *, language: str) -> float | Floats:
    """Sentiment of a text, or of each of several; for English VADER's compound score (Hutto & Gilbert 2014).

    Parameters
    ----------
    texts : str or sequence of str, best one sentence each; typographic apostrophes and quotation marks count as plain
    language : str, a tag such as en or es-PE

    Returns
    -------
    float for a str, array of float for a sequence; in [-1, 1], NaN for a language without an instrument

    Raises
    ------
    LanguageError

    Examples
    --------
    >>> sentiment("A tragedy, they said.", language="en")
    -0.6597
    >>> sentiment(["It isn’t good.", "It is good."], language="en")
    array([-0.3412,  0.4404])
    """
    if isinstance(texts, str):
        return float(sentiment([texts], language=language)[0])
    if check_language(language) not in INSTRUMENTS:
        return np.full(len(texts), np.nan)
    plain = (text if text.isascii() else text.translate(_PLAIN_MARKS) for text in texts)
    return np.fromiter(map(compound, plain), np.float64, len(texts))


@overload
def targeted_sentiment(sentences: str, spans: Span, *, language: str) -> float: ...
@overload
def targeted_sentiment(sentences: Sequence[str], spans: Sequence[Span], *, language: str) -> Floats: ...
def targeted_sentiment(sentences: str | Sequence[str], spans: Any, *, language: str) -> float | Floats:
    """Sentiment toward a target in a sentence, or toward a target in each of several, by the words around it.

    Parameters
    ----------
    sentences : str or sequence of str, a sentence per target
    spans : (start, end) of the target in its sentence, or a sequence of them, aligned
    language : str, a tag such as en or es-PE

    Returns
    -------
    float for a str, array of float for a sequence; in [-1, 1], NaN for a language without an instrument

    Raises
    ------
    ValueError
        If the sequences differ in length or a span does not lie in its sentence.
    LanguageError

    Notes
    -----
    The value is P(positive) - P(negative), at least `CUTOFF` from 0 where positive or negative is the likeliest of the
    three classes, and a twentieth of it, so always below `CUTOFF`, where neutral is: `polarity` gives the likeliest.
    The name of the target does not count, nor do words more than 40 away from it.

    Examples
    --------
    >>> sentence = "Voters praised Alba and accused Rivas of fraud."
    >>> targeted_sentiment(sentence, (15, 19), language="en") > targeted_sentiment(sentence, (32, 37), language="en")
    True
    """
    if isinstance(sentences, str):
        return float(targeted_sentiment([sentences], [spans], language=language)[0])
    for sentence, (start, end) in zip(sentences, spans, strict=True):
        if not 0 <= start < end <= len(sentence):
            raise ValueError(f"span {(start, end)} does not lie in its sentence of {len(sentence)} characters")
    if check_language(language) not in INSTRUMENTS:
        return np.full(len(sentences), np.nan)
    return class_sentiment(probabilities(sentences, spans))


def class_sentiment(chances: Floats) -> Floats:
    """Sentiment from the probabilities of negative, neutral and positive, a row each: see `targeted_sentiment`."""
    difference, likeliest = chances[:, 2] - chances[:, 0], chances.argmax(axis=1)
    signed = np.copysign(np.maximum(np.abs(difference), CUTOFF), likeliest - 1.0)
    # Four decimal places: few enough that every processor gives the same.
    return np.asarray(np.round(np.where(likeliest == 1, difference * CUTOFF, signed), 4), np.float64)


def polarity(sentiment: npt.ArrayLike) -> Floats:
    """Class of each sentiment: -1 negative, 0 neutral, 1 positive.

    Parameters
    ----------
    sentiment : float or array of float

    Returns
    -------
    array of float, NaN where the sentiment is

    Examples
    --------
    >>> polarity([0.6, -0.05, 0.01])
    array([ 1., -1.,  0.])
    """
    values = np.asarray(sentiment, dtype=np.float64)
    classes = np.where(values >= CUTOFF, 1.0, np.where(values <= -CUTOFF, -1.0, 0.0))
    return np.where(np.isnan(values), np.nan, classes)


#: Module of text classifiers, imported where one is used: what is measured without any must not depend on its packages.
MODELS = "analysis.scoring.onnx_model"


@dataclass(frozen=True)
class Instrument:
    """A way to measure sentiment.

    Attributes
    ----------
    name : str
    languages : tuple of str, tags without region
    scores : "sentence", or "target" for sentiment toward a span of a sentence
    version : str, or of a model its revision
    measure : function of sentences and, for targets, spans in them, aligned; returns an array in [-1, 1], in which
        `scoring.polarity` tells negative, neutral and positive apart. It can be pickled.
    """

    name: str
    languages: tuple[str, ...]
    scores: str
    version: str
    measure: Callable[[Sequence[str], Sequence[Span]], Floats]


def _vader(sentences: Sequence[str], _: Sequence[Span]) -> Floats:
    return sentiment(sentences, language="en")


def _targeted(sentences: Sequence[str], spans: Sequence[Span]) -> Floats:
    return targeted_sentiment(sentences, spans, language="en")


BUILT_IN = (
    Instrument("vader", ("en",), "sentence", analysis.__version__, _vader),
    Instrument("targeted", ("en",), "target", analysis.__version__, _targeted),
)


def installed(name: str) -> Instrument:
    """The instrument of a name, built in or of an installed package; UnknownName where there is none."""
    offered = {entry.name: entry for entry in entry_points(group=GROUP)}
    known = {instrument.name: instrument for instrument in BUILT_IN}
    if name not in known and name in offered:
        known[name] = offered[name].load()
    if name not in known:
        raise UnknownName("instrument", name, "is none that is installed", sorted({*known, *offered}))
    return known[name]


def study_instruments(rules: Iterable[Any], folder: Path) -> tuple[Instrument, ...]:
    """Sentiment instruments of a study in a folder: those of study.toml, then the built-in ones it does not name.

    A rule that names a model is one of a text classifier in ONNX, from a folder or the Hugging Face hub.
    """
    named = []
    for rule in rules:
        if rule.is_model:
            source, labels = rule.source(folder), tuple(rule.labels.items())
            model = import_module(MODELS).OnnxModel(source, rule.revision, labels, rule.scores == "target")
            version = rule.revision[:12] or Path(source).name
            named.append(Instrument(rule.name, rule.languages, rule.scores, version, model))
        else:
            own = installed(rule.name)
            named.append(replace(own, languages=rule.languages or own.languages))
    return (*named, *(one for one in BUILT_IN if one.name not in {other.name for other in named}))


def measured(
    instruments: Sequence[Instrument], scores: str, language: str, sentences: Sequence[str], spans: Sequence[Span] = ()
) -> Floats:
    """Sentiment by the first of the instruments that scores this kind in the language; missing where none does."""
    for instrument in instruments:
        if instrument.scores == scores and language in instrument.languages:
            return instrument.measure(sentences, spans)
    return np.full(len(sentences), np.nan)
