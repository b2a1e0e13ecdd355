"""Keywords in context, where the texts are at hand. Apart from other components: only who shows them reads texts."""

from pathlib import Path

import pandas as pd

from analysis import tables
from analysis.errors import AnalysisError, UnknownName
from analysis.paths import text_digest
from analysis.readers import read_texts
from analysis.readers.feed import outlet_finder
from analysis.report.components import Shown, csv_of, data_table, escape, note
from analysis.study import Study
from analysis.text.concordance import context
from analysis.text.tokens import tokenize
from analysis.wording import isolated, plural

COLUMNS = ("article", "outlet", "left", "keyword", "right", "voice")


def show_kwic(study: Study, label_set: str, *, limit: int = 60) -> Shown:
    """Keyword-in-context lines of a set's labels, or a sentence on why there are none."""
    if not study.settings.texts:
        return note(
            "Keyword-in-context lines need the texts, which are their publishers' and not part of this study: only "
            "figures measured from them are published. Whoever has the texts names them in study.toml (texts = [...])."
        )
    try:
        lines = lines_in_context(study, label_set, limit=limit)
    except AnalysisError as error:  # the texts have been moved, or others annotated since
        why = str(error).replace(f"{study.folder}/", "")
        return note(f"No lines in context: study.toml names texts that are not those of the features. There: {why}")
    lines["outlet"] = lines["outlet"].map(study.outlet_names)
    rows = []
    for outlet, left, keyword, right, voice in lines[list(COLUMNS[1:])].map(isolated).map(escape).to_numpy():
        cells = [f'<td class="left">{left}</td>', f'<td class="keyword"><mark>{keyword}</mark></td>']
        rows.append([f'<th scope="row">{outlet}</th>', *cells, f"<td>{right}</td><td>{voice}</td>"])
    head = [f'<th scope="col">{name}</th>' for name in ("outlet", "before", "keyword", "after", "voice")]
    caption = f"Keyword in context: {label_set.replace('-', ' ')} ({plural(len(lines), 'line')})"
    record = {"kind": "table", "name": f"kwic-{label_set}", "caption": caption, "csv": csv_of(lines)}
    return Shown(data_table(head, rows, caption, kind="data kwic"), record)


def lines_in_context(study: Study, label_set: str, *, width: int = 8, limit: int = 60) -> pd.DataFrame:
    """The first uses of a set's labels with `width` tokens on either side (Luhn 1960), by label, article and place."""
    labels = sorted(set(study.labels.loc[study.labels["set"] == label_set, "label"]))
    if not labels:
        raise UnknownName("set", label_set, "is not in labels.csv", sorted(set(study.labels["set"])))
    mentions = pd.concat([study.store.entry_mentions("labels", f"{label_set}:{label}") for label in labels]).head(limit)
    articles = study.features(tables.ARTICLES).set_index("article").loc[sorted(set(mentions["article"]))]
    texts = pd.concat(
        chunk[chunk["article"].isin(articles.index)]
        for chunk in read_texts(
            [Path(study.folder, path) for path in study.settings.texts],
            columns=study.settings.columns,
            outlet_of=outlet_finder(study.outlets),
            languages=study.settings.languages,
        )
    ).set_index("article")
    whole = texts["title"] + "\n" + texts["body"]
    digests = whole.map(text_digest).reindex(articles.index)
    if other := list(articles.index[digests != articles["text_sha256"]]):
        raise AnalysisError(f"of {plural(len(other), 'article')}, first {other[0]}, no text has the features' digest.")
    spans = {article: tokenize(text, language=texts["language"][article]).spans for article, text in whole.items()}
    rows = []
    for mention in mentions.itertuples(index=False):
        words = context(whole[mention.article], spans[mention.article], (mention.start, mention.end), width)
        rows.append((mention.article, articles["outlet"][mention.article], *words, mention.voice))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")
