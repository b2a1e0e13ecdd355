"""The gold of tests/gold/, and how the instruments do on it: from the published features, so that anyone can tell."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from analysis import tables
from analysis.results.misclassification import coded_mentions
from analysis.study import Study
from analysis.text.tokens import split_sentences

GOLD = Path(__file__).resolve().parents[1] / "gold"
Place = tuple[str, int, int]


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file of the gold."""
    with (GOLD / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def f1(right: int, extra: int, missed: int) -> float:
    """Harmonic mean of precision and recall."""
    return 2 * right / (2 * right + extra + missed)


def boundaries() -> Iterator[tuple[str, str, set[int]]]:
    """Language, text and ends of the sentences but the last of each text of the gold."""
    for line in (GOLD / "sentences.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text, ends = row["sentences"][0], set()
        for sentence, join in zip(row["sentences"][1:], row["joins"], strict=True):
            ends.add(len(text))
            text += join + sentence
        yield row["language"], text, ends


def boundary_f1() -> dict[str, tuple[float, float]]:
    """Language → boundary F1 of split_sentences and of NLTK's Punkt without a trained model."""
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    counts: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for language, text, ends in boundaries():
        ours = {end for _, end in split_sentences(text, language=language)} - {len(text)}
        theirs = {end for _, end in PunktSentenceTokenizer().span_tokenize(text)} - {len(text)}
        for counted, found in zip(counts.setdefault(language, (Counter(), Counter())), (ours, theirs), strict=True):
            counted.update(right=len(found & ends), extra=len(found - ends), missed=len(ends - found))
    return {language: (f1(**one), f1(**other)) for language, (one, other) in counts.items()}


def found_mentions(study: Study, gazetteer: str) -> dict[Place, tuple[str, str]]:
    """What the features hold: (article, start, end) → entry and voice."""
    table = study.features(tables.MENTIONS)
    table = table[table["gazetteer"] == gazetteer]
    return {(row.article, row.start, row.end): (row.entry, row.voice) for row in table.itertuples()}


def mention_counts(study: Study) -> dict[str, int]:
    """Mentions of actors right (exact span and entry), extra and missed."""
    gold = {(row["article"], int(row["start"]), int(row["end"]), row["entry"]) for row in rows("mentions.csv")}
    ours = {(*place, entry) for place, (entry, _) in found_mentions(study, "actors").items()}
    return {"right": len(gold & ours), "extra": len(ours - gold), "missed": len(gold - ours)}


def voice_counts(study: Study, sample: str) -> tuple[int, int]:
    """Uses of labels in a sample of the gold whose voice is right, and all of them."""
    found = found_mentions(study, "labels")
    coded = [row for row in rows("voice.csv") if row["sample"] == sample]
    places = [((row["article"], int(row["start"]), int(row["end"])), row["voice"]) for row in coded]
    return sum(found.get(place, ("", ""))[1] == voice for place, voice in places), len(coded)


def polarity_pairs(study: Study) -> dict[str, tuple[list[int], list[int]]]:
    """Instrument → coded and measured classes of the study's coded mentions."""
    pairs = coded_mentions(study).dropna()
    coded = pairs["coded"].astype(int).to_list()
    return {
        "linear model around the target, this project": (coded, pairs["measured"].astype(int).to_list()),
        "VADER on the whole sentence, this project": (coded, pairs["sentence"].astype(int).to_list()),
        "neutral, always": (coded, [0] * len(coded)),
    }


def copy_counts(study: Study) -> dict[str, int]:
    """Coded pairs of items that are and are found in one cluster of copies (right), only found (extra), missed."""
    heads = study.features(tables.REPRINTS).set_index("article")["head"]
    counted: Counter[str] = Counter(right=0, extra=0, missed=0)
    for row in rows("copies.csv"):
        together = heads[row["article"]] == heads[row["other"]]
        if together or row["copy"] == "yes":
            counted["right" if together and row["copy"] == "yes" else "extra" if together else "missed"] += 1
    return dict(counted)


def agreement(name: str, variable: str) -> tuple[float, int]:
    """Krippendorff's alpha (nominal) of two codings kept in a file's columns coder_a and coder_b, and the units."""
    from nltk.metrics.agreement import AnnotationTask

    coded = rows(name)
    triples = [(coder, str(unit), row[coder]) for unit, row in enumerate(coded) for coder in ("coder_a", "coder_b")]
    assert variable in coded[0]
    return float(AnnotationTask(triples).alpha()), len(coded)


def coded_agreement(study: Study, variable: str) -> tuple[float, int, int]:
    """Krippendorff's alpha (nominal) of the two coders of a study, the units, and how many they coded differently."""
    from nltk.metrics.agreement import AnnotationTask

    codes = study.codings(variable).query("coder != 'settled'")
    units = [f"{row.article} {row.start} {row.end}" for row in codes.itertuples()]
    triples = list(zip(codes["coder"], units, codes["value"], strict=True))
    differing = codes.groupby(units)["value"].nunique() > 1
    return float(AnnotationTask(triples).alpha()), len(differing), int(differing.sum())
