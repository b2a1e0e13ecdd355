"""How well the instruments measure: prints the figures and, with --write, keeps them in instruments/validity.csv.

Run: python tests/benchmarks/validity.py --gold NEWSMTSC.jsonl [--write]

The gold file (NewsMTSC, training split) is its authors' and not part of this project; without --gold the figures that
need it are left as they are. Figures published by others are marked so in `who` and carry no command.
"""

from __future__ import annotations

import argparse
import csv
import json
from datetime import date
from pathlib import Path

import numpy as np

from analysis.valence import mention_valence, polarity

ROOT = Path(__file__).resolve().parents[2]
VALIDITY = ROOT / "analysis" / "instruments" / "validity.csv"
CODING = ROOT / "data" / "castillo-2022" / "coding"
COLUMNS = ["instrument", "study", "measure", "value", "n", "who", "data", "date", "command"]
COMMAND = "tests/benchmarks/validity.py"


def alphas() -> list[dict[str, object]]:
    """Krippendorff's alpha (nominal) of the two codings of the study's items."""
    from nltk.metrics.agreement import AnnotationTask

    coders = {}
    for coder in ("a", "b"):
        with (CODING / f"coder-{coder}.csv").open(encoding="utf-8", newline="") as file:
            coders[coder] = list(csv.DictReader(file))
    rows = []
    for variable in ("subevent", "genre", "body_kind"):
        triples = [(coder, row["article"], row[variable]) for coder, coded in coders.items() for row in coded]
        alpha = AnnotationTask(triples).alpha()
        differ = sum(a[variable] != b[variable] for a, b in zip(coders["a"], coders["b"], strict=True))
        rows.append(
            {
                "instrument": "sub-event",
                "study": "castillo-2022",
                "measure": f"Krippendorff's alpha of {variable.replace('_', ' ')}",
                "value": round(alpha, 4),
                "n": len(coders["a"]),
                "who": f"two runs of one language model, {differ} disagreements",
                "data": "data/castillo-2022/coding",
            }
        )
    return rows


def newsmtsc(path: Path) -> list[dict[str, object]]:
    """Macro-F1 and accuracy of polarity toward a target on NewsMTSC."""
    sentences, spans, gold = [], [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for target in row["targets"]:
            sentences.append(row["sentence_normalized"])
            spans.append((target["from"], target["to"]))
            gold.append({2: -1, 4: 0, 6: 1}[int(float(target["polarity"]))])
    found = polarity(mention_valence(sentences, spans, language="en"))
    truth = np.array(gold)
    figures = {"macro-F1": macro_f1(truth, found), "accuracy": float((truth == found).mean())}
    base = {"instrument": "valence", "study": "*", "n": len(gold), "who": "VADER on the whole sentence, this project"}
    data = "NewsMTSC, training split"
    return [
        {**base, "measure": f"{name} of polarity toward a target", "value": round(value, 4), "data": data}
        for name, value in figures.items()
    ]


def macro_f1(truth: np.ndarray, found: np.ndarray) -> float:
    """Mean over the three classes of the harmonic mean of precision and recall."""
    scores = []
    for label in (-1, 0, 1):
        hit = float(((truth == label) & (found == label)).sum())
        scores.append(2 * hit / float((truth == label).sum() + (found == label).sum()))
    return float(np.mean(scores))


PUBLISHED = [
    {
        "instrument": "valence",
        "study": "*",
        "measure": "macro-F1 of polarity toward a target",
        "value": value,
        "n": "",
        "who": f"{model}, published by Hamborg & Donnay (2021), Table 2",
        "data": "NewsMTSC, real-world test split",
    }
    for model, value in (("GRU-TSC (fine-tuned RoBERTa)", 0.831), ("BERT-SPC", 0.801))
]


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    stamp = {"date": date.today().isoformat(), "command": COMMAND}
    rows = [{**row, **stamp} for row in alphas()]
    rows += [{**row, **stamp} for row in newsmtsc(options.gold)] if options.gold else _kept("VADER")
    rows += [{**row, "date": "", "command": ""} for row in PUBLISHED]
    for row in rows:
        print(f"{row['value']}  {row['measure']}  ({row['who']}; {row['data']}; n = {row['n']})")
    if options.write:
        with VALIDITY.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def _kept(who: str) -> list[dict[str, str]]:
    with VALIDITY.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["who"].startswith(who)]


if __name__ == "__main__":
    main()
