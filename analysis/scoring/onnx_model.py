"""Text classifiers in ONNX as sentiment instruments: files, batches, and scores kept by the text's digest.

A model that scores a sentence gets the sentence. One that scores toward a target gets a pair of texts, the sentence and
the target as it is written there, which is how models of aspect-based sentiment are trained.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from analysis.dependencies import content_digest
from analysis.errors import AnalysisError, MissingLibrary, did_you_mean
from analysis.paths import cache_folder, digest, find_root
from analysis.scoring import Floats, class_sentiment
from analysis.tables import POLARITIES
from analysis.text.sentences import Span
from analysis.wording import progress_bar

#: Texts at a time; tokens of one, where the model does not say how many it takes.
BATCH, LONGEST = 32, 512
_NAMES = ("tokenizer.json", "config.json")
_TABLE = "CREATE TABLE IF NOT EXISTS scores (text BLOB PRIMARY KEY, negative REAL, neutral REAL, positive REAL)"

Text = tuple[str, ...]


@dataclass(frozen=True)
class OnnxModel:
    """A text classifier; called with sentences and spans of targets, it gives their sentiment.

    Attributes
    ----------
    source : str, a folder with model.onnx, tokenizer.json and config.json, or where there is a revision owner/name on
        the Hugging Face hub
    revision : str, a commit, or empty
    labels : pairs of a label of the model and one of `POLARITIES`
    has_target : bool, whether the model gets the target as a second text
    """

    source: str
    revision: str
    labels: tuple[tuple[str, str], ...]
    has_target: bool

    def __call__(self, sentences: Sequence[str], spans: Sequence[Span] = ()) -> Floats:
        texts: list[Text] = [(sentence,) for sentence in sentences]
        if self.has_target:
            pairs = zip(sentences, spans, strict=True)
            texts = [(sentence, sentence[slice(*span)]) for sentence, span in pairs]
        return class_sentiment(self.probabilities(texts))

    def probabilities(self, texts: Sequence[Text]) -> Floats:
        """Probabilities of `POLARITIES`, a row per text; texts that were scored before are looked up."""
        keys = [bytes.fromhex(digest("\0".join(text).encode("utf-8", "surrogatepass"))) for text in texts]
        path = cache_folder(find_root()) / "scores" / f"{_digest(self)[:32]}.sqlite"
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=600)) as kept:
            kept.execute(_TABLE)
            rows = (kept.execute("SELECT * FROM scores WHERE text = ?", (key,)).fetchone() for key in set(keys))
            known = {key: values for key, *values in filter(None, rows)}
            new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
            for batch in self._scored(new):
                known |= batch
                with kept:  # an interrupted run goes on here
                    rows = ((key, *values) for key, values in batch.items())
                    kept.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?)", rows)
        return np.array([known[key] for key in keys], np.float64).reshape(-1, 3)

    def _scored(self, texts: dict[bytes, Text]) -> Iterator[dict[bytes, Any]]:
        """Probabilities of texts in batches, those of like length together."""
        if not texts:
            return
        classify = _load(self)
        by_length = sorted(texts, key=lambda key: (sum(map(len, texts[key])), key))
        with progress_bar(len(texts), "texts scored") as bar:
            for first in range(0, len(by_length), BATCH):
                batch = by_length[first : first + BATCH]
                yield dict(zip(batch, classify([texts[key] for key in batch]).tolist(), strict=True))
                bar.update(len(batch))


@cache
def _digest(model: OnnxModel) -> str:
    """Digest of all that decides the probabilities: files of the model, labels, this module, its packages."""
    network, *others = _files(model)
    # Weights of large networks lie in a file beside them.
    paths = [*sorted(network.parent.glob(f"{network.name}*")), *others, Path(__file__)]
    with _needed():
        import onnxruntime
        import tokenizers
    packages = [onnxruntime.__version__, tokenizers.__version__]
    return digest(json.dumps([list(map(content_digest, paths)), packages, model.labels, model.has_target]).encode())


@cache
def _files(model: OnnxModel) -> tuple[Path, Path, Path]:
    """Network, tokenizer and configuration of a model, fetched from the hub where they are not here yet."""
    folder = _fetch(model.source, model.revision) if model.revision else Path(model.source)
    inner = folder / "onnx" / "model.onnx"  # where pages of the hub have several formats
    network = inner if inner.is_file() else folder / "model.onnx"
    for path in (network, *map(folder.joinpath, _NAMES)):
        if not path.is_file():
            raise AnalysisError(
                f"{path} does not exist: a model is a folder with model.onnx, tokenizer.json and config.json. "
                f"Export {model.source} to ONNX, as with optimum-cli export onnx, and name that folder."
            )
    return network, folder / _NAMES[0], folder / _NAMES[1]


@contextmanager
def _needed() -> Iterator[None]:
    """A context in which the libraries of the extra `models` are imported."""
    try:
        yield
    except ImportError as error:
        library = (error.name or "").partition(".")[0].replace("_", "-")
        raise MissingLibrary(library, "models", "scoring texts with a model") from error


def _fetch(source: str, revision: str) -> Path:
    """Folder of a model of the hub at a revision, from the user's cache of models or from the hub."""
    with _needed():
        from huggingface_hub import snapshot_download
    patterns = ["model.onnx*", "onnx/model.onnx*", *_NAMES]
    fetch = partial(snapshot_download, source, revision=revision, allow_patterns=patterns)
    # Errors are the hub's own, those of the libraries below it, and ValueError for a name that cannot be one.
    with suppress(Exception):
        return Path(fetch(local_files_only=True))
    try:
        return Path(fetch())
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise AnalysisError(
            f"model {source} at {revision} is not on this machine, and the hub did not give it ({reason}). Look at its "
            "name and revision on its page, or run this once with the network: later runs need none."
        ) from error


