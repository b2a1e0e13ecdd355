"""Columns kept in a file: rows come back in order, and the file leaves nothing behind."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text.near_duplicates import Bands
from analysis.text.spilled import Columns


@given(st.lists(st.integers(0, 7), min_size=1, max_size=6).filter(any), st.integers(1, 5), st.data())
def test_rows_come_back_column_by_column_whatever_the_blocks(sizes, width, data):
    """Blocks without a row too; columns may be asked in any order, again, and between blocks."""
    rows = data.draw(st.lists(st.lists(st.integers(0, 2**32 - 1), min_size=width, max_size=width), min_size=sum(sizes)))
    every, done = np.array(rows, np.uint32), 0
    columns = Columns()
    assert (0, 0) == (len(columns), columns.width)
    for size in sizes:
        columns.add(every[done : done + size])
        done += size
        if done:
            number = data.draw(st.integers(0, width - 1))
            assert every[:done, number].tolist() == columns.column(number).tolist()
    assert (done, width) == (len(columns), columns.width)
    for number in reversed(range(width)):
        assert every[:done, number].tolist() == columns.column(number).tolist()
    columns.close()


def test_rows_that_do_not_lie_together_in_memory_are_taken_as_they_read():
    square = np.arange(12, dtype=np.uint32).reshape(3, 4)
    columns = Columns()
    columns.add(square.T[::2])
    assert [[0, 2], [4, 6], [8, 10]] == [columns.column(number).tolist() for number in range(3)]
    columns.close()


def _open_in(folder):
    """Open files of this process that lie in a folder."""
    opened = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [path for path in opened if path.startswith(f"{folder}/")]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_the_file_lies_in_the_folder_without_a_name_until_it_is_closed(tmp_path):
    columns = Columns(tmp_path)
    columns.add(np.ones((2, 3), np.uint32))
    assert [] == list(tmp_path.iterdir())
    assert 1 == len(_open_in(tmp_path))
    columns.close()
    assert [] == _open_in(tmp_path)
    with pytest.raises(ValueError, match="closed file"):
        columns.add(np.ones((1, 3), np.uint32))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_whoever_keeps_columns_gives_their_files_back_where_the_work_fails(tmp_path):
    with pytest.raises(KeyError, match="broken off"), Bands(folder=tmp_path):
        assert 2 == len(_open_in(tmp_path))
        raise KeyError("broken off")
    assert [] == [*_open_in(tmp_path), *tmp_path.iterdir()]
