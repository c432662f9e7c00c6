"""Look-up tables as spreadsheets write them, and as people break them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.tables import comparable, read_table


def problems(text, name="channels"):
    return [str(problem) for problem in read_table(name, text)[1]]


def test_rows_keep_their_order_their_line_and_their_note():
    table, found = read_table("channels", 'value,becomes,note\n1,2,"UK, web"\n2, 3 ,\n')
    assert not found
    assert table.values == ("1", "2")
    assert [(row.line, row.value, row.becomes, row.note) for row in table.rows] == [
        (2, "1", "2", "UK, web"),
        (3, "2", "3", ""),
    ]
    assert table.file == "tables/channels.csv"


def test_the_note_may_be_left_out_and_becomes_may_be_blank():
    table, found = read_table("nominal_codes", "value,becomes,note\nproduct,\n")
    assert not found
    assert table.get("product") == ""
    assert table.get("fee") is None


def test_a_table_of_nothing_but_its_header_is_fine():
    table, found = read_table("skus", "value,becomes,note\n")
    assert (table.values, found) == ((), [])


def test_numbers_are_found_however_they_are_written():
    table, _ = read_table("tax_codes", "value,becomes,note\n20.0,T20,\n")
    assert table.get(Decimal(20)) == "T20"
    assert table.get("20") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["tables/channels.csv:1: the first line must be `value,becomes,note`"]),
        ("1,2,x\n", ["tables/channels.csv:1: the first line must be `value,becomes,note`"]),
        (
            "value;becomes;note\n1;2;\n",
            [
                (
                    "tables/channels.csv:1: the first line must be `value,becomes,note`; "
                    "separate the columns by commas"
                )
            ],
        ),
        (
            "value,becomes,note\n1,2,\n\n2,3,\n",
            ["tables/channels.csv:3: the line is blank; remove it"],
        ),
        ("value,becomes,note\n,2,\n", ["tables/channels.csv:2: value: is blank"]),
        (
            "value,becomes,note\nRed,2,\nBlue,3,\n red ,4,\n",
            ["tables/channels.csv:4: value: 'red' is already in line 2"],
        ),
        (
            "value,becomes,note\n1,2,a,b\n1\n",
            [
                "tables/channels.csv:2: 4 columns instead of 3; quote a cell that holds a comma",
                "tables/channels.csv:3: 1 columns instead of 3; quote a cell that holds a comma",
            ],
        ),
    ],
)
def test_a_wrong_line_is_named_by_file_line_and_field(text, said):
    assert problems(text) == said


def test_a_quote_that_never_ends_is_said_not_to_be_csv():
    (said,) = problems('value,becomes,note\n1,"2,\n')
    assert "this is not CSV" in said


def test_lines_are_counted_rightly_behind_a_cell_of_several_lines():
    assert problems('value,becomes,note\n1,2,"two\nlines"\n1,3,\n') == [
        "tables/channels.csv:4: value: '1' is already in line 2"
    ]


def test_a_table_of_numbers_names_what_is_none_and_what_is_the_same_number():
    table, _ = read_table("tax_codes", "value,becomes,note\n20,T20,\nfull,T20,\n20.00,T5,\n")
    assert [str(problem) for problem in table.numeric_problems()] == [
        "tables/tax_codes.csv:3: value: 'full' is not a number",
        "tables/tax_codes.csv:4: value: '20.00' is already in line 2",
    ]


@given(st.text(max_size=40))
def test_comparing_is_blind_to_case_and_outer_space(text):
    assert comparable(f"  {comparable(text)} ") == comparable(text)


@given(st.text(max_size=300))
def test_any_text_is_a_table_or_a_list_of_problems(text):
    table, found = read_table("channels", "value,becomes,note\n" + text)
    assert all(row.value for row in table.rows)
    assert all(problem.line >= 1 for problem in found)


STATUSES = "value,becomes,imports,note\n11,2,2,\n12,20,,\n14,,18,\n1,3\n"


def test_a_status_has_one_column_for_the_import_and_one_for_what_follows():
    table, found = read_table("order_status", STATUSES)
    assert not found
    assert [table.get(value) for value in ("11", "12", "14", "1")] == ["2", "20", "", "3"]
    assert [row.more["imports"] for row in table.rows] == ["2", "", "18", "3"]
    assert [table.get(value, "imports") for value in ("14", "12", "9")] == ["18", "20", None]


def test_a_table_of_an_older_version_has_no_such_column():
    table, found = read_table("order_status", "value,becomes,note\n11,2,New\n")
    assert not found
    assert (table.get("11", "imports"), table.rows[0].more) == ("2", {})


def test_a_column_that_the_table_does_not_have_is_refused():
    assert problems("value,becomes,imports,note\n1,2,3,\n") == [
        "tables/channels.csv:1: the first line must be `value,becomes,note`"
    ]
