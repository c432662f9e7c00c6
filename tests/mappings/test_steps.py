"""What each step makes of a value, and what it says where it knows nothing."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mappings.rules import REGISTRY, Context, build
from mappings.steps import Join, Lookup
from mappings.tables import Table, TableRow, plain

STATUS = Table("order_status", (TableRow(2, "11", "2"), TableRow(3, "Straße  A", "9")))
TAXES = Table("tax_codes", (TableRow(2, "20", "T20"), TableRow(3, "0", "T0")))
CONTEXT = Context(
    zone="Europe/London",
    tables={"order_status": STATUS, "tax_codes": TAXES},
    known={"products": {"abc-1": "1007"}},
)


def of(name, value, parameters=None, context=CONTEXT):
    return build(name, parameters).of(value, context)


def test_every_step_says_in_a_docstring_what_it_does_and_has_the_name_it_is_registered_by():
    for name, step in REGISTRY.items():
        assert step.name == name
        assert step.__doc__
    assert REGISTRY["lookup"] is Lookup
    assert REGISTRY["join"] is Join


def test_a_look_up_gives_the_right_side_of_the_table():
    assert of("lookup", "11", "order_status") == "2"


def test_a_look_up_compares_texts_trimmed_and_whatever_their_case():
    assert of("lookup", "  STRASSE a ", "order_status") == "9"


def test_a_look_up_compares_amounts_as_numbers():
    assert of("lookup", Decimal("20.0000"), "tax_codes") == "T20"
    assert of("lookup", Decimal(0), "tax_codes") == "T0"
    assert of("lookup", Decimal("17.5"), "tax_codes") == ""


def test_a_value_without_a_row_is_missing_or_stays_as_it_is():
    assert of("lookup", "99", "order_status") == ""
    assert of("lookup", "99", {"table": "order_status", "otherwise": "keep"}) == "99"


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("Sent back (RMA 7 received)", ""),
        ("Sent back (rma  received)", "restock"),
        ("RMA received; broken", ""),
        ("broken, not resellable", "quarantine"),
        ("not broken", ""),
    ],
)
def test_a_clause_of_a_text_is_found_whole_and_contradicting_ones_say_nothing(text, becomes):
    rows = (TableRow(2, "RMA received", "restock"), TableRow(3, "broken", "quarantine"))
    context = Context(zone="", tables={"conditions": Table("conditions", rows)})
    assert of("find", text, "conditions", context) == becomes
    kept = of("find", text, {"table": "conditions", "otherwise": "keep"}, context)
    assert kept in {becomes, text}


def test_a_look_up_names_the_row_that_is_to_be_added_quoted_where_csv_needs_it():
    step = build("lookup", "order_status")
    assert step.reason("99") == "'99' has no row in mappings/tables/order_status.csv"
    assert (
        step.remedy('Express, "fast"', "Brightpearl status id")
        == 'Add `"Express, ""fast""",<Brightpearl status id>` to mappings/tables/order_status.csv'
    )


def test_known_products_are_found_by_their_sku_as_compared():
    assert of("known", " ABC-1 ", "products") == "1007"
    assert of("known", "abc-2", "products") == ""
    assert build("known", "products").reason("x") == "'x' is not among Brightpearl's products"


def test_the_local_day_is_the_one_of_the_stores_zone_on_both_sides_of_the_clock_change():
    winter = datetime(2026, 3, 28, 23, 59, 59, tzinfo=UTC)
    summer = datetime(2026, 3, 29, 23, 0, 0, tzinfo=UTC)
    assert of("local_date", winter, "store") == "2026-03-28"
    assert of("local_date", summer, "store") == "2026-03-30"
    assert of("local_date", summer, {"zone": "America/New_York"}) == "2026-03-29"
    assert of("local_date", summer) == "2026-03-30"


@pytest.mark.parametrize(
    ("name", "parameters", "value", "made"),
    [
        ("constant", "RECEIPT", "whatever", "RECEIPT"),
        ("coalesce", "n/a", "", "n/a"),
        ("coalesce", "n/a", "x", "x"),
        ("trim", None, "  a b ", "a b"),
        ("one_line", None, " 1 High St\r\n\tFlat\x00 2 ", "1 High St Flat 2"),
        ("one_line", None, "👩‍👩‍👧 משפחה", "👩‍👩‍👧 משפחה"),
        ("clip", 5, "abcd efgh", "abcd"),
        ("clip", {"length": 5}, "abc", "abc"),
        ("upper", None, "gbp", "GBP"),
        ("lower", None, "GBP", "gbp"),
        ("country_alpha3", None, "gb", "GBR"),
        ("country_alpha3", None, "XKX", "XKX"),
        ("country_alpha3", None, "ZZ", ""),
        ("country_alpha3", None, "England", ""),
        ("number", None, " 12.50 ", Decimal("12.50")),
        ("number", None, "twelve", None),
        ("number", None, "NaN", None),
        ("money", None, Decimal("1.005"), Decimal("1.01")),
        ("money", None, Decimal("-1.005"), Decimal("-1.01")),
        ("money", 4, Decimal("1.23456"), Decimal("1.2346")),
        ("money", None, Decimal("1e40"), None),
        ("external_ref", None, "250", "BC-250"),
    ],
)
def test_a_step_makes_of_a_value(name, parameters, value, made):
    assert of(name, value, parameters) == made


def test_a_flag_becomes_one_text_or_the_other():
    parameters = {"when_true": "INC", "when_false": "EXC"}
    assert of("flag", True, parameters) == "INC"
    assert of("flag", False, parameters) == "EXC"


def test_joined_columns_leave_out_what_is_missing():
    assert of("join", {"a": "Ann", "b": None, "c": "Lee"}) == "Ann Lee"
    assert of("join", {"a": "x", "b": "y"}, {"between": ", "}) == "x, y"
    assert of("join", {"a": None, "b": None}) == ""


def test_the_first_filled_column_wins():
    assert of("first_filled", {"a": None, "b": "2", "c": "3"}) == "2"
    assert of("first_filled", {"a": None}) is None


def test_a_template_holds_columns_and_is_missing_where_one_of_them_is():
    assert of("template", {"a": "1", "b": Decimal("2.50")}, "BC-{a}-{b}") == "BC-1-2.5"
    assert of("template", {"a": "1", "b": None}, "BC-{a}-{b}") == ""
    assert of("template", {"order_id": "7"}, "BC-{value}") == "BC-7"
    assert of("template", {"a": "1"}, "{{{a}}}") == "{1}"


@pytest.mark.parametrize(
    "text", ["{a.__class__}", "{a[0]}", "{a!r}", "{a:>9}", "{0}", "{}", "{a", "}"]
)
def test_a_template_is_no_way_to_run_code_or_to_reach_into_values(text):
    with pytest.raises(ValidationError):
        build("template", text)


def test_a_rate_against_another_currency_than_the_accounts_is_left_to_the_account():
    parameters = {"rate": "rate", "against": "currency"}
    values = {"rate": Decimal("1.2"), "currency": "USD"}
    assert of("account_rate", values, parameters) == Decimal("1.2")
    in_gbp = Context(zone="UTC", tables={}, account_currency="GBP")
    assert of("account_rate", values, parameters, in_gbp) is None
    assert of("account_rate", {**values, "currency": "GBP"}, parameters, in_gbp) == Decimal("1.2")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("clip", 0),
        ("clip", "5"),
        ("clip", None),
        ("lookup", {"table": "x", "otherwise": "guess"}),
        ("lookup", {"table": "x", "default": "1"}),
        ("known", "people"),
        ("constant", ""),
        ("constant", False),
        ("local_date", "Europe/Atlantis"),
        ("local_date", "../etc/passwd"),
        ("flag", "INC"),
        ("money", 9),
        ("trim", "x"),
    ],
)
def test_a_step_with_wrong_parameters_cannot_be_built(name, parameters):
    with pytest.raises(ValidationError):
        build(name, parameters)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_an_amount_as_text_reads_back_as_the_same_amount(amount):
    text = plain(amount)
    assert Decimal(text) == amount
    assert "E" not in text.upper()


@given(st.text(max_size=80), st.integers(min_value=1, max_value=40))
def test_clipping_never_lengthens_and_keeps_the_beginning(text, length):
    clipped = of("clip", text, length)
    assert len(clipped) <= length
    assert text.startswith(clipped)


@given(st.text(max_size=80))
def test_one_line_is_one_line_and_stays_so(text):
    line = of("one_line", text)
    assert len(line.splitlines()) <= 1
    assert not any(ord(character) < ord(" ") for character in line)
    assert of("one_line", line) == line


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_rounded_money_is_at_most_half_a_cent_off(amount):
    assert abs(of("money", amount) - amount) <= Decimal("0.005")
