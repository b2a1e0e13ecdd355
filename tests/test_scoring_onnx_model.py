"""Text classifiers as instruments: a tiny one whose scores are known, from a folder and from a hub on this machine."""

import pickle
import sys

import numpy as np
import pytest
from tinymodel import LABELS, probabilities, write_model

from analysis.errors import AnalysisError, MissingLibrary
from analysis.scoring import CUTOFF, onnx_model
from analysis.scoring.onnx_model import OnnxModel

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of scores of the test's own."""
    monkeypatch.setattr(onnx_model, "cache_folder", lambda root: tmp_path / "cache")
    for cached in (onnx_model._digest, onnx_model._files, onnx_model._load):
        cached.cache_clear()
    return tmp_path / "cache"


def model_in(folder, *, labels=LABELS, has_target=False):
    return OnnxModel(str(folder), "", tuple(labels.items()), has_target)


def test_probabilities_are_those_of_the_network_whatever_the_batch(tmp_path, monkeypatch):
    """More texts than a batch, of very different lengths, one twice, one empty."""
    texts = ["ruin", "gain gain", "", "ruin gain and much that the model does not know", "ruin"]
    texts += ["brawo " * number for number in range(1, 50)]
    found = model_in(write_model(tmp_path / "model")).probabilities([(text,) for text in texts])
    np.testing.assert_allclose(found, [probabilities(*text.split()) for text in texts], atol=1e-6)


def test_a_score_is_positive_minus_negative_and_never_neutral_by_mistake(tmp_path):
    model = model_in(write_model(tmp_path / "model"))
    ruin, nothing, gain = (probabilities(*words) for words in (["ruin"], [], ["gain"]))
    expected = [ruin[2] - ruin[0], (nothing[2] - nothing[0]) * CUTOFF, gain[2] - gain[0]]
    np.testing.assert_allclose(model(["ruin", "nothing", "gain"]), expected, atol=1e-4)


def test_labels_of_several_grades_are_added_up(tmp_path):
    folder = write_model(tmp_path / "model", labels=("very bad", "bad", "good"))
    model = model_in(folder, labels={"very bad": "negative", "bad": "negative", "good": "positive"})
    negative, neutral, positive = probabilities("gain")
    np.testing.assert_allclose([[negative + neutral, 0, positive]], model.probabilities([("gain",)]), atol=1e-6)


def test_a_target_is_the_second_text_of_a_pair(tmp_path):
    """Alba counts once more, as the target."""
    model = model_in(write_model(tmp_path / "model"), has_target=True)
    text = "gain for Alba"
    assert np.round(probabilities("gain", "Alba", "Alba")[[2, 0]] @ [1, -1], 4) == model([text], [(9, 13)])[0]
    assert np.round(probabilities("gain", "Alba", "gain")[[2, 0]] @ [1, -1], 4) == model([text], [(0, 4)])[0]


def test_a_second_run_scores_nothing_and_another_model_everything(tmp_path, monkeypatch):
    folder, asked = write_model(tmp_path / "model"), []
    load = onnx_model._load

    def counting(model):
        classify = load(model)
        return lambda texts: asked.extend(texts) or classify(texts)

    counting.cache_clear = load.cache_clear
    monkeypatch.setattr(onnx_model, "_load", counting)
    first = model_in(folder)(["ruin", "gain"])
    assert 2 == len(asked)
    np.testing.assert_array_equal(first, pickle.loads(pickle.dumps(model_in(folder)))(["ruin", "gain"]))
    assert 2 == len(asked)
    model_in(folder)(["gain", "brawo"])
    assert [("brawo",)] == asked[2:]
    other = dict(LABELS, LABEL_0="positive", LABEL_2="negative")
    np.testing.assert_array_equal(-first, model_in(folder, labels=other)(["ruin", "gain"]))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named_with_what_to_do(tmp_path, name):
    (write_model(tmp_path / "model") / name).unlink()
    with pytest.raises(AnalysisError, match=rf"{name} does not exist: a model is a folder with .* Export"):
        model_in(tmp_path / "model")(["ruin"])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({**LABELS, "LABEL_3": "neutral"}, r"'LABEL_3' is none of the model's \(did you mean 'LABEL_2'\?\): LABEL_0"),
        ({"LABEL_0": "negative", "LABEL_1": "neutral"}, "'LABEL_2' is missing. Say whether it is negative, neutral,"),
    ],
)
def test_labels_that_do_not_fit_the_model_are_named(tmp_path, labels, message):
    with pytest.raises(AnalysisError, match=message):
        model_in(write_model(tmp_path / "model"), labels=labels)(["ruin"])


def test_without_the_extra_it_is_named(tmp_path, monkeypatch):
    folder = write_model(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingLibrary, match=r'onnxruntime, which is not installed. Run: pip install ".\[models\]"'):
        model_in(folder)(["ruin"])


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """What is asked of a hub that has the tiny model, its network in a folder onnx/, and gives it once."""
    page, asked = write_model(tmp_path / "page", network="onnx/model.onnx"), []

    def download(source, *, revision, allow_patterns, local_files_only=False):
        asked.append((source, revision, local_files_only))
        if revision != REVISION or (local_files_only and len(asked) == 1):
            raise OSError("Not here\nat all")
        assert {"model.onnx*", "onnx/model.onnx*", "tokenizer.json", "config.json"} == set(allow_patterns)
        return str(page)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    return asked


def test_a_model_of_the_hub_is_fetched_once_at_its_revision_and_then_needs_no_network(hub):
    model = OnnxModel("press/tiny", REVISION, tuple(LABELS.items()), False)
    assert np.round(probabilities("ruin")[[2, 0]] @ [1, -1], 4) == model(["ruin"])[0]
    assert [("press/tiny", REVISION, True), ("press/tiny", REVISION, False)] == hub
    for cached in (onnx_model._digest, onnx_model._files, onnx_model._load):
        cached.cache_clear()
    model(["gain"])
    assert [("press/tiny", REVISION, True)] == hub[2:]


def test_where_the_hub_does_not_give_a_model_and_nothing_is_here_the_message_says_so(hub):
    revision = REVISION[::-1]
    message = f"model press/tiny at {revision} is not on this machine, and the hub did not give it \\(Not here\\)"
    with pytest.raises(AnalysisError, match=message):
        OnnxModel("press/tiny", revision, tuple(LABELS.items()), False)(["ruin"])
