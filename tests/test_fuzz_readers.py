"""Any bytes, under any ending, end in rows, in rows that are set aside, or in one clear error."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import EN, ES, read
from test_readers_exports import FACTIVA, NEXIS
from test_readers_formats import FEED, HTML, PAGE, parquet_bytes, warc_bytes

from analysis.errors import TextsError
from analysis.readers import FORMATS, read_texts

LINE = json.dumps(
    {"article": "a1", "outlet": "h", "language": "en", "published": "2022-12-07", "title": EN, "body": ES}
)
TABLE = "outlet,lang,date,title,text\n" + "".join(
    f'h,en,2022-12-07,"{EN} {number}","{ES}\n{ES}"\n' for number in range(9)
)
#: A file of each kind, to be spoilt.
WHOLE = {
    ".jsonl": f"{LINE}\n{LINE.replace('a1', 'a2')}\n".encode(),
    ".json": f"[{LINE}]".encode(),
    ".csv": TABLE.encode("cp1252"),
    ".tsv": TABLE.replace(",", "\t").encode(),
    ".parquet": parquet_bytes(9),
    ".rss": FEED.encode(),
    ".warc": warc_bytes(("https://h.example/1", PAGE.encode(), *HTML), gz=False),
    ".txt": f"{NEXIS}{FACTIVA}".encode(),
}
PIECES = [b'"', b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"<", b"</item>", b"{",
          b"WARC/1.0\r\n", b"\x1f\x8b", b","]
SPOILT = st.one_of(st.sampled_from(PIECES), st.binary(max_size=20))


@pytest.mark.slow
@given(st.data())
@pytest.mark.parametrize("ending", [*FORMATS, ".jsonl.gz", ".csv.gz"])
def test_spoilt_files_end_in_rows_rows_set_aside_or_one_clear_error(tmp_path_factory, ending, data):
    raw = WHOLE.get(ending.removesuffix(".gz"), b"")
    raw = gzip.compress(raw, mtime=0) if ending.endswith(".gz") else raw
    at, end = sorted(data.draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
    path = tmp_path_factory.mktemp("spoilt") / f"a{ending}"
    try:
        table, rejected, _ = read(path, raw[:at] + data.draw(SPOILT) + raw[end if data.draw(st.booleans()) else at :])
        chunks = list(read_texts(path, rows=data.draw(st.integers(1, 4)), languages=("en", "es")))
    except TextsError as error:
        assert str(error).startswith(f"{path}: ")
        return
    assert table["article"].to_list() == [article for chunk in chunks for article in chunk["article"]]
    assert all(line > 0 and reason for _, line, reason in rejected)
