"""The linear model toward a target: bounded, the same whatever the batch, blind to who the target is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.stance import MODEL, load_model, probabilities
from analysis.targeted import features
from analysis.valence import mention_valence, polarity


def toward(sentence: str, target: str) -> float:
    start = sentence.index(target)
    return float(mention_valence([sentence], [(start, start + len(target))], language="en")[0])


@pytest.mark.parametrize(
    ("sentence", "worse", "better"),
    [
        ("Critics accused Ortega of fraud while Salas was praised for her honesty.", "Ortega", "Salas"),
        ("Prosecutors said Ortega stole the money, and voters thanked Salas for returning it.", "Ortega", "Salas"),
    ],
)
def test_two_targets_of_one_sentence_are_told_apart(sentence, worse, better):
    """Which VADER over the whole sentence cannot do."""
    assert toward(sentence, worse) < toward(sentence, better)


def test_who_the_target_is_does_not_count():
    values = {toward(f"Voters accused {name} of fraud.", name) for name in ("Ortega", "Salas", "Quispe")}
    assert 1 == len(values)
    assert [-1.0] == polarity(list(values)).tolist()


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=120), st.data())
def test_any_text_gives_three_probabilities(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    row = probabilities([text], [(start, end)])[0]
    assert pytest.approx(1) == row.sum()
    assert ((row >= 0) & (row <= 1)).all()
    value = float(mention_valence([text], [(start, end)], language="en")[0])
    assert -1 <= value <= 1
    assert row.argmax() - 1 == polarity([value])[0]


def test_a_value_does_not_depend_on_the_batch():
    sentences = [f"Voters {verb} Ortega in Lima." for verb in ("accused", "praised", "met", "left")] * 400
    spans = [(s.index("Ortega"), s.index("Ortega") + 6) for s in sentences]
    together = mention_valence(sentences, spans, language="en")
    alone = np.concatenate(
        [mention_valence([s], [x], language="en") for s, x in zip(sentences[:4], spans[:4], strict=True)]
    )
    np.testing.assert_array_equal(alone, together[:4])


def test_features_are_numbers_of_32_bits():
    found = features("Voters accused Ortega of fraud.", (15, 21))
    assert len(found) > 10
    assert all(0 <= feature < 2**32 for feature in found)


def test_the_model_is_small_and_holds_numbers_only():
    assert MODEL.stat().st_size <= 2_000_000
    with np.load(MODEL, allow_pickle=False) as file:
        assert all(np.issubdtype(file[name].dtype, np.number) for name in file.files)
    keys = load_model().keys
    assert (np.diff(keys.astype(np.int64)) > 0).all()
