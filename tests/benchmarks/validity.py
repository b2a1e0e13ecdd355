"""How well the instruments measure: prints the figures and, with --write, keeps them in instruments/validity.csv.

Run: python tests/benchmarks/validity.py --gold NEWSMTSC.jsonl [--write]

The gold file (NewsMTSC, training split) is its authors' and not part of this project; without --gold the figures that
need it are left as they are. So are figures published by others, and those of before an instrument was mended on its
gold (by the commit in `who`): they carry no command.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import gold
import numpy as np
from fuzzed import ORACLE
from fuzzed import sentences as made_up
from train_targeted import DIVISIONS, cross_validated, macro_f1, read_gold

from analysis.scoring import polarity, sentiment
from analysis.scoring.vader import compound
from analysis.study import load_study
from analysis.wording import language as language_name

ROOT = Path(__file__).resolve().parents[2]
VALIDITY = ROOT / "analysis" / "instruments" / "validity.csv"
CODINGS = "data/castillo-2022/codings"
COLUMNS = ["instrument", "study", "measure", "value", "n", "who", "data", "date", "command"]
COMMAND = "tests/benchmarks/validity.py"
NEWS = "NewsMTSC, training split"
OURS = (
    "linear model around the target, this project: hashed features of the stems and groups of words in a window; "
    "5-fold cross-validation by sentence, only the ridge penalty nested, mean of three divisions; features were chosen "
    "on these sentences"
)
FUZZED = 10_000
TUNED = "this project, mended once on this gold"
CODERS = "two runs of one language model"
PORT = (
    "NLTK takes one mark off a word's either end and not several, does not know no as a negation of the next word, and "
    "weighs equal words around but each by its place"
)


def studies() -> list[dict[str, object]]:
    """Figures on the gold of tests/gold and of the study, from the published features."""
    study = load_study("castillo-2022")
    found: list[tuple[str, str, float, int, str, str]] = []
    for variable in ("subevent", "genre", "body_kind"):
        alpha, size, differ = gold.coded_agreement(study, variable)
        measure = f"Krippendorff's alpha of {variable.replace('_', ' ')}"
        found.append(("sub-event", measure, alpha, size, f"{CODERS}, {differ} disagreements", CODINGS))
    for language, (ours, punkt) in gold.boundary_f1().items():
        size = sum(len(ends) for written, _, ends in gold.boundaries() if written == language)
        name = language_name(language)
        for value, who in ((ours, TUNED), (punkt, "NLTK's Punkt without a trained model")):
            found.append(("text", f"F1 of sentence boundaries, {name}", value, size, who, "tests/gold/sentences.jsonl"))
    counts = gold.mention_counts(study)
    size = counts["right"] + counts["missed"]
    place = "tests/gold/mentions.csv"
    found.append(("mentions", "F1 of mentions, exact span and actor", gold.f1(**counts), size, TUNED, place))
    for sample in ("random", "held-out"):
        right, size = gold.voice_counts(study, sample)
        who = TUNED if sample == "random" else "this project, coded after the instrument was mended"
        found.append(("voice", "accuracy of voice", right / size, size, who, f"tests/gold/voice.csv, {sample}"))
    alpha, size = gold.agreement("voice.csv", "voice")
    found.append(("voice", "Krippendorff's alpha of voice", alpha, size, CODERS, "tests/gold/voice.csv"))
    place = CODINGS
    for who, (coded, measured) in gold.polarity_pairs(study).items():
        one, other = np.array(coded), np.array(measured)
        found.append(("sentiment", "macro-F1 of polarity toward a target", macro_f1(one, other), len(one), who, place))
        found.append(("sentiment", "accuracy of polarity toward a target", np.mean(one == other), len(one), who, place))
    alpha, size, _ = gold.coded_agreement(study, "polarity")
    found.append(("sentiment", "Krippendorff's alpha of polarity", alpha, size, CODERS, place))
    counts = gold.copy_counts(study)
    for name, wrong in (("precision", "extra"), ("recall", "missed")):
        size = counts["right"] + counts[wrong]
        value = counts["right"] / size if size else float("nan")
        found.append(("comparison", f"{name} of copies", value, size, "this project", "tests/gold/copies.csv"))
    alpha, size = gold.agreement("copies.csv", "copy")
    found.append(("comparison", "Krippendorff's alpha of copies", alpha, size, CODERS, "tests/gold/copies.csv"))
    names = ("instrument", "measure", "value", "n", "who", "data")
    rows = [dict(zip(names, row, strict=True)) for row in found]
    return [{**row, "study": _study(row["measure"]), "value": round(float(row["value"]), 4)} for row in rows]


def _study(measure: str) -> str:
    """The study whose reports show a figure: none has articles in some of the languages."""
    return "none" if measure.endswith(("German", "French", "Italian")) else "castillo-2022"


def newsmtsc(path: Path) -> list[dict[str, object]]:
    """Macro-F1 and accuracy of polarity toward a target on NewsMTSC, ours cross-validated, beside VADER's."""
    coded = read_gold(path)
    found = {
        OURS: [cross_validated(coded, division) for division in DIVISIONS],
        "VADER on the whole sentence, this project": [polarity(sentiment(coded.sentences, language="en"))],
    }
    base = {"instrument": "sentiment", "study": "*", "n": len(coded.classes), "data": NEWS}
    return [
        {**base, "who": who, "measure": f"{name} of polarity toward a target", "value": round(float(value), 4)}
        for who, runs in found.items()
        for name, value in (
            ("macro-F1", np.mean([macro_f1(coded.classes, run) for run in runs])),
            ("accuracy", np.mean([coded.classes == run for run in runs])),
        )
    ]