@lru_cache(maxsize=2)
def _load(model: OnnxModel) -> Callable[[Sequence[Text]], Floats]:
    """Function of texts that gives their probabilities of `POLARITIES`."""
    with _needed():
        from onnxruntime import InferenceSession, get_available_providers
        from tokenizers import Tokenizer
    network, words, configuration = _files(model)
    config = json.loads(configuration.read_bytes())
    columns = _columns(model, config.get("id2label", {}))
    tokenizer = Tokenizer.from_file(str(words))
    padding = config.get("pad_token_id") or 0
    # Models like RoBERTa count places from the number of the padding on.
    places = config.get("max_position_embeddings", LONGEST + 1) - padding - 1
    tokenizer.enable_truncation(min(LONGEST, places), strategy="only_first")
    tokenizer.enable_padding(pad_id=padding)
    session = InferenceSession(network, providers=get_available_providers())
    wanted = {given.name for given in session.get_inputs()}

    def classify(texts: Sequence[Text]) -> Floats:
        read = tokenizer.encode_batch([text if model.has_target else text[0] for text in texts])
        given = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        arrays = {name: np.array([getattr(one, of) for one in read], np.int64) for name, of in given.items()}
        logits = session.run(None, {name: array for name, array in arrays.items() if name in wanted})[0]
        if logits.shape != (len(texts), len(columns)):
            raise AnalysisError(f"{network} is no text classifier with the {len(columns)} labels of its config.json.")
        powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True) @ np.eye(len(POLARITIES))[columns])

    return classify


def _columns(model: OnnxModel, named: Mapping[str, str]) -> list[int]:
    """Place in `POLARITIES` of each label of a model, in the model's order."""
    own, given = [named[number] for number in sorted(named, key=int)], dict(model.labels)
    place = f"labels of {model.source} in study.toml"
    if strange := [label for label in given if label not in own]:
        hint = did_you_mean(strange[0], own)
        raise AnalysisError(f"{place}: {strange[0]!r} is none of the model's{hint}: {', '.join(own)}.")
    if missing := [label for label in own if label not in given]:
        raise AnalysisError(f"{place}: {missing[0]!r} is missing. Say whether it is {', '.join(POLARITIES)}.")
    return [POLARITIES.index(given[label]) for label in own]
