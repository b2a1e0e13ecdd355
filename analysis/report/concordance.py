"""Keyword-in-context lines as a notebook shows them; apart from `display`: only who shows them needs readers."""

from __future__ import annotations

import pandas as pd

from analysis.errors import AnalysisError
from analysis.report.display import Shown, csv_of, escape, note
from analysis.report.kwic import kwic
from analysis.study import Study
from analysis.wording import isolated, plural, spaced


def show_kwic(study: Study, label_set: str, *, width: int = 8, limit: int = 60) -> Shown:
    """Keyword-in-context lines of a set's labels, or a sentence on why there are none where texts are not at hand."""
    if not study.settings.texts:
        return note(
            "Keyword-in-context lines need the texts, which are their publishers' and not part of this study: only "
            "figures measured from them are published. Whoever has the texts names them in study.toml (texts = [...])."
        )
    entries = sorted({f"{label_set}:{label}" for label in study.labels.loc[study.labels["set"] == label_set, "label"]})
    try:
        lines = pd.concat([kwic(study, entry, width=width, limit=limit) for entry in entries], ignore_index=True)
    except AnalysisError as error:  # the texts have been moved, or others annotated since
        why = str(error).replace(f"{study.folder}/", "")
        return note(f"No lines in context: study.toml names texts that are not those of the features. There: {why}")
    lines = lines.head(limit).assign(outlet=lines["outlet"].map(study.outlet_names))
    rows = "".join(
        f'<tr><th scope="row">{escape(str(r.outlet))}</th><td class="left">{escape(isolated(r.left))}</td>'
        f'<td class="keyword"><mark>{escape(isolated(r.keyword))}</mark></td><td>{escape(isolated(r.right))}</td>'
        f"<td>{escape(str(r.voice))}</td></tr>"
        for r in lines.itertuples()
    )
    head = "".join(f'<th scope="col">{h}</th>' for h in ("outlet", "before", "keyword", "after", "voice"))
    caption = f"Keyword in context: {label_set.replace('-', ' ')} ({plural(len(lines), 'line')})"
    html = (
        f'<div class="table-scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table class="data kwic">'
        f"<caption>{escape(spaced(caption))}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    csv = csv_of(lines)
    return Shown(html, {"kind": "table", "name": f"kwic-{label_set}", "caption": caption, "csv": csv})
