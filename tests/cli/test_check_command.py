"""`causeway check`: one record's verdict with reasons; nothing is written."""

import json

import pytest
from stories import lines

from cli.main import run
from core.times import utc_now
from store.inbox import Inbox
from store.merges import Merges
from store.runs import Runs


@pytest.fixture
def checked(capsys):
    """The document of a check."""

    def document(*words, code=0):
        assert run(["check", *words, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return document


def test_an_address_of_options_needs_no_installation(checked):
    found = checked(
        "address", "--street", "1 Main St", "--city", "Porrtland", "--state", "Oregon",
        "--postcode", "972O4", "--country", "us", "--email", "ann@gmial.com", "--phone", "12",
    )  # fmt: skip

    (address,) = found["addresses"]
    assert address["address"]["state"] == "OR"
    assert address["original"]["postcode"] == "972O4"
    assert [one["suggestion"] for one in address["findings"]] == ["Portland"]
    assert address["is_flagged"]
    assert not address["is_blocking"]
    assert [one["findings"][0]["code"] for one in found["contacts"]] == [
        "email_domain",
        "phone_format",
    ]


def test_text_says_what_was_meant(capsys):
    assert run(["check", "address", "--city", "Bournemuoth", "--country", "GB"]) == 0

    out = capsys.readouterr().out
    assert "address: blocking" in out
    assert "block: There is no postcode. (postcode_missing)" in out


@pytest.mark.usefixtures("database")
def test_activity_that_nobody_judged_yet_says_who_does_it(capsys):
    assert run(["check", "activity"]) == 0
    assert "watch-activity/hourly" in capsys.readouterr().out


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("what", ["address", "risk"])
def test_an_order_that_does_not_exist_is_no_wrong_setting(capsys, what):
    assert run(["check", what, "--order", "999999"]) == 1
    shown = capsys.readouterr().err
    assert "BigCommerce has no order 999999" in shown
    assert shown.count("[pair ") == 1


@pytest.mark.usefixtures("installed")
def test_which_installation_it_is_is_said_once(world, capsys):
    key = world.place(lines=lines(world, 1))
    for words in (["risk", "--order", key], ["duplicates"]):
        assert run(["check", *words]) == 0
        assert capsys.readouterr().err.count("[pair ") == 1


@pytest.mark.parametrize("what", ["address", "risk"])
def test_nothing_to_check_is_wrong_usage(capsys, what):
    assert run(["check", what]) == 2
    assert "--order ID" in capsys.readouterr().err


def test_risk_of_options_has_points_and_reasons(checked):
    found = checked(
        "risk", "--email", "x@mailinator.com", "--ip", "8.8.8.8", "--billing-country", "GB",
        "--card-country", "FR", "--avs", "N",
    )  # fmt: skip

    assert found["is_held"]
    assert found["points"] == sum(one["points"] for one in found["reasons"])
    assert {one["code"] for one in found["reasons"]} >= {"disposable_email", "avs_no", "ip_abroad"}


def test_an_order_is_read_from_the_store(world, checked):
    typo = {"to": {"city": "Bournemuoth", "zip": "BH1 1AA"}}
    key = world.place(lines=lines(world, 1), shipping=[typo])
    world.forget_requests()

    addresses = checked("address", "--order", key)["addresses"]
    risk = checked("risk", "--order", key)

    assert [one["of"] for one in addresses] == ["billing address", "delivery address"]
    assert addresses[1]["findings"][0]["suggestion"] == "Bournemouth"
    assert risk["facts"]["order_id"] == key
    assert risk["label"] == ""
    assert world.writes() == 0


def test_customers_of_the_store_are_compared(world, checked):
    ann = {"first_name": "Ann", "last_name": "Lee"}
    world.bigcommerce("customers", email="ann.lee99@web.de", **ann)
    world.bigcommerce("customers", email="ann.lee99+shop@web.de", **ann)

    found = checked("duplicates")

    assert found["customers"] >= 2
    assert all(one["reasons"] for one in found["matches"])


def test_contacts_are_compared_with_customers(world, checked):
    ann = {"first_name": "Ann", "last_name": "Lee"}
    number = world.bigcommerce("customers", email="ann.lee99@web.de", **ann)["id"]
    fields = {"emails": {"PRI": "ann.lee99@web.de"}, **ann}
    contact = world.brightpearl("contacts", set=fields)["contact_id"]

    found = checked("duplicates")

    pairs = [{one["first"], one["second"]} for one in found["matches"]]
    assert {str(number), f"contact:{contact}"} in pairs
    assert found["contacts"] >= 1


def test_merges_are_listed_and_undone_by_their_contacts(configured, database, capsys):
    merges, now = Merges(database), utc_now()
    merges.start("default", "201", "305", {"moves": []}, now=now)
    merges.end("default", "201", "305", "merged", now=now)

    assert run(["customers", "merges", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["merges"]
    assert (found["kept"], found["merged"], found["state"]) == ("201", "305", "merged")

    assert run(["customers", "unmerge", "201", "305"]) == 0
    assert Inbox(database).states("default", "customers", ["unmerge:201-305"])
    assert run(["customers", "unmerge", "305", "201"]) == 2
    assert "is not merged into" in capsys.readouterr().err


def test_an_alarm_of_activity_is_shown_and_what_a_person_says_of_it_is_kept(database, checked):
    alarm = {
        "series": "orders",
        "kind": "surge",
        "first": "2026-11-27T08:00:00Z",
        "last": "2026-11-27T10:00:00Z",
        "reason": "90 in an hour where 20 are usual",
    }
    report = {
        "pair": "default",
        "flow": "watch-activity",
        "started_at": utc_now().isoformat(),
        "alarms": [alarm],
    }
    Runs(database).keep(report, run_id="", now=utc_now())

    assert checked("activity")["alarms"] == [{**alarm, "label": ""}]
    found = checked("activity", "--series", "orders", "--confirm", "usual")

    assert [one["label"] for one in found["alarms"]] == ["usual"]
    assert checked("activity", "--series", "errors")["alarms"] == []


@pytest.mark.parametrize(
    ("wrong", "said"), [(["--series", "hens"], "hens"), (["--confirm", "maybe"], "usual")]
)
def test_what_activity_cannot_mean_is_named(database, capsys, wrong, said):
    assert run(["check", "activity", *wrong]) == 2
    assert said in capsys.readouterr().err
