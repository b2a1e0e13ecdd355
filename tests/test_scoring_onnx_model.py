"""Text classifiers as instruments: a tiny one whose scores are known, from a folder and from a hub on this machine."""

import http.server
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from hashlib import sha1

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


class Hub(http.server.SimpleHTTPRequestHandler):
    """What the hub answers of one model: the list of its files at a commit, and each of them."""

    def __init__(self, *given, folder, asked):
        self.folder, self.asked = folder, asked
        super().__init__(*given)

    def do_GET(self, body=True):
        path = self.path.partition("?")[0]
        self.asked.append(path)
        files = {str(file.relative_to(self.folder)): file for file in self.folder.rglob("*") if file.is_file()}
        if f"/api/models/press/tiny/tree/{REVISION}" in path:
            listed = [
                {"type": "file", "path": name, "size": file.stat().st_size, "oid": sha1(name.encode()).hexdigest()}
                for name, file in files.items()
            ]
            content, kind = json.dumps(listed).encode(), "application/json"
        elif (name := path.removeprefix(f"/press/tiny/resolve/{REVISION}/")) in files:
            content, kind = files[name].read_bytes(), "application/octet-stream"
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", REVISION)
        self.send_header("ETag", f'"{sha1(path.encode()).hexdigest()}"')
        self.end_headers()
        if body:
            self.wfile.write(content)

    def do_HEAD(self):
        self.do_GET(body=False)

    def log_message(self, *_):
        """Nothing is printed."""


@contextmanager
def hub(folder):
    """Address of a hub that has the model of a folder, and the paths asked for."""
    asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, folder=folder, asked=asked))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


SCORE = """
import sys
from pathlib import Path
from analysis.errors import AnalysisError
from analysis.scoring import onnx_model
onnx_model.cache_folder = lambda root: Path(sys.argv[2])
labels = (("LABEL_0", "negative"), ("LABEL_1", "neutral"), ("LABEL_2", "positive"))
try:
    print(onnx_model.OnnxModel("press/tiny", sys.argv[1], labels, False)(["ruin"]).tolist())
except AnalysisError as error:
    print(error)
"""


def scored(tmp_path, endpoint, revision=REVISION):
    """What a process of its own says, with the cache of models of the test."""
    own = {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "hub"), "HF_HUB_DISABLE_XET": "1"}
    own |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-c", SCORE, revision, str(tmp_path / "scores")]
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_model_of_the_hub_is_fetched_once_at_its_revision_and_then_needs_no_network(tmp_path):
    """Also where the network lies in a folder onnx/ of its page; other files are not fetched."""
    folder = write_model(tmp_path / "page", network="onnx/model.onnx")
    (folder / "pytorch_model.bin").write_bytes(b"large")
    expected = np.round(probabilities("ruin")[[2, 0]] @ [1, -1], 4)
    with hub(folder) as (address, asked):
        assert f"[{expected}]\n" == scored(tmp_path, address)
        assert f"/press/tiny/resolve/{REVISION}/onnx/model.onnx" in asked
        assert not [path for path in asked if "pytorch_model" in path]
    shutil.rmtree(tmp_path / "scores")
    assert f"[{expected}]\n" == scored(tmp_path, address)


def test_where_the_hub_does_not_give_a_model_and_nothing_is_here_the_message_says_so(tmp_path):
    """Refused here, since a hub that cannot be reached is asked again for half a minute."""
    revision = REVISION[::-1]
    with hub(tmp_path) as (address, _):
        message = scored(tmp_path, address, revision)
    assert f"model press/tiny at {revision} is not on this machine, and the hub did not give it (" in message
    assert "later runs need none" in message
