"""The public names: callables, none of them hidden by a module, each with an example that is true."""

import doctest
import pkgutil

import pytest

import analysis

#: Names that work on plain strings and numbers: their examples need no study.
PLAIN = [
    *("tokenize", "split_sentences", "Gazetteer", "find_mentions", "kwic", "sentiment", "targeted_sentiment"),
    *("polarity", "entity_frequency", "keyness"),
]
#: Written on other branches: to be emptied, and then removed, as they are merged.
NOT_YET = {*PLAIN}
STRICT = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def test_no_public_name_is_a_module_s_and_each_is_a_function_or_a_class():
    modules = {module.name for module in pkgutil.iter_modules(analysis.__path__)}
    assert set() == modules & set(analysis.__all__)
    for name in set(analysis.__all__) - NOT_YET:
        assert callable(getattr(analysis, name)), name
    assert set(PLAIN) <= set(analysis.__all__) <= set(dir(analysis))
    with pytest.raises(AttributeError, match="module 'analysis' has no attribute 'nothing'"):
        analysis.nothing  # noqa: B018


NAMES = [pytest.param(name, marks=[pytest.mark.xfail(strict=True)] * (name in NOT_YET)) for name in analysis.__all__]


@pytest.mark.parametrize("name", NAMES)
def test_examples_in_docstrings_are_true(name):
    """And whoever has only strings finds one."""
    finder = doctest.DocTestFinder(recurse=False)
    (found,) = finder.find(getattr(analysis, name), name, globs={}) or (None,)
    assert found is not None, name
    assert found.examples or name not in PLAIN, f"{name} has no example"
    result = doctest.DocTestRunner(optionflags=STRICT).run(found)
    assert 0 == result.failed
