"""Registry of sentiment instruments: built in, of other installed packages, or a model that a study names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np

import analysis
from analysis.errors import UnknownName
from analysis.instruments import GROUP
from analysis.scoring import Floats, sentiment, targeted_sentiment
from analysis.text.sentences import Span

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


def model_instrument(
    name: str, *, source: str | Path, revision: str, languages: Sequence[str], scores: str, labels: Mapping[str, str]
) -> Instrument:
    """Instrument of a text classifier in ONNX, from a folder or, with a revision, from the Hugging Face hub."""
    model = import_module(MODELS).OnnxModel(str(source), revision, tuple(labels.items()), scores == "target")
    return Instrument(name, tuple(languages), scores, revision[:12] or Path(source).name, model)


def measured(
    instruments: Sequence[Instrument], scores: str, language: str, sentences: Sequence[str], spans: Sequence[Span] = ()
) -> Floats:
    """Sentiment by the first of the instruments that scores this kind in the language; missing where none does."""
    for instrument in instruments:
        if instrument.scores == scores and language in instrument.languages:
            return instrument.measure(sentences, spans)
    return np.full(len(sentences), np.nan)
