"""Keywords in context, where the texts are at hand. Apart from other components: only who shows them reads texts."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import tables
from analysis.errors import AnalysisError
from analysis.paths import text_digest
from analysis.readers import read_texts
from analysis.readers.feed import outlet_finder
from analysis.report.components import Shown, csv_of, escape, note, scrolled
from analysis.study import Study
from analysis.text.sentences import Span
from analysis.text.tokens import tokenize
from analysis.wording import isolated, plural, spaced

COLUMNS = ("article", "outlet", "left", "keyword", "right", "voice")


def show_kwic(study: Study, label_set: str, *, width: int = 8, limit: int = 60) -> Shown:
    """Keyword-in-context lines of a set's labels, or a sentence on why there are none."""
    if not study.settings.texts:
        return note(
            "Keyword-in-context lines need the texts, which are their publishers' and not part of this study: only "
            "figures measured from them are published. Whoever has the texts names them in study.toml (texts = [...])."
        )
    entries = [entry for entry in _entries(study, "labels") if entry.startswith(f"{label_set}:")]
    try:
        frames = [lines_in_context(study, entry, width=width, limit=limit) for entry in entries]
    except AnalysisError as error:  # the texts have been moved, or others annotated since
        why = str(error).replace(f"{study.folder}/", "")
        return note(f"No lines in context: study.toml names texts that are not those of the features. There: {why}")
    lines = pd.concat(frames, ignore_index=True).head(limit)
    lines["outlet"] = lines["outlet"].map(study.outlet_names)
    rows = []
    for outlet, left, keyword, right, voice in lines[list(COLUMNS[1:])].map(isolated).map(escape).to_numpy():
        cells = f'<td class="left">{left}</td><td class="keyword"><mark>{keyword}</mark></td><td>{right}</td>'
        rows.append(f'<tr><th scope="row">{outlet}</th>{cells}<td>{voice}</td></tr>')
    head = "".join(f'<th scope="col">{name}</th>' for name in ("outlet", "before", "keyword", "after", "voice"))
    caption = f"Keyword in context: {label_set.replace('-', ' ')} ({plural(len(lines), 'line')})"
    table = (
        f'<table class="data kwic"><caption>{escape(spaced(caption))}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    record = {"kind": "table", "name": f"kwic-{label_set}", "caption": caption, "csv": csv_of(lines)}
    return Shown(scrolled(table, kind="table", caption=caption), record)


def lines_in_context(
    study: Study,
    entry: str,
    *,
    gazetteer: str = "labels",
    width: int = 8,
    outlets: Collection[str] | None = None,
    limit: int | None = None,
) -> pd.DataFrame:
    """Mentions of an actor or a label with the words around them (Luhn 1960).

    Parameters
    ----------
    study : Study, with features, whose study.toml says where its texts are
    entry : str, an actor, or set:label
    gazetteer : "labels" or "actors"
    width : int ≥ 0, tokens on either side
    outlets : ids of outlets, all where not given
    limit : int ≥ 0, at most so many rows

    Returns
    -------
    DataFrame with article, outlet, left, keyword, right, voice, by article and place in it

    Raises
    ------
    AnalysisError
        Where the texts are not at hand or are not the ones that the features were made from, or the entry is unknown.
    """
    if not study.settings.texts:
        raise AnalysisError(
            f"the texts of {study.name} are not at hand. Name their files in study.toml: texts = [...]."
        )
    known = _entries(study, gazetteer)
    if entry not in known:
        close = difflib.get_close_matches(entry, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise AnalysisError(f"no entry {entry!r} in {gazetteer}.csv.{hint}")
    found = study.store.entry_mentions(gazetteer, entry)
    mentions = found.merge(study.features(tables.ARTICLES)[["article", "outlet"]], on="article")
    if outlets is not None:
        mentions = mentions[mentions["outlet"].isin(list(outlets))]
    mentions = mentions.sort_values(["article", "start"]).head(len(mentions) if limit is None else limit)
    texts = _texts(study, set(mentions["article"]))
    rows = [_line(mention, *texts[mention.article], width) for mention in mentions.itertuples(index=False)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")


def _entries(study: Study, gazetteer: str) -> list[str]:
    if gazetteer == "actors":
        return sorted(set(study.actors["actor"]))
    if gazetteer == "labels":
        return sorted(set(study.labels["set"] + ":" + study.labels["label"]))
    raise AnalysisError(f"gazetteer is {gazetteer!r}; it is labels or actors.")


def _texts(study: Study, wanted: set[str]) -> dict[str, tuple[str, Sequence[Span]]]:
    """Cleaned text and tokens of each wanted article, held to the digest in the features."""
    digests = study.features(tables.ARTICLES).set_index("article")["text_sha256"]
    texts: dict[str, tuple[str, Sequence[Span]]] = {}
    for chunk in _read(study):
        for row in chunk[chunk["article"].isin(wanted)].itertuples(index=False):
            text = f"{row.title}\n{row.body}"
            if text_digest(text) != digests[row.article]:
                raise AnalysisError(
                    f"the text of {row.article} is not the one its features were made from. Annotate again."
                )
            texts[row.article] = (text, tokenize(text, language=row.language).spans)
    if missing := sorted(wanted - set(texts)):
        raise AnalysisError(f"the texts hold nothing of {len(missing)} articles, first {missing[0]}.")
    return texts


def _read(study: Study) -> Iterator[pd.DataFrame]:
    """Texts of the study, read as they are when they are annotated."""
    return read_texts(
        [Path(study.folder, path) for path in study.settings.texts],
        columns=study.settings.columns,
        outlet_of=outlet_finder(study.outlets),
        languages=study.settings.languages,
    )


def _line(mention: Any, text: str, tokens: Sequence[Span], width: int) -> tuple[str, ...]:
    before = [start for start, end in tokens if end <= mention.start]
    after = [end for start, end in tokens if start >= mention.end]
    first = before[-width] if width and len(before) >= width else (0 if width else mention.start)
    last = after[width - 1] if width and len(after) >= width else (len(text) if width else mention.end)
    pieces = (text[first : mention.start], text[mention.start : mention.end], text[mention.end : last])
    left, keyword, right = (" ".join(piece.split()) for piece in pieces)
    return mention.article, mention.outlet, left, keyword, right, mention.voice
