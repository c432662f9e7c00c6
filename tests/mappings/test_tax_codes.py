"""Which tax code a row gets: keys of the table, and the most specific row."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tax_tables import codes_of, tax_table

from mappings.bundle import Bundle, load_bundle
from mappings.rules import Context, build
from mappings.tax_codes import key_text, tax_code_problems, tax_place

FILES = load_bundle().files


@pytest.mark.parametrize(
    ("country", "state", "place"),
    [
        ("US", "New York", "US-NY"),
        ("us", " ny ", "US-NY"),
        ("CA", "Québec", "CA-QC"),
        ("CA", "Quebec", "CA-QC"),
        ("FR", "", "FR"),
        ("GB", "Avalon: 7", "GB-avalon  7"),
        ("XK", "", "XK"),
        ("", "New York", ""),
    ],
)
def test_a_place_is_a_country_and_its_region(country: str, state: str, place: str) -> None:
    assert tax_place(country, state) == place


@pytest.mark.parametrize(
    ("place", "tax_class", "rate", "code"),
    [
        ("GB-WYK", "Standard rate", "20", "TGB:20"),
        ("GB", "Zero  RATE", "0.0000", "TGB:Zero rate:0"),
        ("GB", "", "0", "TGB:0"),
        ("FR", "Standard rate", "20", "T20"),
        ("US-NY", "", "8.875", "TUS-New York:8.875"),
        ("US-NJ", "", "8.875", "TUS:*"),
        ("US-NY", "", "4.5", "TUS:*"),
        ("DE", "Zero rate", "7", "T*:Zero rate:*"),
        ("DE", "", "7", ""),
    ],
)
def test_the_most_specific_row_wins_by_place_then_class_then_rate(
    place: str, tax_class: str, rate: str, code: str
) -> None:
    codes = codes_of(
        *("20", "GB:20", "GB:0", "GB:Zero rate:0", "US:*", "US-New York:8.875", "*:Zero rate:*")
    )

    assert codes.code(place, tax_class, Decimal(rate)) == code


def test_what_is_wrong_with_a_key_is_said_and_how_a_class_is_written() -> None:
    table = tax_table(
        *("20", "*:20.0", "UK:20", "Zero rate:0", "GB:x", "GB:a:b:0", "US-NY:9", "US-New York:9")
    )

    assert [f"{p.line} {p.message}" for p in tax_code_problems(table)] == [
        "3 '*:20.0' is already in line 2",
        "4 'UK' is no country code of ISO 3166-1; of a tax class write `*:UK:20`",
        "5 'Zero rate' is no country code of ISO 3166-1; of a tax class write `*:Zero rate:0`",
        "6 'x' is not a number",
        "9 'US-New York:9' is already in line 8",
    ]


@pytest.mark.parametrize(
    ("place", "rate", "key"),
    [("FR", "20.0000", "FR:20"), ("US-NY", "8.875", "US-NY:8.875"), ("GB-WYK", "17.5", "GB:17.5"),
     ("US-my own state", "9", "US:9"), ("", "17.5", "17.5")],
)  # fmt: skip
def test_a_missing_row_is_asked_for_by_country_and_where_these_tax_by_region(
    place: str, rate: str, key: str
) -> None:
    assert key_text(place, Decimal(rate)) == key
    assert codes_of(key).code(place, "Any class", Decimal(rate)) == f"T{key}"


def test_mappings_published_by_earlier_releases_still_load_and_allow_rates_alone() -> None:
    earlier = {
        **FILES,
        "order_rows.yaml": FILES["order_rows.yaml"].replace(
            "from: [tax_place, tax_class, rate_percent]\n    steps: [{most_specific: tax_codes}]",
            "from: rate_percent\n    steps: [{lookup: tax_codes}]",
        ),
        "tables/tax_codes.csv": "value,becomes,note\n20,T20,\n5,T5,\n0,T0,\n",
    }
    assert Bundle.from_files(earlier).problems == ()

    keyed = {**earlier, "tables/tax_codes.csv": FILES["tables/tax_codes.csv"]}

    problem = Bundle.from_files(keyed, check=False).problems[0]
    assert str(problem).startswith("tables/tax_codes.csv:2: value: 'GB:20' is not a number")


def test_of_two_keys_that_differ_in_one_part_each_keeps_its_own_code() -> None:
    codes = codes_of("US-NY:8.875", "US-NY:8.88", "US-NY:8.87", "US-CT:8.875")

    found = [codes.code("US-NY", "", Decimal(rate)) for rate in ("8.875", "8.88", "8.87", "8.9")]
    assert found == ["TUS-NY:8.875", "TUS-NY:8.88", "TUS-NY:8.87", ""]
    assert codes.code("US-CT", "", Decimal("8.875")) == "TUS-CT:8.875"


def test_a_rate_alone_is_looked_up_among_the_rows_of_any_place() -> None:
    """As rows of a refund that undo no row of the sales order are."""
    context = Context(zone="Europe/London", tables={"tax_codes": tax_table("GB:0", "*:*:0", "5")})

    found = [build("lookup", "tax_codes").of(Decimal(rate), context) for rate in (0, 5, 20)]

    assert found == ["T*:*:0", "T5", ""]
