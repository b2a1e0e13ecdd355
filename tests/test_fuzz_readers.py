"""A hundred light fuzzed inputs per reader, in one process; tests/benchmarks/fuzz_readers.py does two thousand."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import fuzz_readers

#: Inputs that once ended in another exception, in no end, or in the end of the process.
ONCE = {
    "csv": [212, 282, 584],
    "tsv": [808],
    "parquet": [340, 765],
    "folder": [147, 915, 999, 1369, 1565],
    "feed": [886, 1231, 1640],
    "warc": [1603],
    "warc.gz": [525],
}


@pytest.fixture(scope="module")
def worker():
    started = fuzz_readers.Worker()
    yield started
    started.pool.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("name", fuzz_readers.READERS)
def test_fuzzed_inputs_end_in_rows_rows_set_aside_or_one_clear_error(name, worker):
    counts, _, peak, broken = fuzz_readers.fuzz(name, range(100), worker, light=True)
    assert ([], 100) == (broken, counts.total())
    assert counts["rows"] + counts["rows and set aside"] > 0
    assert peak < fuzz_readers.MEMORY


@pytest.mark.slow
@pytest.mark.parametrize("name", ONCE)
def test_what_once_broke_a_reader_does_so_no_more(name, worker):
    counts, _, peak, broken = fuzz_readers.fuzz(name, ONCE[name], worker)
    assert ([], len(ONCE[name])) == (broken, counts.total())
    assert peak < fuzz_readers.MEMORY
