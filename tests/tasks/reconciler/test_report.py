"""A run's report as people read it: each record once, by what has to be done, nothing as markup."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.pages import account_order, store_order
from core.refusals import Refusal, release_remedy
from core.settings import BigCommerceSettings, BrightpearlSettings
from tasks.reconciler.report import Report, text

ADD = "Add `UPS | Ground,<Brightpearl id>` to mappings/tables/shipping_methods.csv"


def report(**figures: int) -> Report:
    found = Report(flow="sync-orders", pair="default", started_at=datetime(2026, 3, 1, tzinfo=UTC))
    found.outcomes.update(figures)
    found.keys = sum(figures.values())
    return found


def refusal(value: str, remedy: str = ADD) -> Refusal:
    reason = f"{value!r} has no row in mappings/tables/shipping_methods.csv"
    return Refusal(
        "shipping_method", "", value, reason, release_remedy(remedy, "shipping_method", value=value)
    )


def test_what_a_run_did_is_said_once_for_each_record_those_for_a_person_last() -> None:
    found = report(refused=4, created=44, again=1)

    assert found.summary == "44 created, 1 to be tried again, 4 refused"
    assert found.title == "sync-orders default: 49 keys"


def test_records_are_grouped_by_what_a_person_must_do_with_the_command_to_copy() -> None:
    found = report(refused=3)
    for key in ("100", "101"):
        found.refuse(key, [refusal("UPS | Ground")])
    found.refuse("102", [refusal("DHL", "Add `DHL,<Brightpearl id>` to the table")])

    shown = found.to_markdown({"100": [("BigCommerce", "https://store/100")]})

    assert f"### 2 records: {ADD}\n" in shown
    assert "### 1 record: Add `DHL,<Brightpearl id>` to the table\n" in shown
    assert (
        "```\ncauseway quarantine release --class shipping_method --value 'UPS | Ground'\n```"
        in shown
    )
    (row,) = [line for line in shown.splitlines() if line.startswith("| 100 ")]
    assert "[BigCommerce](https://store/100)" in row
    assert "'UPS \\| Ground' has no row in mappings/tables/shipping_methods.csv. (" in row


@pytest.mark.parametrize(
    ("remedy", "commands"),
    [
        (
            "Add a row, then: causeway mappings publish, then: causeway quarantine release --key "
            "5. In one step: causeway mappings add skus 'A B' '<SKU>'.",
            [
                "causeway mappings publish",
                "causeway quarantine release --key 5",
                "causeway mappings add skus 'A B' '<SKU>'",
            ],
        ),
        (
            "Compare both systems. causeway quarantine release --apply carries it out.",
            ["causeway quarantine list --class review --value 'edit A'"],
        ),
        (
            "Correct it in BigCommerce.",
            ["causeway quarantine list --class review --value 'edit A'"],
        ),
    ],
)
def test_each_thing_to_do_has_commands_that_can_be_copied(remedy: str, commands: list[str]) -> None:
    found = report(refused=1)
    found.refuse("5", [Refusal("review", "", "edit A", "both differ", remedy)])

    fenced = found.to_markdown().split("```\n")[1::2]

    assert [one.strip() for one in fenced] == commands


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a < b", "a &lt; b"),
        ("add `x,<id>` now", "add `x,<id>` now"),
        ("`<a>` and <b>", "`<a>` and &lt;b>"),
        ("no ` second <b>", "no \\` second &lt;b>"),
        ("two\nlines", "two lines"),
    ],
)
def test_text_shows_as_it_is_in_code_and_outside(said: str, shown: str) -> None:
    assert text(said) == shown


def test_links_lead_to_the_vendors_screens_and_a_sandbox_has_none() -> None:
    store = BigCommerceSettings(store_hash="abc", access_token="t", client_secret="s")
    account = BrightpearlSettings(
        api_url="https://use1.brightpearlconnect.com/public-api",
        account="acme",
        app_ref="a",
        account_token="t",
    )
    assert store_order(store, "250") == "https://store-abc.mybigcommerce.com/manage/orders/250"
    assert account_order(account, "1007") == (
        "https://use1.brightpearlapp.com/patt-op.php?scode=invoice&oID=1007"
    )
    assert store_order(store, "note-5") == account_order(account, "") == ""
    local = store.model_copy(update={"api_url": "http://127.0.0.1:8101"})
    assert store_order(local, "250") == ""
