"""A study's files held against each other: each thing that one uses and another does not know, told once."""

import pytest

from analysis.study import examine


def _told(folder):
    """Problems of a study as printed, without the folder."""
    _, problems = examine(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in problems]


def _add(path, *rows):
    path.write_text("\n".join([path.read_text(encoding="utf-8").rstrip("\n"), *rows, ""]), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("articles.csv", "north-1,north", "north-1,nort", ["articles.csv:3: outlet 'nort' is unknown (did you "
         "mean 'north'?). Add it to outlets.csv or mend its id"]),
        ("observed.csv", "north,2022-12-06", "xyz,2022-12-06", ["observed.csv:2: outlet 'xyz' is unknown. Add "
         "it to outlets.csv or mend its id"]),
        ("articles.csv", "north-1,north,en", "north-1,north,xx", ["articles.csv:3: language 'xx' is unknown. "
         "Known: en, pl"]),
        ("actors.csv", "institution,Congress of Peru,en", "institution,Congress of Peru,xx", ["actors.csv:5: "
         "language 'xx' is unknown. Known: *, en, pl, es, pt, de, fr, it"]),
        ("articles.csv", "news,removal-and-arrest", "news,removal-and-arest", ["articles.csv:2: subevent "
         "'removal-and-arest' is not in study.toml (did you mean 'removal-and-arrest'?). Mend it, or add it to "
         "subevents"]),
        ("study.toml", '"dina-boluarte"]', '"dina-bolurte"]', ["study.toml:14: main_actors names the unknown "
         "actor 'dina-bolurte' (did you mean 'dina-boluarte'?). Use an id of actors.csv"]),
        ("study.toml", "seed = 7", 'seed = 7\nsupplement = { file = "x.csv", about = "x", terms = [] }', [
         "study.toml:13: supplement names the file 'x.csv', which does not exist. Mend its name, or leave the "
         "supplement out"]),
        ("study.toml", "end = 2022-12-20 }", "end = 2022-12-10 }", ["study.toml:23: period 'protests' lies "
         "outside the window, 2022-12-05 to 2022-12-10. Mend its days, or those of the window"]),
        ("study.toml", '["single"]', '["telesur"]', ["study.toml:11: excluded_from_references names the "
         "unknown outlet 'telesur'. Use an id of outlets.csv"]),
        ("study.toml", "day = 2022-12-07", "day = 2022-12-21", ["study.toml:28: happening 'Castillo removed' "
         "on 2022-12-21 lies outside the window, 2022-12-05 to 2022-12-20. Mend its day, or those of the window"]),
        ("outlets.csv", "Portal,US,en", "Portal,US,english", ["outlets.csv:5: language 'english' is unknown "
         "(did you mean 'en'?). Known: en, pl"]),
        ("outlets.csv", "portal,Portal", "portl,Portal", ["articles.csv:21: outlet 'portal' is unknown (did "
         "you mean 'portl'?) (and in 5 more rows). Add it to outlets.csv or mend its id", "observed.csv:42: "
         "outlet 'portal' is unknown (did you mean 'portl'?) (and in 14 more rows). Add it to outlets.csv or "
         "mend its id"]),
        ("study.toml", 'subevents = ["removal-and-arrest", "protests"]\n', "", ["articles.csv:2: subevent "
         "'removal-and-arrest' is not in study.toml (and in 12 more rows). Mend it, or add it to subevents",
         "articles.csv:6: subevent 'protests' is not in study.toml (and in 14 more rows). Mend it, or add it "
         "to subevents"]),
    ],
)  # fmt: skip
def test_what_is_used_and_not_known_is_told_once_with_its_first_line(study_folder, edit, name, old, new, expected):
    edit(name, old, new)
    assert expected == _told(study_folder)


def test_a_fault_in_outlets_makes_no_unknown_outlets(study_folder, edit):
    """A damaged row is left out of the table; its articles are not to be blamed for that."""
    edit("outlets.csv", "RSS,no,2022-12-06", "RSS,on,2022-12-06")
    expected = "outlets.csv:2: aggregator 'on' is none of yes, no. It holds: whether it republishes"
    (found,) = _told(study_folder)
    assert found.startswith(expected)


