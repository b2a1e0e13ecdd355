"""Words by number: read as the expression for tokens reads them, with what is known of each, in any process."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.scoring import vocabulary
from analysis.scoring.connotation import code, word
from analysis.scoring.vocabulary import CLOSES, EITHER, MASK, NOTHING, OPENS, TARGET, Vocabulary
from analysis.text.arrays import Lists

#: A word with what joins inside it, a line break, or any other character that is no space.
TOKEN = re.compile(r"\w+(?:['’.\-]\w+)*|\n|\S")
_KNOWN = st.sampled_from(["isn't,", "Ortega's", "—", "\n", "“Yes”", "U.S.", ""])
PIECES = st.lists(_KNOWN | st.text("aé.'’-9"))


def _forms(pieces):
    return [code(word(form).low) for piece in pieces for form in TOKEN.findall(piece)]


@settings(deadline=None)
@given(st.lists(PIECES, max_size=4))
def test_pieces_are_read_as_their_tokens_whatever_was_read_before(readings):
    words = Vocabulary()
    for pieces in readings:
        numbers, sizes, table = words.read(pieces)
        assert [len(TOKEN.findall(piece)) for piece in pieces] == sizes.tolist()
        assert _forms(pieces) == table.words["form"][numbers].tolist()


def test_each_word_has_its_own_row_in_every_column_and_list():
    forms = ["Accused", "“", "never", "by", ".", "who", "'", "accused", "lamp", '"', "”", "was"]
    numbers, _, table = Vocabulary().read(forms)

    def those(column):
        return [form for form, flag in zip(forms, table.words[column][numbers], strict=True) if flag]

    assert [0, OPENS, 0, 0, 0, 0, 0, 0, 0, EITHER, CLOSES, 0] == table.words["mark"][numbers].tolist()
    assert (["Accused"], ["never"], ["was"]) == (those("upper"), those("negator"), those("auxiliary"))
    assert (["Accused", "accused"], ["Accused", "accused"]) == (those("deed"), those("participle"))
    assert (["“", ".", '"', "”"], ["who"], ["'"], ["by"]) == tuple(map(those, ("stop", "turn", "owner", "link")))
    assert table.words["tone"][numbers[0]] < 0 == table.words["tone"][numbers[8]]
    blamed = [code("blame") in table.groups.of(numbers[at : at + 1])[1] for at in range(len(forms))]
    assert ["Accused", "accused"] == [form for form, yes in zip(forms, blamed, strict=True) if yes]
    assert len(table.words["form"]) == len(table.groups.starts) - 1 == len(table.deeds.starts) - 1


def test_the_target_and_what_lies_outside_are_words_of_their_own():
    """A word that is written as the target's mask is another one."""
    numbers, sizes, table = Vocabulary().read([MASK, "targetmask", MASK])
    assert ([1, 1, 1], [TARGET, TARGET]) == (sizes.tolist(), numbers[[0, 2]].tolist())
    assert TARGET != numbers[1]
    assert [True, False] == table.words["stop"][[NOTHING, TARGET]].tolist()


def test_words_are_read_the_same_when_the_table_is_begun_anew(monkeypatch):
    monkeypatch.setattr(vocabulary, "_LIMIT", 3)
    words = Vocabulary()
    for number in range(6):
        pieces = [f"fraud{number},", MASK, "honest", f"x{number}"]
        numbers, _, table = words.read(pieces)
        assert [*_forms(pieces[:1]), code("targetmask"), *_forms(pieces[2:])] == table.words["form"][numbers].tolist()
        assert len(table.words["form"]) < 12


@pytest.mark.parametrize("fails", range(4))
def test_reading_goes_on_after_it_was_broken_off(fails, monkeypatch):
    """Before anything was known of the words, or between two of the lists that grow with them."""
    extended, calls = Lists.extended, []

    def broken(*given):
        calls.append(1)
        if len(calls) == max(fails, 1):
            raise KeyboardInterrupt
        return extended(*given)

    words = Vocabulary()
    with monkeypatch.context() as patch:
        patch.setattr(*((Lists, "extended") if fails else (vocabulary, "word")), broken)
        with pytest.raises(KeyboardInterrupt):
            words.read(["Voters", "Ortega's,"])
    numbers, sizes, table = words.read(["Voters", "Ortega's,", MASK, ""])
    assert [1, 2, 1, 0] == sizes.tolist()
    expected = [*(word(form).form for form in ("Voters", "Ortega's", ",")), code("targetmask")]
    assert expected == table.words["form"][numbers].tolist()
    assert len(table.words["form"]) == len(table.groups.starts) - 1 == len(table.deeds.starts) - 1 == numbers.max() + 1


def test_threads_that_read_at_once_each_have_the_table_their_numbers_are_of(monkeypatch):
    monkeypatch.setattr(vocabulary, "_LIMIT", 40)
    words = Vocabulary()

    def read(number):
        pieces = [f"w{number * step % 97}," for step in range(30)]
        numbers, _, table = words.read(pieces)
        return _forms(pieces) == table.words["form"][numbers].tolist()

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(200)))


def test_the_same_words_have_the_same_columns_in_any_process():
    """Whatever Python hashes them with, and whatever was read before them."""
    program = (
        "import hashlib; from analysis.scoring.vocabulary import Vocabulary; words = Vocabulary(); words.read(['{}']);"
        "numbers, _, table = words.read('Critics isn’t accused “Ortega by fraud, praised'.split());"
        "print(hashlib.sha256(b''.join(column[numbers].tobytes() for column in table.words.values())"
        " + table.groups.of(numbers)[1].tobytes() + table.deeds.of(numbers)[1].tobytes()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program.format(before)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed, before in (("1", "praised"), ("2", "any"))
    }
    assert 1 == len(found)
    assert 65 == len(found.pop())
