"""How fast texts become features, against the pipeline a student would write and against spaCy.

Run: python tests/benchmarks/annotate.py [--repeat N] [--articles N]; scale.py measures how it grows.

All sides measure the same texts, those of data/sample varied, with the same 300 aliases, on one core, in one process,
in turn: sentences, tokens, mentions, tone, written as Parquet.

- ours: reads and cleans; per article counts and digests; per sentence part, place, tokens, tone, share quoted; terms
  per part; mentions with sentence, voice and tone toward them; signatures of copies and their clusters; the manifest.
- the student and spaCy: terms per article, tone per sentence without its place, mentions with their place.

The figures are medians of the ratios of runs side by side, in processor time, so that what else the machine does counts
for nobody. Starting up is left out: each side has measured 500 other texts before the clock starts.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from statistics import median

import pandas as pd
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from growing import SAMPLE, varied, write_texts

from analysis.annotation.run import annotate
from analysis.study import load_study

ALIASES = 300
ENGLISH = ("en", "*")
WARM = 500


def aliases() -> list[str]:
    """The first 300 English aliases of the Castillo study's actors, names that several bear left out."""
    table = load_study("castillo-2022").actors
    table = table[table["language"].isin(ENGLISH) & table["surname"].isna()]
    return table["alias"].drop_duplicates().head(ALIASES).to_list()


def bench_study(folder: Path) -> Path:
    """The sample, with those aliases as its actors and no labels of its own beyond the sample's; returns its folder."""
    study = folder / "bench"
    shutil.copytree(SAMPLE, study, ignore=shutil.ignore_patterns("features", "texts.jsonl", "codings", "codebook.csv"))
    with (study / "actors.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["actor", "kind", "name", "language", "alias", "case", "surname", "fold"])
        writer.writerows([f"a{n}", "person", alias, "en", alias, "exact", "", ""] for n, alias in enumerate(aliases()))
    text = (study / "study.toml").read_text(encoding="utf-8")
    text = re.sub(r"main_actors = \[.*?\]", 'main_actors = ["a0"]', text, flags=re.DOTALL)
    (study / "study.toml").write_text(text.replace('name = "sample"', 'name = "bench"'), encoding="utf-8")
    return study


def ours(folder: Path) -> Callable[[Path], float]:
    """`annotate`, features written; loading the study is starting up."""
    fresh = bench_study(folder)

    def run(texts: Path) -> float:
        shutil.rmtree(folder / "run", ignore_errors=True)
        shutil.copytree(fresh, folder / "run")
        study = load_study(folder / "run")
        begun = time.process_time()
        annotate(texts, study, output=folder / "features")
        return time.process_time() - begun

    return run


def students(folder: Path) -> Callable[[Path], float]:
    """Punkt, NLTKWordTokenizer, NLTK's VADER, a compiled pattern per alias."""
    from nltk.sentiment.vader import SentimentIntensityAnalyzer, VaderConstants
    from nltk.tokenize import NLTKWordTokenizer
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    class Analyzer(SentimentIntensityAnalyzer):
        """NLTK reads lexicons from its data folders only."""

        def __init__(self) -> None:
            self.lexicon_file = files("vaderSentiment").joinpath("vader_lexicon.txt").read_text(encoding="utf-8")
            self.lexicon = self.make_lex_dict()
            self.constants = VaderConstants()

    punkt, words, vader = PunktSentenceTokenizer(), NLTKWordTokenizer(), Analyzer()
    patterns = [(alias, re.compile(rf"\b{re.escape(alias)}\b")) for alias in aliases()]

    def measure(text: str) -> tuple[list[float], Counter[str], list[tuple[int, int, str]]]:
        sentences = punkt.tokenize(text)
        counts = Counter(token.lower() for sentence in sentences for token in words.tokenize(sentence))
        tones = [vader.polarity_scores(sentence)["compound"] for sentence in sentences]
        found = [(*match.span(), alias) for alias, pattern in patterns for match in pattern.finditer(text)]
        return tones, counts, found

    return _pipeline(measure, folder)


def with_spacy(folder: Path) -> Callable[[Path], float]:
    """A blank spaCy pipeline with sentencizer and PhraseMatcher, and vaderSentiment."""
    import spacy
    from spacy.matcher import PhraseMatcher
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    language, vader = spacy.blank("en"), SentimentIntensityAnalyzer()
    language.add_pipe("sentencizer")
    matcher = PhraseMatcher(language.vocab)
    for alias in aliases():
        matcher.add(alias, [language.make_doc(alias)])

    def measure(text: str) -> tuple[list[float], Counter[str], list[tuple[int, int, str]]]:
        doc = language(text)
        counts = Counter(token.lower_ for token in doc if not token.is_space)
        tones = [vader.polarity_scores(sentence.text)["compound"] for sentence in doc.sents]
        found = [
            (doc[start:end].start_char, doc[start:end].end_char, language.vocab.strings[name])
            for name, start, end in matcher(doc)
        ]
        return tones, counts, found

    return _pipeline(measure, folder)


def _pipeline(measure: Callable, folder: Path) -> Callable[[Path], float]:
    def run(texts: Path) -> float:
        begun = time.process_time()
        tones, terms, mentions = [], [], []
        with texts.open(encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                scores, counts, found = measure(f"{row['title']}\n{row['body']}")
                tones += [(row["article"], score) for score in scores]
                terms += [(row["article"], *item) for item in counts.items()]
                mentions += [(row["article"], *match) for match in found]
        for name, rows in (("tones", tones), ("terms", terms), ("mentions", mentions)):
            pd.DataFrame(rows).rename(columns=str).to_parquet(folder / f"{name}.parquet")
        return time.process_time() - begun

    return run


def compare(articles: int, repeat: int) -> None:
    """Print articles per second of each side and the medians of the paired ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sides = {"castillo annotate": ours(folder), "student's pipeline": students(folder)}
        try:
            sides["spaCy + vaderSentiment"] = with_spacy(folder)
        except ImportError:
            print("spaCy is not installed, so not compared with: pip install spacy")
        warm = write_texts(folder / "warm.jsonl", varied(WARM))
        for run in sides.values():
            run(warm)
        times: dict[str, list[float]] = {side: [] for side in sides}
        for turn in range(repeat):
            # Texts of their own each time, the same for all sides.
            rows = (row for number, row in enumerate(varied((turn + 1) * articles)) if number >= turn * articles)
            texts = write_texts(folder / "texts.jsonl", rows)
            for side, run in sides.items():
                times[side].append(run(texts))
    us = times["castillo annotate"]
    for side, spent in times.items():
        ratios = [theirs / own for theirs, own in zip(spent, us, strict=True)]
        rate = median(articles / each for each in spent)
        print(f"{side:24} {rate:7.0f} articles/s   ours is {median(ratios):5.2f} times as fast")
    print(f"({articles} articles of some 230 words, {ALIASES} aliases, {repeat} runs of each side in turn)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--articles", type=int, default=1000)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    pa.set_cpu_count(1)
    compare(given.articles, given.repeat)


if __name__ == "__main__":
    main()
