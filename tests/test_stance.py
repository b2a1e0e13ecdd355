"""The linear model toward a target: bounded, the same whatever the batch, blind to who the target is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.scoring import mention_valence, polarity
from analysis.scoring.stance import MODEL, Model, load_model, logits, probabilities
from analysis.scoring.targeted import features
from analysis.text.arrays import Lists


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
    found = features(["Voters accused Ortega of fraud."], [(15, 21)]).values
    assert len(found) > 10
    assert np.uint32 == found.dtype


@given(st.lists(st.integers(0, 2**32 - 1), unique=True, min_size=1, max_size=50), st.data())
def test_the_model_finds_its_features_and_no_others(keys, data):
    keys = np.array(sorted(keys), np.uint32)
    model = Model(keys, np.ones((len(keys), 3), np.int8), 1.0, np.zeros(3))
    near = st.sampled_from(keys.tolist()).flatmap(lambda key: st.integers(max(0, key - 2), min(2**32 - 1, key + 2)))
    asked = np.array(data.draw(st.lists(near | st.integers(0, 2**32 - 1), max_size=50)), np.uint32)
    places, known = model.find(asked)
    assert np.isin(asked, keys).tolist() == known.tolist()
    assert asked[known].tolist() == keys[places[known]].tolist()


def test_a_targets_log_odds_are_the_sum_of_its_known_features_by_their_number():
    model = Model(np.array([3, 7], np.uint32), np.array([[1, 0, -1], [5, 0, 2]], np.int8), 0.5, np.array([1.0, 0, 0]))
    found = Lists(np.array([3, 4, 7, 4, 3], np.uint32), np.array([0, 3, 4, 5]))
    root = np.sqrt(2)
    expected = [[3 / root + 1, 0, 0.5 / root], [1, 0, 0], [1.5, 0, -0.5]]
    np.testing.assert_allclose(logits(found, model), expected)


def test_sentences_without_spans_are_refused():
    with pytest.raises(ValueError, match="zip"):
        probabilities(["Voters accused Ortega."], [])


def test_the_model_is_small_and_holds_numbers_only():
    assert MODEL.stat().st_size <= 2_000_000
    with np.load(MODEL, allow_pickle=False) as file:
        assert all(np.issubdtype(file[name].dtype, np.number) for name in file.files)
    keys = load_model().keys
    assert (np.diff(keys.astype(np.int64)) > 0).all()
