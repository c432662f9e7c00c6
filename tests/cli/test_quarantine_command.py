import json
import os
from dataclasses import replace

import pytest
from cases import Case, open_cases

from cli.checks import unreadable
from cli.main import run
from core.defects import DefectError
from core.times import utc_now
from store.database import Database, open_database
from store.inbox import Inbox
from store.ledger import Intent, Ledger
from store.quarantine import Quarantine
from tasks.reconciler.defects import unexpected


def refusal(key, class_="sku", value="ABC-1"):
    return Case(
        pair="default",
        entity="orders",
        key=key,
        class_=class_,
        field="sku",
        value=value,
        reason=f"no product has the SKU {value}",
        remedy="Create the product.",
    )


@pytest.fixture
def waiting(database):
    """Two orders wait for one SKU, a third for a status."""
    quarantine = Quarantine(database)
    refusals = [refusal("101"), refusal("102"), refusal("103", "order_status", "99")]
    open_cases(quarantine, refusals, now=utc_now())
    return quarantine


def run_json(capsys):
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("waiting")
def test_the_list_groups_what_waits_for_the_same_thing_with_its_remedy(capsys):
    assert run(["quarantine", "list"]) == 0
    shown = capsys.readouterr().out
    assert "2 x sku ABC-1: no product has the SKU ABC-1.\n  Create the product." in shown


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("command", ["list", "release"])
def test_a_class_that_no_refusal_has_is_wrong_usage_with_what_may_be_meant(command, capsys):
    assert run(["quarantine", command, "--class", "chanel", "--value", "3"]) == 2
    said = capsys.readouterr().err
    assert "There is no class 'chanel' of refusals." in said
    assert "Did you mean channel? Known: address, " in said
    assert run(["quarantine", command, "--class", "nosuch"]) == 2
    assert "\nKnown: address, " in capsys.readouterr().err


def test_a_class_of_the_installations_own_mappings_is_known(database, capsys):
    open_cases(Quarantine(database), [refusal("101", "dangerous_goods")], now=utc_now())

    assert run(["quarantine", "release", "--class", "dangerous_goods", "--json"]) == 0

    assert run_json(capsys)["released"] == 1
    assert run(["quarantine", "release", "--class", "dangerous_goods"]) == 0
    assert "nothing was released" in capsys.readouterr().out


@pytest.mark.usefixtures("waiting")
def test_the_list_can_be_narrowed(capsys):
    assert run(["quarantine", "list", "--class", "order_status", "--json"]) == 0
    found = run_json(capsys)
    assert found["open"] == 1
    assert found["entries"][0]["key"] == "103"


@pytest.mark.usefixtures("waiting")
def test_the_list_shows_so_many_and_counts_all(capsys):
    run(["quarantine", "list", "--limit", "1", "--json"])
    found = run_json(capsys)
    assert (found["open"], len(found["entries"])) == (3, 1)


@pytest.mark.usefixtures("database")
def test_an_empty_quarantine_says_so(capsys):
    assert run(["quarantine", "list"]) == 0
    assert capsys.readouterr().out == "Nothing waits in quarantine.\n"


