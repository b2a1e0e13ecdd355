"""Bytes of files: packed, damaged, far too many."""

import gzip
import json

import pytest
from reading import EN, read

from analysis.readers.stream import MAX_LINE, Source

ROW = {"outlet": "herald", "language": "en", "published": "2022-12-07", "url": "", "title": "T", "body": EN}


def _line(name: str) -> bytes:
    return json.dumps({"article": name, **ROW}).encode() + b"\n"


@pytest.mark.parametrize("packed", [False, True])
def test_lines_are_those_of_the_file(tmp_path, packed):
    raw = b"one\n\ntwo\r\n" + b"x" * 200_000 + b"\nlast"
    path = tmp_path / ("a.gz" if packed else "a")
    path.write_bytes(gzip.compress(raw[:9]) + gzip.compress(raw[9:]) if packed else raw)
    with Source(path) as source:
        assert (raw.splitlines(keepends=True), []) == (list(source.lines()), source.damage)


def test_a_line_that_is_too_long_is_set_aside(tmp_path):
    table, rejected, _ = read(tmp_path / "a.jsonl", _line("a1") + b"x" * (MAX_LINE + 5) + b"\n" + _line("a2"))
    assert ["a1", "a2"] == table["article"].to_list()
    assert [("a.jsonl", 2, "line of more than 10,000,000 bytes")] == rejected


def test_a_damaged_member_costs_what_it_held(tmp_path):
    members = [gzip.compress(_line(f"a{n}"), mtime=0) for n in range(3)]
    broken = bytearray(members[1])
    broken[len(broken) // 2] ^= 255
    table, rejected, _ = read(tmp_path / "a.jsonl.gz", members[0] + bytes(broken) + members[2])
    assert ["a0", "a2"] == table["article"].to_list()
    assert "the compressed data are damaged" in [reason for *_, reason in rejected]


def test_a_bomb_is_left_early(tmp_path):
    bomb = gzip.compress(_line("a1") + b" " * 60_000_000 + b"\n" + _line("a2"), 1)
    table, rejected, _ = read(tmp_path / "a.jsonl.gz", bomb)
    assert ["a1"] == table["article"].to_list()
    assert "unpacks to more than 200 times its size; not read further" in [reason for *_, reason in rejected]