def ports(path: Path) -> list[dict[str, object]]:
    """On how many sentences NLTK's port of VADER and this project's differ from vaderSentiment."""
    import nltk
    from nltk.sentiment.vader import SentimentIntensityAnalyzer

    lines = path.read_text(encoding="utf-8").splitlines()
    news = [json.loads(line)["sentence_normalized"] for line in lines]
    with TemporaryDirectory() as folder:
        # NLTK reads lexicons from its data folders only.
        lexicon = files("vaderSentiment").joinpath("vader_lexicon.txt").read_text(encoding="utf-8")
        (Path(folder) / "vader_lexicon.txt").write_text(lexicon, encoding="utf-8")
        nltk.data.path.append(folder)
        port = SentimentIntensityAnalyzer(lexicon_file="nltk:vader_lexicon.txt")
        nltk.data.path.remove(folder)
    made = made_up(FUZZED, seed=2014)
    base = {"instrument": "sentiment", "study": "*"}
    return [
        {
            **base,
            "measure": "sentences on which NLTK's port of VADER differs from vaderSentiment",
            "value": _differing([port.polarity_scores(sentence)["compound"] for sentence in news], news),
            "n": len(news),
            "who": PORT,
            "data": NEWS,
        },
        {
            **base,
            "measure": "sentences on which this project's VADER differs from vaderSentiment 3.3.2 by more than 1e-9",
            "value": _differing(list(map(compound, [*news, *made])), [*news, *made]),
            "n": len(news) + len(made),
            "who": "VADER computed once per word, this project",
            "data": f"{NEWS}, and {FUZZED:,} made-up sentences that meet its rules often",
        },
    ]


def _differing(scores: Iterable[float], sentences: Sequence[str]) -> int:
    original = (ORACLE.polarity_scores(sentence)["compound"] for sentence in sentences)
    return sum(abs(score - first) > 1e-9 for score, first in zip(scores, original, strict=True))


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    stamp = {"date": date.today().isoformat(), "command": COMMAND}
    measured = [*studies(), *(newsmtsc(options.gold) + ports(options.gold) if options.gold else ())]
    rows = [{**row, **stamp} for row in measured] + kept(options.gold is None)
    for row in rows:
        print(f"{row['value']}  {row['measure']}  ({row['who']}; {row['data']}; n = {row['n']})")
    if options.write:
        with VALIDITY.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def kept(with_news: bool) -> list[dict[str, object]]:
    """Rows of validity.csv that no command measures: published by others, or before an instrument was mended.

    Without the gold file also those that need it.
    """
    with VALIDITY.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    news = [row for row in rows if with_news and row["command"] and row["data"].startswith(NEWS)]
    return [*news, *(row for row in rows if not row["command"])]


if __name__ == "__main__":
    main()
