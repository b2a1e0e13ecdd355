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
STRICT = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def test_no_public_name_is_a_module_s_and_each_is_a_function_or_a_class():
    modules = {module.name for module in pkgutil.iter_modules(analysis.__path__)}
    assert set() == modules & set(analysis.__all__)
    for name in analysis.__all__:
        assert callable(getattr(analysis, name)), name
    assert set(PLAIN) <= set(analysis.__all__) <= set(dir(analysis))
    with pytest.raises(AttributeError, match="module 'analysis' has no attribute 'nothing'"):
        analysis.nothing  # noqa: B018


@pytest.mark.parametrize("name", analysis.__all__)
def test_examples_in_docstrings_are_true(name):
    """As typed after `from analysis import *`; and whoever has only strings finds one."""
    public = {name: getattr(analysis, name) for name in analysis.__all__}
    finder = doctest.DocTestFinder(recurse=False)
    (found,) = finder.find(getattr(analysis, name), name, globs=public) or (None,)
    assert found is not None, name
    assert found.examples or name not in PLAIN, f"{name} has no example"
    result = doctest.DocTestRunner(optionflags=STRICT).run(found)
    assert 0 == result.failed
