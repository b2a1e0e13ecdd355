"""Words of another source: looked up, shown with rank and count, and nothing where a study has none."""

import pandas as pd

from analysis.stats import supplement
from analysis.study import load_study

PRESS = """newspaper,year,week,tweets,rank,word,count
comercio,2022,49,200,1,castillo,52
comercio,2022,49,200,3,golpe,9
republica,2022,49,100,2,golpe,4
republica,2023,2,50,1,lima,5
"""


def test_press_words_say_where_a_word_is_absent(study_folder):
    assert supplement.press_words(load_study(study_folder), ["golpe"]).empty
    assert supplement.press_size(load_study(study_folder)).empty
    assert "This study has no such supplement." == supplement.about_supplement(load_study(study_folder))
    (study_folder / "press.csv").write_text(PRESS, encoding="utf-8")
    with (study_folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write('[supplement]\nfile = "press.csv"\nabout = "Tweets of two papers."\nterms = ["golpe", "lima"]\n')
    study = load_study(study_folder)
    assert "Tweets of two papers." == supplement.about_supplement(study)
    table = supplement.press_words(study).set_index(["week", "word"])
    pd.testing.assert_frame_equal(table, supplement.press_words(study, ["golpe", "lima"]).set_index(["week", "word"]))
    assert "4.5 (rank 3)" == table.loc[("2022-W49", "golpe"), "comercio"]
    assert "10.0 (rank 1)" == table.loc[("2023-W02", "lima"), "republica"]
    assert table.loc[("2022-W49", "lima"), "comercio"].startswith("below")
    assert [200, 100, 50] == list(supplement.press_size(study)["tweets"])
