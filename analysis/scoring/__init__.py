"""Tone of sentences and tone toward mentions, in [-1, 1]; missing where a language has no instrument.

The instrument of sentences is for English VADER (Hutto & Gilbert 2014), a lexicon with rules for negation and emphasis,
made for short social texts (`vader`). That of mentions is a linear model of our own, trained on coded news
sentences (`stance`), over what `targeted` finds in a sentence seen by `scene`, its words known from `connotation` and
`vocabulary`, its features numbered by `hashed`. How well they measure news is said in instruments/validity.csv.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analysis.errors import LanguageError
from analysis.scoring.stance import probabilities
from analysis.scoring.vader import compounds
from analysis.tables import LANGUAGES

#: Languages with instruments.
INSTRUMENTS = {"en": "VADER; toward a mention a linear model"}
#: Valence from here on counts as positive, from minus this on as negative (Hutto & Gilbert 2014).
CUTOFF = 0.05

Numbers = npt.NDArray[np.float64]


def sentence_valence(sentences: Sequence[str], *, language: str) -> Numbers:
    """Tone of each sentence as it stands; in English exactly VADER's compound score.

    Parameters
    ----------
    sentences : sequence of str
    language : str, one of tables.LANGUAGES

    Returns
    -------
    array of float in [-1, 1], one per sentence; NaN where the language has no instrument

    Raises
    ------
    LanguageError

    Notes
    -----
    VADER knows its negations with the typewriter's apostrophe only (isn't, not isn’t), and typographic quotation marks
    hide words from it. `analysis.annotation.features` therefore hands sentences over with plain marks.

    References
    ----------
    Hutto & Gilbert (2014), ICWSM 8(1)
    """
    if language not in LANGUAGES:
        raise LanguageError(language, LANGUAGES)
    if language not in INSTRUMENTS:
        return np.full(len(sentences), np.nan)
    return compounds(sentences)


def mention_valence(sentences: Sequence[str], spans: Sequence[tuple[int, int]], *, language: str) -> Numbers:
    """Tone toward a target in each sentence, as its words around the target tell; who the target is does not count.

    Parameters
    ----------
    sentences : sequence of str, a sentence per target
    spans : sequence of (start, end), the target's place in its sentence, aligned
    language : str, one of tables.LANGUAGES

    Returns
    -------
    array of float in [-1, 1], one per target, whatever the others; NaN where the language has no instrument

    Notes
    -----
    The value is P(positive) - P(negative), at least `CUTOFF` from 0 where positive or negative is the likeliest of the
    three classes, and a twentieth of it, so always below `CUTOFF`, where neutral is: `polarity` gives the likeliest.

    Raises
    ------
    ValueError
        Where the sequences differ in length or a span does not lie in its sentence.
    LanguageError
    """
    for sentence, (start, end) in zip(sentences, spans, strict=True):
        if not 0 <= start < end <= len(sentence):
            raise ValueError(f"span {(start, end)} does not lie in its sentence of {len(sentence)} characters")
    if language not in LANGUAGES:
        raise LanguageError(language, LANGUAGES)
    if language not in INSTRUMENTS:
        return np.full(len(sentences), np.nan)
    chances = probabilities(sentences, spans)
    difference, likeliest = chances[:, 2] - chances[:, 0], chances.argmax(axis=1)
    toned = np.copysign(np.maximum(np.abs(difference), CUTOFF), likeliest - 1.0)
    return np.where(likeliest == 1, difference * CUTOFF, toned)


def polarity(valence: npt.ArrayLike) -> Numbers:
    """Valence in three classes: -1 negative, 0 neutral, 1 positive.

    Parameters
    ----------
    valence : array of float

    Returns
    -------
    array of float, missing where the valence is missing
    """
    values = np.asarray(valence, dtype=np.float64)
    classes = np.where(values >= CUTOFF, 1.0, np.where(values <= -CUTOFF, -1.0, 0.0))
    return np.where(np.isnan(values), np.nan, classes)
