"""A text classifier in ONNX so small that its scores can be computed by hand: each word adds to one class."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

#: Words of the tokenizer, by number; the model knows the last ones.
WORDS = ("[PAD]", "[UNK]", "ruin", "łotry", "gain", "brawo", "Alba")
LABELS = {"LABEL_0": "negative", "LABEL_1": "neutral", "LABEL_2": "positive"}
#: Log-odds that each occurrence of a word adds to negative, neutral and positive; neutral has 1 to begin with.
WEIGHTS = {"ruin": (2, 0, 0), "łotry": (3, 0, 0), "gain": (0, 0, 2), "brawo": (0, 0, 3), "Alba": (0.5, 0, 0)}


def probabilities(*words: str) -> np.ndarray:
    """Probabilities of negative, neutral and positive for a text of these words, by hand."""
    odds = np.sum([(0, 1, 0), *(WEIGHTS.get(word, (0, 0, 0)) for word in words)], axis=0)
    return np.exp(odds) / np.exp(odds).sum()


def write_model(folder: Path, *, labels: tuple[str, ...] = tuple(LABELS), network: str = "model.onnx") -> Path:
    """Write the network, its tokenizer and its configuration into a folder."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer, models, pre_tokenizers

    table = np.array([WEIGHTS.get(word, (0, 0, 0)) for word in WORDS], np.float32)
    constants = {"table": table, "start": np.array([0, 1, 0], np.float32), "one": np.array([1], np.int64)}
    constants["last"] = np.array([-1], np.int64)
    steps = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["words", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "one"], ["sums"], keepdims=0),
        helper.make_node("Add", ["sums", "start"], ["logits"]),
    ]
    given = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "m"]) for name in ("input_ids", "attention_mask")
    ]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])
    stored = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(steps, "tiny", given, [logits], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    path = folder / network
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"id2label": dict(enumerate(labels)), "pad_token_id": 0, "max_position_embeddings": 64}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder
