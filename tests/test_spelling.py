"""Spellings of one word are one row, and different words stay different."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.study.spelling import _listed, fold_spellings


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (["cuzco", "cusco"], {"cuzco": "cusco"}),
        (["cuzco"], {"cuzco": "cusco"}),
        (["anti-government", "antigovernment"], {"anti-government": "antigovernment"}),
        (["anti-government"], {}),  # the closed form is nobody's
        (["tear-gas", "teargas"], {"tear-gas": "teargas"}),
        (["left-wing", "leftwing"], {}),  # no listed beginning
        (["criticised", "mobilisation", "labour"], {"criticised": "criticized", "mobilisation": "mobilization",
                                                     "labour": "labor"}),
        (["four", "our", "rise", "wise", "promise", "arise"], {}),
        (["re-organise", "reorganise"], {"re-organise": "reorganise"}),
    ],
)  # fmt: skip
def test_spellings_by_hand(terms, expected):
    assert expected == fold_spellings(terms, language="en")


def test_a_list_is_of_its_language():
    assert {"cuzco": "cusco"} == fold_spellings(["cuzco", "labour", "centre"], language="pl")
    assert {"perú": "peru"} == fold_spellings(["perú", "criticised"], language=None)


def test_no_form_is_itself_folded_further():
    listed = _listed("en")
    assert len(listed) > 300
    assert not set(listed.values()) & set(listed)


@given(st.lists(st.sampled_from(["re-use", "reuse", "cuzco", "cusco", "anti-a", "antia", "labour", "x-y", "-", "re-"])))
def test_folding_twice_is_folding_once(terms):
    once = fold_spellings(terms, language="en")
    folded = [once.get(term, term) for term in terms]
    assert {} == fold_spellings(folded, language="en")
