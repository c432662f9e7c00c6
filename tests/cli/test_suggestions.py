import json

import pytest
from cases import Case, open_cases

from cli.installation import installation
from cli.main import run
from cli.mapping_suggestions import waiting_values
from core.times import utc_now
from mappings.bundle import load_bundle
from store.quarantine import Quarantine
from tasks.reconciler.triage import OWN_CLASSES

RULES = [(name, rule) for name, one in load_bundle().mappings.items() for rule in one.fields]
REFUSED_BY_LOOKUP = [
    pytest.param(name, rule, id=f"{name}.{rule.to}")
    for name, rule in RULES
    if rule.missing != "blank" and any(hasattr(step, "table") for step in rule.steps)
]
OPEN = "Open the period in Brightpearl."
NO_ROW = "it has no row in mappings/tables/{}.csv"
ADD_SKU = "Create it, or add `abc-1,<Brightpearl SKU>` to mappings/tables/skus.csv"


@pytest.fixture
def waiting(database):
    quarantine = Quarantine(database)
    cases = [
        Case(
            pair="default",
            entity="orders",
            key=key,
            class_=class_,
            field="",
            value=value,
            reason=reason,
            remedy=remedy,
        )
        for key, class_, value, reason, remedy in (
            ("101", "rejected", "", "Brightpearl refused it with 400: period 41 is closed", OPEN),
            ("102", "rejected", "", "Brightpearl refused it with 400: period 42 is closed", OPEN),
            ("103", "payment_method", "Stripe", NO_ROW.format("payment_methods"), ""),
            ("104", "warehouse", "3", NO_ROW.format("warehouses"), ""),
            ("105", "sku", "abc-1", "it is not among Brightpearl's products", ADD_SKU),
        )
    ]
    open_cases(quarantine, cases, now=utc_now())
    return quarantine


def document(capsys):
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("database")
def test_fields_are_suggested_with_score_and_reason(capsys):
    assert run(["mappings", "suggest", "billing.city", "cart_token", "--json"]) == 0
    city, token = document(capsys)
    assert city["suggestions"][0]["target"] == "parties.billing.addressLine3"
    assert "city" in city["suggestions"][0]["reason"]
    assert token["abstains"]


@pytest.mark.usefixtures("database")
def test_a_confirmed_field_is_suggested_from_then_on(capsys):
    run(["mappings", "suggest", "shop.blurb", "--confirm", "notes.text"])
    capsys.readouterr()
    run(["mappings", "suggest", "shop.blurb", "--json"])
    (found,) = document(capsys)
    assert found["suggestions"][0]["target"] == "notes.text"
    assert "confirmed" in found["suggestions"][0]["reason"]


@pytest.mark.usefixtures("database")
def test_without_names_the_command_says_what_to_name(capsys):
    assert run(["mappings", "suggest"]) == 2
    assert "--table" in capsys.readouterr().err


@pytest.mark.usefixtures("waiting")
def test_values_that_records_wait_for_are_suggested(capsys, monkeypatch):
    assert run(["mappings", "suggest", "--table", "tax_codes", "Standard", "--json"]) == 0
    (found,) = document(capsys)
    assert found["value"] == "Standard"


@pytest.mark.long
def test_an_entry_is_explained_by_what_solved_its_equal(waiting, capsys):
    waiting.discard([1], "the period was opened", actor="jo", now=utc_now())
    assert run(["quarantine", "explain", "2", "--json"]) == 0
    explained = document(capsys)
    assert explained["class"] == "invalid_state"
    assert explained["retry"] is False
    assert explained["solved"][0]["id"] == 1
    assert "the period was opened" in explained["solved"][0]["done"]
    assert explained["queue"] == "orders"


UNRECOGNISED = "Brightpearl refused it with 400: period 43 is closed"


@pytest.fixture
def unrecognised(database):
    """An entry, and how the same record is refused again."""
    triage = {"class": "unknown", "confidence": 0.0, "reason": "no rule", "retry": False}
    triage |= {"fingerprint": "f", "queue": "operations", "act_within_h": 24}
    case = Case(
        *("default", "orders", "104", "rejected", "", "", UNRECOGNISED, "Open the period."),
        detail={"triage": triage},
    )

    def refuse():
        open_cases(Quarantine(database), [case], now=utc_now())
        return Quarantine(database)

    refuse()
    return refuse


def test_what_is_found_for_an_unknown_case_stands_on_it_from_then_on(unrecognised, capsys):
    assert run(["quarantine", "explain", "1"]) == 0
    assert "has this class" in capsys.readouterr().out

    quarantine = unrecognised()

    (entry,) = quarantine.list()
    assert (entry.error_class, entry.queue, entry.times) == ("invalid_state", "orders", 2)
    (action,) = quarantine.actions(entry.id)
    assert (action.before, action.after) == ("unknown", "invalid_state")
    run(["quarantine", "explain", "1", "--json"])
    assert document(capsys)["kept"] is False
    assert len(quarantine.actions(entry.id)) == 1


def test_a_closed_case_keeps_the_class_it_had(unrecognised, capsys):
    quarantine = unrecognised()
    quarantine.discard([1], "done", actor="jo", now=utc_now())

    run(["quarantine", "explain", "1", "--json"])

    assert document(capsys)["kept"] is False
    (entry,) = quarantine.list(state="discarded")
    assert entry.error_class == "unknown"


def test_a_class_that_is_found_at_the_opening_replaces_an_unknown_one(unrecognised, database):
    quarantine = unrecognised()
    known = {"class": "auth", "queue": "operations", "act_within_h": 1}
    case = Case(
        *("default", "orders", "104", "rejected", "", "", "401", "Log in."),
        detail={"triage": known},
    )
    open_cases(Quarantine(database), [case], now=utc_now())
    (entry,) = quarantine.list()
    assert entry.error_class == "auth"


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    ("table", "value"), [("payment_methods", "Stripe"), ("warehouses", "3"), ("skus", "abc-1")]
)
def test_values_that_wait_for_a_row_are_found_by_its_table(table, value):
    assert waiting_values(installation(), table) == [value]


@pytest.mark.parametrize(("name", "rule"), REFUSED_BY_LOOKUP)
def test_the_remedy_of_what_a_table_lacks_names_the_table(name, rule):
    assert not rule.remedy or any(
        f"tables/{step.table}.csv" in rule.remedy for step in rule.steps if hasattr(step, "table")
    ), name


def test_every_class_of_the_mappings_is_known_to_the_triage():
    assert {rule.class_ for _, rule in RULES} - {"document"} <= OWN_CLASSES.keys()


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("entry", ["3", "4"])
def test_a_refusal_of_the_gate_keeps_the_class_of_the_gate(capsys, entry):
    run(["quarantine", "explain", entry, "--json"])
    explained = document(capsys)
    assert (explained["class"], explained["queue"]) == ("config_mapping", "mappings")


@pytest.mark.usefixtures("waiting")
def test_a_confirmed_class_decides_about_equal_errors(capsys):
    run(["quarantine", "explain", "1", "--confirm", "plan_limit"])
    capsys.readouterr()
    run(["quarantine", "explain", "2", "--json"])
    assert document(capsys)["class"] == "plan_limit"


@pytest.mark.usefixtures("waiting")
def test_a_class_that_does_not_exist_is_refused(capsys):
    assert run(["quarantine", "explain", "1", "--confirm", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.usefixtures("waiting")
def test_an_entry_that_does_not_exist_is_named(capsys):
    assert run(["quarantine", "explain", "99"]) == 1
    assert "99" in capsys.readouterr().err
