"""A hundred fuzzed inputs per reader; tests/benchmarks/fuzz_readers.py does two thousand and says what it found."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import fuzz_readers


@pytest.mark.slow
@pytest.mark.parametrize("name", fuzz_readers.READERS)
def test_fuzzed_inputs_end_in_rows_rows_set_aside_or_one_clear_error(name):
    counts, _, peak, broken = fuzz_readers.fuzz(name, 100)
    assert [] == broken
    assert 100 == counts.total() and counts["rows"] + counts["rows and set aside"] > 0
    assert peak < fuzz_readers.MEMORY