@pytest.mark.parametrize(
    ("name", "added", "expected"),
    [
        ("actors.csv", "dots,person,Dots,*,...,any,,", "actors.csv:6: alias '...' holds no letter and no "
         "digit. Write a word, or delete the row"),
        ("actors.csv", "unseen,person,Unseen,*,\u200b,any,,", "actors.csv:6: alias '\\u200b' holds no letter "
         "and no digit. Write a word, or delete the row"),
        ("actors.csv", "pedro-castillo,person,Pedro,*,Pedro C.,exact,,", "actors.csv:6: actor 'pedro-castillo' "
         "has the name 'Pedro'. Line 2 says 'Pedro Castillo': make them the same"),
        ("labels.csv", "act,another,putsch,en,putsch,any", "labels.csv:6: set 'act' has the referent "
         "'another'. Line 2 says 'what Castillo did': make them the same"),
        ("labels.csv", "crowd,those in the streets,rabble,en,MOB,any", "labels.csv:6: term 'MOB' of "
         "crowd:rabble is also one of crowd:mob. Keep one of them (the other is line 4)"),
        ("labels.csv", "a:b,it,putsch,en,putsch,any", "labels.csv:6: set 'a:b' holds a colon. Leave it out: it "
         "parts set and label"),
        ("outlets.csv", "late,Late,US,en,private,online,,no,2022-12-20,2022-12-06", "outlets.csv:8: "
         "observed_to 2022-12-06 lies before observed_from 2022-12-20. Exchange them: no day would count as "
         "observed"),
        ("outlets.csv", "north-2,The North,GB,en,private,newspaper,RSS,no,,", "outlets.csv:8: outlet 'north-2' "
         "has the name of 'north', 'The North'. If they are one, write 'north' (line 2); else tell their names "
         "apart"),
        ("actors.csv", "castillo,person,Pedro Castillo,*,Castillo Terrones,exact,,", "actors.csv:6: actor "
         "'castillo' has the name of 'pedro-castillo', 'Pedro Castillo'. If they are one, write "
         "'pedro-castillo' (line 2); else tell their names apart"),
        ("actors.csv", "dina-boluarte,party,Dina Boluarte,*,Boluarte,exact,,", "actors.csv:6: actor "
         "'dina-boluarte' has the kind 'party'. Line 4 says 'person': make them the same"),
        ("labels.csv", "mass,those in the streets,throng,en,throng,any", "labels.csv:6: set 'mass' has the "
         "referent of 'crowd', 'those in the streets'. If they are one, write 'crowd' (line 4); else tell "
         "their referents apart"),
        ("labels.csv", "crowd,those in the streets,mob,en,?!,any", "labels.csv:6: term '?!' holds no letter "
         "and no digit. Write a word, or delete the row"),
    ],
)  # fmt: skip
def test_rows_that_would_lose_something_unseen_are_refused(name, added, expected, study_folder):
    _add(study_folder / name, added)
    assert [expected] == _told(study_folder)


def test_a_term_of_two_labels_in_two_languages_or_with_its_case_is_no_fault(study_folder):
    _add(
        study_folder / "labels.csv",
        "crowd,those in the streets,rabble,pl,mob,any",
        "crowd,those in the streets,mafia,en,Mob,exact",
        "crowd,those in the streets,mob,en,Mob's,any",
    )
    assert [] == _told(study_folder)


def test_a_study_without_outlets_or_actors_is_told_so(study_folder):
    for name in ("outlets.csv", "actors.csv"):
        path = study_folder / name
        path.write_text(path.read_text(encoding="utf-8").partition("\n")[0] + "\n", encoding="utf-8")
    told = [text.partition(" '")[0].partition(". ")[0] for text in _told(study_folder)]
    assert ["outlets.csv: holds no outlet", *["study.toml:14: main_actors names the unknown actor"] * 2] == told


def test_mentions_coded_by_hand_are_of_articles_and_actors_that_are_there(study_folder):
    (study_folder / "codebook.csv").write_text(
        "variable,values_per_article,question,value,definition\npolarity,single,how?,neutral,\n", encoding="utf-8"
    )
    lines = ["article,start,end,target,coder,variable,value"]
    lines += ["north-0,0,8,dina-bolurte,ann,polarity,neutral", "nort-1,0,8,pedro-castillo,ann,polarity,neutral"]
    (study_folder / "codings.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    (study_folder / "polarity.csv").write_text("article,start,end,entry,polarity\n", encoding="utf-8")
    assert [
        "codings.csv:2: target 'dina-bolurte' is not in actors.csv (did you mean 'dina-boluarte'?). Mend its id",
        "codings.csv:3: article 'nort-1' is not in articles.csv (did you mean 'north-1'?). Mend its id",
        "polarity.csv: is no longer read. Write its codes into a sheet of codings/, as the variable polarity of "
        "codebook.csv (data/README.md)",
    ] == _told(study_folder)


def test_outlets_may_have_hosts(study_folder):
    path = study_folder / "outlets.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    hosts = ["north.example n.example", "", *[""] * len(rows)]
    path.write_text("\n".join([f"{head},domain", *(f"{row},{host}" for row, host in zip(rows, hosts, strict=False))]))
    study, problems = examine(study_folder)
    assert ("north.example n.example", []) == (study.outlets["domain"][0], problems)
    hosts[:2] = ["https://north.example x.example", "x.example"]
    path.write_text("\n".join([f"{head},domain", *(f"{row},{host}" for row, host in zip(rows, hosts, strict=False))]))
    expected = [
        "outlets.csv:2: domain 'https://north.example' is no host. Write it as in news.example",
        f"outlets.csv:3: domain 'x.example' is also that of {rows[0].split(',')[0]!r}. Keep one of them",
    ]
    assert expected == _told(study_folder)