@pytest.mark.usefixtures("waiting")
def test_one_entry_is_shown_in_full(capsys):
    assert run(["quarantine", "show", "1", "--json"]) == 0
    assert run_json(capsys)["remedy"] == "Create the product."


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("command", ["show 999", "release 999", "discard 999 --reason x"])
def test_an_entry_that_does_not_exist_is_one_line_and_exit_code_one(command, capsys):
    assert run(["quarantine", *command.split()]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == "There is no open quarantine entry 999. See: causeway quarantine list"


@pytest.mark.usefixtures("waiting")
def test_of_several_entries_those_that_exist_are_released(capsys):
    assert run(["quarantine", "release", "1", "999", "--json"]) == 1
    assert run_json(capsys)["keys"] == ["101"]


def test_a_value_is_released_with_everything_that_waits_for_it(waiting, database, capsys):
    line = ["quarantine", "release", "--class", "sku", "--value", "abc-1", "--json"]
    assert run(line) == 0
    assert run_json(capsys) == {"released": 2, "keys": ["101", "102"]}
    assert Inbox(database).states("default", "orders", ["101", "102", "103"]) == {
        "101": "due",
        "102": "due",
    }
    assert [entry.key for entry in waiting.list(pair="default")] == ["103"]


@pytest.mark.parametrize(
    ("options", "keys"),
    [(["1", "3"], ["101", "103"]), (["--key", "102"], ["102"]), (["--all"], ["101", "102", "103"])],
)
@pytest.mark.usefixtures("waiting")
def test_release_takes_ids_keys_or_everything(options, keys, capsys):
    run(["quarantine", "release", *options, "--json"])
    assert run_json(capsys)["keys"] == keys


@pytest.mark.usefixtures("waiting")
def test_release_of_nothing_in_particular_is_wrong_usage(capsys):
    assert run(["quarantine", "release"]) == 2
    assert "--all" in capsys.readouterr().err


@pytest.mark.usefixtures("waiting")
def test_a_release_that_matches_nothing_says_so(capsys):
    assert run(["quarantine", "release", "--class", "channel"]) == 0
    assert "nothing was released" in capsys.readouterr().out


def test_an_entry_is_discarded_with_its_reason(waiting):
    assert run(["quarantine", "discard", "1", "--reason", "a test order"]) == 0
    entry = waiting.show(1)
    assert (entry.state, entry.closed_reason) == ("discarded", "a test order")


@pytest.mark.usefixtures("waiting")
def test_discarding_what_is_not_open_is_a_problem(capsys):
    assert run(["quarantine", "discard", "1", "77", "--reason", "x"]) == 1
    assert "There is no open quarantine entry 77." in capsys.readouterr().err


@pytest.mark.usefixtures("waiting")
def test_the_list_goes_on_after_an_id(capsys):
    run(["quarantine", "list", "--limit", "2"])
    assert "The next page: --after 2" in capsys.readouterr().out
    run(["quarantine", "list", "--after", "2", "--json"])
    assert [entry["key"] for entry in run_json(capsys)["entries"]] == ["103"]


@pytest.mark.usefixtures("waiting")
def test_an_entry_shows_who_did_what_about_it(capsys):
    run(["quarantine", "discard", "1", "--reason", "a test order", "--json"])
    capsys.readouterr()
    run(["quarantine", "show", "1", "--json"])
    (action,) = run_json(capsys)["actions"]
    assert (action["before"], action["after"], action["reason"]) == (
        "open",
        "discarded",
        "a test order",
    )
    assert action["actor"]


@pytest.fixture
def defect(database):
    """A record that our own code failed for, after a write."""
    quarantine, shopper = Quarantine(database), "Ann Lee, 1 High St"
    try:
        {}[shopper]
    except KeyError as error:
        found = unexpected(DefectError(error))
    quarantine.open("default", "customers", [("ann@example.com", found)], now=utc_now())
    intent = Intent(
        pair="default",
        entity="customers",
        key="ann@example.com",
        action="update contact",
        natural_key="7",
        before={"city": "Bath"},
        after={"city": "Wells"},
        mapping_version="3",
        run_id="",
    )
    Ledger(database).intend([intent], now=utc_now())


@pytest.mark.usefixtures("defect")
def test_a_defect_is_exported_with_its_place_and_no_personal_data_unless_asked_for(
    capsys, tmp_path
):
    file, full = tmp_path / "report.json", tmp_path / "full.json"
    assert run(["quarantine", "export", "1", "--to", str(file)]) == 0
    assert str(file) in capsys.readouterr().out
    text = file.read_text()
    found = json.loads(text)
    assert "test_quarantine_command.py" in found["traceback"][-1]
    assert found["entry"]["value"].startswith("KeyError in ")
    assert found["writes"][0]["changed"] == ["city"]
    assert found["versions"]["causeway"]
    assert not any(private in text for private in ("ann@example", "Ann Lee", "Bath", "Wells"))
    assert file.stat().st_mode & 0o077 == 0

    assert run(["quarantine", "export", "1", "--to", str(full), "--with-data"]) == 0
    assert "personal data" in capsys.readouterr().out
    assert json.loads(full.read_text())["entry"]["key"] == "ann@example.com"
    assert json.loads(full.read_text())["writes"][0]["after"] == {"city": "Wells"}
    assert "Ann Lee" not in full.read_text()

    assert run(["quarantine", "export", "1", "--to", str(full)]) == 2
    assert run(["quarantine", "export", "9", "--to", str(tmp_path / "x")]) == 1


def test_cases_whose_key_is_lost_are_listed_and_closed_and_the_doctor_names_the_key(
    waiting, database, capsys
):
    case = replace(refusal("77"), detail={"values": {"name": "Ann"}})
    open_cases(waiting, [case], now=utc_now())
    lost, file = database.keyring.newest, database.keyring.file
    file.unlink()
    open_database.cache_clear()

    found = Database(os.environ["CAUSEWAY_DATABASE_URL"])
    (finding,) = unreadable(found)
    found.close()
    assert lost in finding.text
    assert run(["quarantine", "list"]) == 0
    assert "77" in capsys.readouterr().out
    assert run(["db", "upgrade"]) == 0
    assert "Cannot be read, for the key is gone: 1 text of cases." in capsys.readouterr().out
    assert run(["quarantine", "release", "--all"]) == 0
    assert waiting.list() == []
