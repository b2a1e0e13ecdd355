"""Faults of a study's files, alone and held against each other: each told once, with its line and what to do."""

import csv
from pathlib import Path

import pytest

from analysis.study import examine

pytestmark = pytest.mark.slow


def _told(folder):
    """Problems of a study as printed, without the folder."""
    _, problems = examine(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in problems]


def _add(path, *rows):
    path.write_text("\n".join([path.read_text(encoding="utf-8").rstrip("\n"), *rows, ""]), encoding="utf-8")


with (Path(__file__).parent / "studies" / "problems.csv").open(encoding="utf-8", newline="") as file:
    PROBLEMS = list(csv.reader(file))[1:]


@pytest.mark.parametrize(("name", "old", "new", "problems"), PROBLEMS)
def test_a_fault_gives_its_problems_and_no_other(study_folder, edit, name, old, new, problems):
    """Each with its file, line and value and what to do, however many rows use the faulty one; `old` "": a row more."""
    _add(study_folder / name, new) if old == "" else edit(name, old, new)
    assert problems.split("\n") == _told(study_folder)


def test_a_fault_in_outlets_makes_no_unknown_outlets(study_folder, edit):
    """A damaged row is left out of the table; its articles are not to be blamed for that."""
    edit("outlets.csv", "RSS,no,2022-12-06", "RSS,on,2022-12-06")
    expected = "outlets.csv:2: aggregator 'on' is none of yes, no. It holds: whether it republishes"
    (found,) = _told(study_folder)
    assert found.startswith(expected)


def test_a_term_of_two_labels_in_two_languages_or_with_its_case_is_no_fault(study_folder):
    _add(
        study_folder / "labels.csv",
        "crowd,those in the streets,rabble,pl,mob,any",
        "crowd,those in the streets,mafia,en,Mob,exact",
        "crowd,those in the streets,mob,en,Mob's,any",
    )
    assert [] == _told(study_folder)


def test_mentions_coded_by_hand_are_of_articles_and_actors_that_are_there(study_folder):
    (study_folder / "codebook.csv").write_text(
        "variable,values_per_article,question,value,definition\npolarity,single,how?,neutral,\n", encoding="utf-8"
    )
    lines = ["article,start,end,target,coder,variable,value"]
    lines += ["north-0,0,8,dina-bolurte,ann,polarity,neutral", "nort-1,0,8,pedro-castillo,ann,polarity,neutral"]
    (study_folder / "codings.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    assert [
        "codings.csv:2: target 'dina-bolurte' is not in actors.csv (did you mean 'dina-boluarte'?). Mend its id",
        "codings.csv:3: article 'nort-1' is not in articles.csv (did you mean 'north-1'?). Mend its id",
    ] == _told(study_folder)


def test_outlets_may_have_hosts(study_folder):
    path = study_folder / "outlets.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    hosts = ["north.example n.example", "", *[""] * len(rows)]
    path.write_text("\n".join([f"{head},domain", *(f"{row},{host}" for row, host in zip(rows, hosts, strict=False))]))
    study, problems = examine(study_folder)
    assert ("north.example n.example", []) == (study.outlets["domain"][0], problems)
    hosts[1] = "x.example n.example"
    path.write_text("\n".join([f"{head},domain", *(f"{row},{host}" for row, host in zip(rows, hosts, strict=False))]))
    first, second = (row.split(",")[0] for row in rows[:2])
    told = f"outlets.csv:3: outlet {second!r} has the host of {first!r}, 'n.example'"
    fix = f"If they are one, write {first!r} (line 2); else tell their hosts apart"
    assert [f"{told}. {fix}"] == _told(study_folder)


@pytest.mark.parametrize("domain", ["https://north.example", "North.example", "north.example,b.example"])
def test_a_domain_that_no_page_can_be_of_is_told(study_folder, domain):
    header, *rows = (path := study_folder / "outlets.csv").read_text(encoding="utf-8").splitlines()
    rows = [f'{row},"{domain if number == 0 else "a.example b.example/peru"}"' for number, row in enumerate(rows[:2])]
    (study_folder / "articles.csv").unlink()
    path.write_text("\n".join([f"{header},domain", *rows, ""]), encoding="utf-8")
    assert f"outlets.csv:2: domain {domain!r} is no host. Write it as in news.example" in "\n".join(_told(study_folder))
    assert 1 == sum("is no host" in told for told in _told(study_folder))


def test_one_coder_in_two_ways_of_writing_is_no_two_coders_who_agree(study_folder):
    (study_folder / "codebook.csv").write_text(
        "variable,values_per_article,question,value,definition\npolarity,single,how?,neutral,\n", encoding="utf-8"
    )
    (study_folder / "codings").mkdir()
    for name in ("Ann.csv", "ann.csv"):
        (study_folder / "codings" / name).write_text("article,polarity\nnorth-0,neutral\n", encoding="utf-8")
    (told,) = _told(study_folder)
    assert told.startswith("codings: the coder 'ann' is also written 'Ann'. Write it as one")
