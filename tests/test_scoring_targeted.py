"""Features of targets against plain Python, word by word."""

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from analysis.scoring.lexicon import read_word
from analysis.scoring.targeted import BUCKETS, CHARACTERS, WINDOW, features

NEGATES, STOPS, SAYS, OPENS, CLOSES = 1, 2, 4, 8, 16
PRONOUNS = [
    "he she", "him her himself herself", "they them", "his their its", "we us our", "i me my", "you your", "it who",
]
PIECES = (
    "the Castillo Rivas said never not corrupt hero praised lied won attacked accused of fraud's great bad; isn’t "
    "pro-Castillo Castillo's Ada…Rivas “ ” \" , . ! : – she they her 'no' 2021 3.5 x " + "w" * 50
).split(" ")


def _words(text):
    return re.findall(r"\w+(?:['’.\-]\w+)*|\n|\S", text)


def _bucket(*parts):
    mixed = parts[0]
    for part in parts[1:]:
        mixed = (mixed * 0x9E3779B1 + part * 0x85EBCA77) % 2**32
        mixed ^= mixed >> 15
    return mixed % BUCKETS


def _expected(sentence, start, end):
    """Oracle: how often a target has each feature, from a dictionary of the words by their distance."""
    before = _words(sentence[max(0, start - CHARACTERS) : start])[-WINDOW:]
    after = _words(sentence[end : end + CHARACTERS])[:WINDOW]
    words = {step: read_word(word) for step, word in enumerate(before, -len(before))}
    words |= {step: read_word(word) for step, word in enumerate(after, 1)}
    flags, total, found = {step: word[5] for step, word in words.items()}, 0, Counter()
    for step, (stem, *groups, sentiment, _) in words.items():
        reach = next((back for back in range(4) if flags.get(step - back, 0) & STOPS), 4)
        negated = any(flags.get(step - back, 0) & NEGATES for back in range(1, reach + 1))
        total += sentiment * (-6 if negated else 10)
        side, distance = step > 0, sum(abs(step) >= border for border in (2, 3, 5, 9, 17))
        found.update([_bucket(1, stem, side), _bucket(2, stem, negated)])
        if step + 1 in words:
            found[_bucket(3, stem, words[step + 1][0], side)] += 1
        if abs(step) <= 4:
            found[_bucket(4, stem, step + 4)] += 1
        for group in filter(None, groups):
            found.update([_bucket(5, group, negated), _bucket(6, group, side, distance)])
    sentiment = 3 + max(-3, min(3, (2 * total + 200) // 400))
    marks = [flags[step] & (OPENS | CLOSES) for step in sorted(flags) if step < 0]
    single = [mark for mark in marks if mark in (OPENS, CLOSES)]
    inside = marks.count(OPENS | CLOSES) % 2 or single[-1:] == [OPENS]
    near = any(flags.get(step, 0) & SAYS for step in (-1, 1, 2))
    speech = 2 * (2 if inside else any(flag & (OPENS | CLOSES) for flag in flags.values())) + near
    kind = _kind(sentence[start:end])
    of_target = [(7, sentiment), (8, kind, sentiment), (9, speech, sentiment), (10, kind), (11, speech)]
    found.update(_bucket(*parts) for parts in of_target)
    return found


def _kind(target):
    for number, words in enumerate(PRONOUNS, 1):
        if target.lower() in words.split():
            return number
    return 9 if not target[0].isupper() else 10 if " " in target else 11


@st.composite
def _targets(draw):
    """Sentences, some longer than the window, with a target each: a word of theirs, two, or a part of one."""
    count = draw(st.sampled_from([6, 60, 150]))
    words = draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=count))
    sentence, at = " ".join(words * draw(st.sampled_from([1, 9]))), draw(st.integers(0, 10**6))
    starts = [match.start() for match in re.finditer(r"\S+", sentence)]
    start = starts[at % len(starts)] + draw(st.integers(0, 2)) % len(sentence[starts[at % len(starts)] :].split()[0])
    ends = [match.end() for match in re.finditer(r"\S+", sentence) if match.end() > start][:2]
    return sentence, (start, draw(st.sampled_from([*ends, start + 1])))


@given(st.lists(_targets(), min_size=1, max_size=4))
def test_features_are_those_of_a_walk_over_the_words(targets):
    sentences, spans = zip(*targets, strict=True)
    rows, buckets = features(sentences, spans)
    for row, (sentence, span) in enumerate(targets):
        assert _expected(sentence, *span) == Counter(buckets[rows == row].tolist())
