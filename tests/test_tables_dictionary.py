"""The data dictionary: every column with its kind, unit and meaning. data/README.md holds it (test_data_readme)."""

from data_dictionary import dictionary

from analysis.tables import Column, Schema


def test_a_schema_is_a_heading_what_a_row_is_and_a_line_for_each_column():
    columns = (
        Column("outlet", "text", "", "id of the outlet"),
        Column("genre", "text", "", "kind of item", ("news", "opinion"), optional=True),
        Column("items", "integer", "items", "how many", extra=True),
    )
    assert (
        "### PAPERS\n"
        "\n"
        "One row per outlet and day.\n"
        "\n"
        "| column | kind | unit | meaning |\n"
        "|---|---|---|---|\n"
        "| `outlet` | text |  | id of the outlet |\n"
        "| `genre` | text |  | kind of item (news, opinion); may be empty |\n"
        "| `items` | integer | items | how many; a study need not have the column |\n"
    ) == Schema("PAPERS", "outlet and day", columns).described()


def test_no_meaning_breaks_the_table_it_stands_in():
    for line in dictionary().splitlines():
        if line.startswith("|"):
            assert 5 == line.count("|"), line
