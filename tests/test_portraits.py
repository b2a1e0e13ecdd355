"""What is said of a corpus before anything is compared."""

from analysis.report.portraits import corpus_findings, corpus_sentence


def test_the_corpus_is_described_with_its_gaps(small_study):
    texts = [finding.text for finding in corpus_findings(small_study)]
    assert "The corpus holds 28 articles of 6 outlets from 5 December 2022 to 20 December 2022" in texts[0]
    assert "3 outlets have the 6 articles that a test asks for" in texts[0]
    # 6 on the 13th, 5 on the 8th, 4 on three other days: 14 of 28 are reached on the third.
    assert "Half of the articles fall on 3 of the 16 days of the window." == texts[1]
    assert texts[2].startswith("6 items carry a headline and nothing else, 1 has a photo caption for a body")
    assert "cannot tell" == corpus_findings(small_study)[-1].verdict


def test_an_outlet_is_introduced_with_what_was_seen_of_it(small_study):
    text = corpus_sentence(small_study, "south").text
    assert (
        "The South: 8 articles from 7 December 2022 to 16 December 2022, observed on 13 of the 16 days of the window."
        == text
    )
    assert "It republishes others' articles" in corpus_sentence(small_study, "portal").text
