"""Fuzz the readers: what ends in rows, in rows set aside, in one clear error; and what, against the promise, does not.

    python tests/benchmarks/fuzz_readers.py                    2,000 inputs per reader, about half an hour
    python tests/benchmarks/fuzz_readers.py --inputs 100 csv   fewer, one reader

A process of its own reads all inputs; it ends where one takes more than `LIMIT` seconds of processor time. Memory is
the most that the process ever held, with all that Python and the libraries take.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import math
import multiprocessing
import random
import resource
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

#: Seconds of processor time that one input may take, and bytes that a reader's process may hold.
LIMIT, MEMORY = 60, 1_000_000_000
#: One input in so many holds a line of 50 MB, or 12 MB of a light one.
RARE = 50

PARAGRAPHS = (
    "The chamber met in the morning and voted on the motion, and the session ended before noon on that day.",
    "El pleno votó por la mañana sobre la moción presentada por varias bancadas, según consta en el acta.",
    "Sędziowie zebrali się rano i głosowali nad wnioskiem, a posiedzenie skończyło się przed południem.",
)
PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A vote, ó</title>'
    '<meta property="article:published_time" content="2022-12-07T15:54:07-05:00"></head><body><nav><a href="/">Home</a>'
    f"</nav><article><h1>A vote, ó</h1><p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p></article></body></html>"
)


class Dice(random.Random):
    """Chance; and how large the largest inputs are: `light` ones have a fifth of what is repeated."""

    light = False

    def count(self, *counts: int) -> int:
        """One of some numbers of repetitions."""
        count = self.choice(counts)
        return count // 5 if self.light else count


_Bytes = Callable[[Dice], bytes]
#: gzip without the time of day: an input is the same each time.
pack = partial(gzip.compress, mtime=0)


def _articles(rng: Dice) -> list[dict[str, str]]:
    return [
        {
            "article": f"a{n}",
            "outlet": "herald",
            "language": rng.choice(["en", "es", ""]),
            "published": f"2022-12-{n + 7:02d}T10:00:00Z",
            "url": f"https://herald.example/{n}",
            "title": f"Title {n}, “ó”",
            "body": rng.choice(PARAGRAPHS) + rng.choice(["", '\n\n"Quoted", he said.', "<p>x</p>"]),
        }
        for n in range(rng.randint(1, 6))
    ]


def _jsonl(rng: Dice) -> bytes:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _articles(rng))
    return text.encode(_encoding(rng), "replace")


def _encoding(rng: Dice) -> str:
    return rng.choice(["utf-8"] * 4 + ["utf-8-sig", "cp1252", "cp1250", "utf-16", "utf-16-le", "utf-32", "shift-jis"])


def _table(rng: Dice, delimiter: str | None = None) -> bytes:
    import csv

    out = io.StringIO()
    rows = _articles(rng)
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter or rng.choice(",;\t|"), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    text = out.getvalue()
    if rng.random() < 0.3:  # quotation marks astray, where the encoding is still of no account
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice(['"', '""', '"\n', ",", "\r", "\0", ';"']) + text[at:]
    return text.encode(_encoding(rng), "replace")


def _parquet(rng: Dice) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = _articles(rng) * rng.choice([1, 1, 50])
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    spoilt = rng.choice(["body", "title", "outlet", "published", "url", "none"])
    if spoilt in columns:
        values: list[Any] = [rng.choice([None, 3, 1.5, b"\xff", [1], True])] * len(rows)
        columns[spoilt] = values
    out = io.BytesIO()
    options = {"compression": rng.choice(["snappy", "zstd", "none", "gzip"]), "row_group_size": rng.choice([2, 100])}
    pq.write_table(pa.table(columns), out, **options, use_dictionary=rng.random() < 0.5)
    return out.getvalue()


def _parquet_bomb(rng: Dice) -> bytes:
    """A text of some megabytes, once in a dictionary and named by 50,000 rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    size = rng.choice([100_000, 3_000_000, 20_000_000])
    rows = 1_000 if rng.light else 50_000
    body = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["word " * (size // 5)]))
    plain = pa.array(["herald"] * rows)
    table = pa.table({"outlet": plain, "published": pa.array(["2022-12-07"] * rows), "body": body, "article": plain})
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


#: An item and the whole of a feed: RSS, Atom.
_FEEDS = (
    (
        "<item><title>{title}</title><link>{url}</link><guid>{url}</guid><description>{body}</description>"
        "<pubDate>Wed, 07 Dec 2022 10:54:07 -0500</pubDate></item>",
        "<rss version='2.0'><channel><title>Herald</title><language>en-us</language>{}</channel></rss>",
    ),
    (
        "<entry><title>{title}</title><link href='{url}'/><id>{url}</id><content type='html'>{body}</content>"
        "<updated>{published}</updated></entry>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>Herald</title>{}</feed>",
    ),
)


def _feed(rng: Dice) -> bytes:
    rows = _articles(rng)
    encoding = rng.choice(["utf-8", "utf-8", "iso-8859-1", "utf-16", "none-such"])
    item, feed = _FEEDS[rng.random() >= 0.5]
    items = "".join(item.format(**{name: escape(text) for name, text in row.items()}) for row in rows)
    text = f'<?xml version="1.0" encoding="{encoding}"?>{feed.format(items)}'
    return text.encode(encoding if encoding != "none-such" else "utf-8", "replace")


def _feed_bomb(rng: Dice) -> bytes:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    item = "<item><title>x</title><description>&l11;</description></item>"
    return rng.choice(
        [
            f"<?xml version='1.0'?><!DOCTYPE rss [{laughs}]><rss version='2.0'><channel>{item}</channel></rss>",
            "<rss version='2.0'><channel>" + "<item>" * rng.count(1000, 100_000),
            "<rss version='2.0'><channel>" + "<item><title>x</title></item>" * rng.count(1000, 60_000),
            "<rss version='2.0'><channel><item><description>" + _bomb(rng)[:4_000_000].replace("<", "&lt;"),
            "<rss version='2.0'><channel><item><description><![CDATA[" + _bomb(rng)[:4_000_000],
            "<feed>" + "<![" * (60_000 if rng.light else 300_000),
            "<rss " + 'a="b" ' * (60_000 if rng.light else 300_000),
        ]
    ).encode()


def _bomb(rng: Dice) -> str:
    """HTML that is large, deep, or made to be slow."""
    n = rng.count(1000, 20_000, 60_000, 300_000)
    piece = rng.choice(
        [
            *("<div>", "<p>word ", "<b><i>x", "<table><tr><td>", "<ul><li>a ", "<", "&", "&#", "<!--", "<a href=x>w"),
            *("<p>w<br>", "<span>w</span> ", "]]>", "<![CDATA[", "<script>", "<a b=", "</p>", "<h1>Title</h1>", "\0"),
            *('<meta property="og:title" content="x">', "<p>2022-12-07 ", '{"datePublished": ', "<svg><path>"),
            *("<form><input>", "<font color=red>", "é", "𝔘", "&amp;amp;", "<time datetime=2022>", "<br/>\n\n"),
            *("<a ", "\t\n ", "<title>", "=" * 20),
        ]
    )
    start = rng.choice(["", "<html><body>", PAGE[:200], "<!doctype html><html><head>", "<html><body><article><p>"])
    return start + piece * n + rng.choice(["", "</body></html>", PAGE])


def _warc(rng: Dice) -> bytes:
    records = []
    for n in range(rng.randint(1, 5)):
        kind = rng.choice(["response"] * 4 + ["request", "warcinfo", "metadata", "resource", "nonsense"])
        page = PAGE if rng.random() < 0.8 else _bomb(rng)[:2_000_000]
        records.append(_record(rng, kind, n, page.encode("utf-8", "replace")))
    return b"".join(records)


def _good_record(kind: str, number: int, page: bytes) -> bytes:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: https://herald.example/{number}\r\n"
    head += f"WARC-Date: 2022-12-10T01:02:03Z\r\nContent-Length: {len(body)}\r\n"
    return (head + "Content-Type: application/http; msgtype=response\r\n\r\n").encode() + body + b"\r\n\r\n"


def _record(rng: Dice, kind: str, number: int, page: bytes) -> bytes:
    kinds = ["text/html; charset=utf-8", "text/html; charset=hex", "image/png", "", "text/html" * 9]
    if rng.random() < 0.5:
        return _good_record(kind, number, page)
    headers = rng.choice([kinds[0]] * 4 + kinds)
    packing = rng.choice([""] * 5 + ["gzip", "deflate", "br", "broken"])
    if packing == "gzip":
        page = pack(page)
    if packing == "broken":
        packing, page = "gzip", pack(page)[: rng.randint(0, 40)] + b"x"
    chunked = rng.random() < 0.1
    if chunked:
        page = f"{rng.choice([len(page), -5, 10**12]):x}\r\n".encode() + page + b"\r\n0\r\n\r\n"
    status = rng.choice(["200 OK"] * 6 + ["404 Not Found", "", "xx", "200"])
    http = f"HTTP/1.1 {status}\r\nContent-Type: {headers}\r\n"
    http += f"Content-Encoding: {packing}\r\n" if packing else ""
    http += "Transfer-Encoding: chunked\r\n" if chunked else ""
    body = http.encode() + rng.choice([b"\r\n"] * 9 + [b""]) + page
    length = rng.choice([str(len(body))] * 8 + ["-1", "9" * 25, "x", "", str(len(body) + 70), str(len(body) // 2)])
    head = f"WARC/{rng.choice(['1.0', '1.0', '1.1', '0.18', '9'])}\r\nWARC-Type: {kind}\r\n"
    head += f"WARC-Target-URI: {rng.choice(['https://herald.example/', 'http://[::', 'x' * 9000, ''])}{number}\r\n"
    head += f"WARC-Date: {rng.choice(['2022-12-10T01:02:03Z', '2022', ''])}\r\nContent-Length: {length}\r\n"
    head += "Content-Type: application/http; msgtype=response\r\n"
    return head.encode() + rng.choice([b"\r\n"] * 9 + [b""]) + body + rng.choice([b"\r\n\r\n"] * 9 + [b""])


def _warc_gz(rng: Dice) -> bytes:
    return b"".join(pack(_mutated(rng, _warc(rng))) for _ in range(rng.randint(1, 4)))


def _gzip_bomb(rng: Dice) -> bytes:
    piece = rng.choice([b"\0", b"x", b"x\n", b"WARC/1.0\r\n", b'{"a":1}\n'])
    size = rng.choice([10_000_000, 25_000_000 if rng.light else 80_000_000])
    return pack(piece * (size // len(piece)), 1)


def _long_line(rng: Dice) -> bytes:
    starts = [b"", b'{"article": "', b"article,outlet,published,title\n", b"WARC/1.0\r\n", b"<rss><channel>", b'"']
    start = rng.choice(starts)
    piece = rng.choice([b"x", b"[],", b'"', b"\0", b"<p>", b"a,", b"\xff"])
    return start + piece * (12_000_000 if rng.light else 50_000_000)


def _folder(rng: Dice) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    lines = ["file,outlet,published,language"]
    for n in range(rng.randint(1, 5)):
        name = f"{n}{rng.choice(['.txt', '.md', '.html', '.htm'])}"
        text = rng.choice([PAGE, f"# T\n\n{PARAGRAPHS[0]}", _bomb(rng)[:3_000_000]])
        content = text.encode(_encoding(rng), "replace")
        files[name] = _mutated(rng, content) if rng.random() < 0.7 else content
        strays = ["", "../x.txt", "/etc/hostname", "x" * 5000 + ".txt", "a\0b.txt", ".", "metadata.csv"]
        stray = name if rng.random() < 0.7 else rng.choice(strays)
        lines.append(f"{stray},herald,2022-12-07,{rng.choice(['en', ''])}")
    table = "\n".join(lines).encode()
    files["metadata.csv"] = _mutated(rng, table) if rng.random() < 0.3 else table
    return files


def _mutated(rng: Dice, data: bytes) -> bytes:
    """The bytes with up to four things done to them."""
    raw = bytearray(data)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 4])):
        at, length = rng.randrange(len(raw) + 1), rng.randint(1, 200)
        match rng.randrange(9):
            case 0:
                del raw[at:]
            case 1:
                del raw[at : at + length]
            case 2:
                raw[at:at] = b"\0" * length
            case 3:
                raw[at:at] = rng.randbytes(length)
            case 4:
                raw[at:at] = raw[at : at + length] * rng.randint(1, 50)
            case 5 if at < len(raw):
                raw[at] ^= 1 << rng.randrange(8)
            case 6:
                sore = [b"\n", b"\r\n", b'"', b"<", b"&", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80"]
                raw[at:at] = rng.choice(sore)
            case 7:
                raw[at : at + 4] = struct.pack("<I", rng.choice([0, 1, 2**31 - 1, 2**32 - 1]))
            case 8:
                other = rng.randrange(len(raw) + 1)
                raw[at:at] = raw[other : other + length]
    return bytes(raw)


#: Reader → ending, what makes a good file, what makes bombs of its own.
READERS: dict[str, tuple[str, _Bytes | None, tuple[_Bytes, ...]]] = {
    "jsonl": (".jsonl", _jsonl, ()),
    "jsonl.gz": (".jsonl.gz", lambda rng: pack(_mutated(rng, _jsonl(rng))), (_gzip_bomb,)),
    "csv": (".csv", _table, ()),
    "csv.gz": (".csv.gz", lambda rng: pack(_mutated(rng, _table(rng))), (_gzip_bomb,)),
    "tsv": (".tsv", lambda rng: _table(rng, "\t"), ()),
    "parquet": (".parquet", _parquet, (_parquet_bomb,)),
    "folder": ("", None, ()),
    "feed": (".xml", _feed, (_feed_bomb,)),
    "warc": (".warc", _warc, ()),
    "warc.gz": (".warc.gz", _warc_gz, (_gzip_bomb,)),
}


def write_input(name: str, seed: int, folder: Path, *, light: bool = False) -> Path:
    """Write input number `seed` of a reader."""
    rng = Dice(f"{name} {seed}")
    rng.light = light
    ending, good, bombs = READERS[name]
    path = folder / f"{seed}{ending}"
    if good is None:
        path.mkdir()
        for file, content in _folder(rng).items():
            (path / file).write_bytes(content)
    elif seed % RARE == 0:
        line = _long_line(rng)
        path.write_bytes(pack(line, compresslevel=1) if ending.endswith(".gz") else line)
    elif bombs and seed % 10 == 1:
        path.write_bytes(rng.choice(bombs)(rng))
    elif ending.endswith(".gz"):  # most of what is done to packed bytes makes them damaged, and no more
        packed = good(rng)
        path.write_bytes(_mutated(rng, packed) if rng.random() < 0.4 else packed)
    else:
        path.write_bytes(_mutated(rng, good(rng)))
    return path


def outcome(path: Path) -> tuple[str, str]:
    """What became of an input: rows, rows set aside, both, nothing, an error; or the trace of any other exception."""
    from analysis.errors import AnalysisError
    from analysis.readers import Rejected, read_texts

    rejected: list[Rejected] = []
    skipped: Counter[str] = Counter()
    try:
        count = sum(map(len, read_texts(path, rejected=rejected, skipped=skipped, languages=("en", "es", "pl"))))
    except AnalysisError as error:
        return "error", str(error)
    except BaseException:
        return "BROKEN", traceback.format_exc()
    if any(not row.reason or len(row.reason) > 300 or "\n" in row.reason for row in rejected):
        return "BROKEN", f"a reason that is none: {rejected}"
    if count:
        return ("rows and set aside" if rejected else "rows"), ""
    return ("set aside" if rejected else "skipped" if skipped else "nothing"), ""


def measured(path: Path) -> tuple[str, str, float, int]:
    """What became of an input, in detail, its seconds of processor time, and the most memory of this process so far."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    start = time.process_time()
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(start) + LIMIT, most))  # the system ends the process then
    with contextlib.redirect_stderr(io.StringIO()) as said:
        result, detail = outcome(path)
    if said.getvalue():  # a library must not speak to who runs castillo, and might say a text
        result, detail = "BROKEN", f"wrote {said.getvalue()!r}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return result, detail, time.process_time() - start, peak


class Worker:
    """A process that reads inputs, and another one where it came to its end."""

    def __init__(self) -> None:
        """Begin a process; again, where the last one ended."""
        self.pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def read(self, path: Path) -> tuple[str, str, float, int]:
        """What became of a file, as `measured`."""
        try:
            return self.pool.submit(measured, path).result()
        except BrokenProcessPool:
            Worker.__init__(self)
            return "BROKEN", f"the process died, or read for {LIMIT} s", 0.0, 0


def fuzz(
    name: str, seeds: Iterable[int], worker: Worker, *, light: bool = False
) -> tuple[Counter[str], float, int, list[str]]:
    """Fuzz one reader: counts of what became of the inputs, the slowest's seconds, peak memory, what broke."""
    counts: Counter[str] = Counter()
    slowest, most, broken = 0.0, 0, []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            result, detail, seconds, peak = worker.read(write_input(name, seed, Path(folder), light=light))
        if result == "BROKEN":
            broken.append(f"{name} {seed}: {detail}")
        counts[result] += 1
        slowest, most = max(slowest, seconds), max(most, peak)
    return counts, slowest, most, broken


def main() -> int:
    """Fuzz and print a line per reader."""
    parser = argparse.ArgumentParser()
    parser.add_argument("readers", nargs="*", default=list(READERS))
    parser.add_argument("--inputs", type=int, default=2000)
    chosen = parser.parse_args()
    failed = False
    for name in chosen.readers:
        worker = Worker()
        counts, slowest, peak, broken = fuzz(name, range(chosen.inputs), worker)
        worker.pool.shutdown()
        results = ", ".join(f"{count} {result}" for result, count in counts.most_common())
        print(f"{name}: {results}; slowest {slowest:.1f} s; peak memory {peak / 1e6:.0f} MB", flush=True)
        for line in broken:
            print(f"    {line}", flush=True)
        failed |= bool(broken) or peak > MEMORY
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
