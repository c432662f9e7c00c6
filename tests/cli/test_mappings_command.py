import json

import pytest
from cases import Case, open_cases

from cli.main import run
from core.times import utc_now
from mappings.bundle import SHIPPED
from store.inbox import Inbox
from store.ledger import Intent, Ledger
from store.quarantine import Quarantine

pytestmark = pytest.mark.usefixtures("database")


def with_channel_3(folder):
    table = folder / "tables" / "channels.csv"
    table.write_text(table.read_text().rstrip("\n") + "\n3,2,the marketplace\n")


def run_json(capsys):
    return json.loads(capsys.readouterr().out)


def test_the_shipped_files_are_listed_under_a_version_made_of_their_content(capsys):
    assert run(["mappings", "list", "--json"]) == 0
    found = run_json(capsys)
    assert found["version"].startswith("files-")
    assert "orders.yaml" in [line["file"] for line in found["files"]]


def test_a_file_is_shown_as_it_is(capsys):
    assert run(["mappings", "show", "tables/channels.csv"]) == 0
    text = (SHIPPED / "tables" / "channels.csv").read_text()
    assert capsys.readouterr().out.strip() == text.strip()


def test_a_file_that_does_not_exist_is_wrong_usage(capsys):
    assert run(["mappings", "show", "nonsense.yaml"]) == 2
    assert "orders.yaml" in capsys.readouterr().err


def test_the_shipped_files_are_valid(capsys):
    assert run(["mappings", "validate"]) == 0
    assert "files are valid" in capsys.readouterr().out


def test_every_problem_is_named_by_file_and_line(folder, capsys):
    (folder / "tables" / "channels.csv").write_text("value,becomes,note\n1,2,\n1,3,\n")
    assert run(["mappings", "validate", str(folder), "--json"]) == 1
    found = run_json(capsys)
    assert found["valid"] is False
    assert found["problems"][0].startswith("tables/channels.csv:3:")


def test_a_cell_of_the_wrong_kind_is_not_valid_not_published_and_not_added(folder, capsys):
    table = folder / "tables" / "shipping_providers.csv"
    before = table.read_text()
    assert run(["mappings", "add", "shipping_providers", "77", "dhl"]) == 2
    assert "'dhl' is not one of BigCommerce's own provider codes" in capsys.readouterr().err
    assert table.read_text() == before
    table.write_text("value,becomes,note\n3,dhl,\n")
    assert run(["mappings", "validate", "--json"]) == 1
    assert run_json(capsys)["problems"][0].startswith("tables/shipping_providers.csv:2: becomes:")
    assert run(["mappings", "publish"]) == 2
    assert "carriers.csv" in capsys.readouterr().err


def test_what_does_not_load_is_not_published(folder, capsys):
    (folder / "orders.yaml").write_text("source: nonsense\n")
    assert run(["mappings", "publish"]) == 2
    assert "orders.yaml" in capsys.readouterr().err
    run(["mappings", "history", "--json"])
    assert run_json(capsys) == []


def test_publishing_makes_a_numbered_version_and_shows_what_changed(folder, capsys):
    run(["mappings", "publish", "--author", "ada", "--note", "first"])
    with_channel_3(folder)
    capsys.readouterr()

    assert run(["mappings", "publish", "--author", "ada", "--note", "a marketplace", "--json"]) == 0

    found = run_json(capsys)
    assert (found["number"], found["author"]) == (2, "ada")
    assert "+3,2,the marketplace" in found["diff"]
    run(["mappings", "history", "--json"])
    assert [version["note"] for version in run_json(capsys)] == ["a marketplace", "first"]


def test_versions_are_compared_with_each_other_and_with_the_files(folder, capsys):
    run(["mappings", "publish"])
    with_channel_3(folder)
    capsys.readouterr()
    run(["mappings", "diff", "1", "--json"])
    assert "+3,2,the marketplace" in run_json(capsys)["diff"]
    run(["mappings", "diff", "1", "1"])
    assert capsys.readouterr().out == "They are the same.\n"


def test_without_a_number_the_version_in_force_is_compared_with_the_files(folder, capsys):
    assert run(["mappings", "diff"]) == 0
    assert capsys.readouterr().out == "They are the same.\n"
    run(["mappings", "publish"])
    with_channel_3(folder)
    run(["mappings", "publish"])
    capsys.readouterr()
    table = folder / "tables" / "channels.csv"
    table.write_text(table.read_text() + "4,2,\n")

    assert run(["mappings", "diff", "--json"]) == 0

    found = run_json(capsys)
    assert found["old"] == "2"
    assert [line for line in found["diff"].splitlines() if line.startswith("+")][1:] == ["+4,2,"]


@pytest.mark.parametrize(
    ("waiting", "said"),
    [
        (1, "1 quarantined record has its row now and is synced again."),
        (2, "2 quarantined records have their rows now and are synced again."),
    ],
)
def test_what_a_row_releases_is_a_line_of_its_own(waiting, said, folder, database, capsys):
    publish(capsys)
    with_channel_3(folder)
    cases = [
        Case("default", "orders", f"{n}", "channel", "x", "4", "no row", "Add it.")
        for n in range(waiting)
    ]
    open_cases(Quarantine(database), cases, now=utc_now())

    assert run(["mappings", "add", "channels", "4", "2"]) == 0

    assert said in capsys.readouterr().out.splitlines()


def test_an_unknown_version_is_wrong_usage(capsys):
    assert run(["mappings", "rollback", "9"]) == 2
    assert "no published version 9" in capsys.readouterr().err


def test_rolling_back_names_and_requeues_what_the_bad_version_wrote(folder, database, capsys):
    run(["mappings", "publish"])
    with_channel_3(folder)
    run(["mappings", "publish"])
    intents = [
        Intent("default", entity, key, "create", f"BC-{key}", mapping_version="2")
        for entity, key in (("orders", "101"), ("orders", "101"), ("contacts", "a-person"))
    ]
    Ledger(database).intend(intents, now=utc_now())
    capsys.readouterr()

    assert run(["mappings", "rollback", "1", "--requeue", "--json"]) == 0

    found = run_json(capsys)
    assert (found["number"], found["written_by"], found["requeued"]) == (3, "2", 1)
    assert found["written"] == [{"entity": "orders", "key": "101"}]
    assert Inbox(database).states("default", "orders", ["101"]) == {"101": "due"}
    run(["mappings", "show", "tables/channels.csv"])
    assert "the marketplace" not in capsys.readouterr().out


def publish(capsys):
    assert run(["mappings", "publish", "--json"]) == 0
    return run_json(capsys)


@pytest.mark.usefixtures("folder")
def test_publishing_what_has_not_changed_makes_no_version(capsys):
    assert publish(capsys)["number"] == 1
    assert publish(capsys)["number"] == 1
    assert run(["mappings", "rollback", "1"]) == 0
    assert "Version 1 is the same already." in capsys.readouterr().out
    assert run(["mappings", "history", "--json"]) == 0
    assert len(run_json(capsys)) == 1


def test_validate_says_which_version_is_in_force_and_that_the_files_differ(folder, capsys):
    run(["mappings", "validate"])
    assert "Version files-" in capsys.readouterr().out
    publish(capsys)
    run(["mappings", "validate"])
    assert "Version 1 is in force." in capsys.readouterr().out

    with_channel_3(folder)

    assert run(["mappings", "validate"]) == 0
    said = capsys.readouterr().out
    assert "Version 1 is in force, and the files differ from it (tables/channels.csv)." in said
    assert "causeway mappings publish" in said
    run(["mappings", "validate", "--json"])
    found = run_json(capsys)
    assert (found["in_force"], found["differs"]) == ("1", True)
    publish(capsys)
    run(["mappings", "validate", "--json"])
    assert run_json(capsys)["differs"] is False


def test_files_can_be_checked_where_nothing_is_configured(folder, unconfigured, capsys):
    assert run(["mappings", "validate", str(folder)]) == 0
    assert "files are valid" in capsys.readouterr().out


def in_force(capsys, file):
    capsys.readouterr()
    assert run(["mappings", "show", file]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("table", "value", "becomes", "line"),
    [
        ("skus", "GAR-9, red", "GAR-9", '"GAR-9, red",GAR-9,'),
        ("channels", "3", "2", "3,2,"),
        ("tables/payment_methods.csv", "Bank deposit 2", "CARD", "Bank deposit 2,CARD,"),
        ("order_status", "99", "2", "99,2,,"),
    ],
)
@pytest.mark.parametrize("is_published", [True, False])
def test_one_command_adds_a_row_puts_it_in_force_and_releases_what_waited(
    table, value, becomes, line, is_published, folder, database, capsys
):
    name = table.removeprefix("tables/").removesuffix(".csv")
    class_ = "sku" if name == "skus" else name.removesuffix("s")
    open_cases(
        Quarantine(database),
        [Case("default", "orders", "250", class_, "x", value, "no row", "Add it.")],
        now=utc_now(),
    )
    if is_published:
        publish(capsys)

    assert run(["mappings", "add", table, value, becomes, "--json"]) == 0

    found = run_json(capsys)
    assert found["released"] == 1
    assert found["version"] == "2" if is_published else found["version"].startswith("files-")
    assert (folder / "tables" / f"{name}.csv").read_text().splitlines()[-1].rstrip() == line
    assert in_force(capsys, f"tables/{name}.csv").splitlines()[-1] == line
    assert Inbox(database).states("default", "orders", ["250"]) == {"250": "due"}


def test_a_row_is_put_in_force_without_what_else_the_files_hold(folder, capsys):
    publish(capsys)
    with_channel_3(folder)

    assert run(["mappings", "add", "channels", "4", "2"]) == 0

    said = capsys.readouterr().out
    assert said.endswith("differ from it in other rows, see: causeway mappings diff\n")
    assert run(["mappings", "diff"]) == 0
    assert "+3,2,the marketplace" in capsys.readouterr().out
    rows = in_force(capsys, "tables/channels.csv").splitlines()
    assert rows[-1] == "4,2,"
    assert not any(row.startswith("3,") for row in rows)


def test_a_row_that_is_in_the_file_already_is_put_in_force(folder, capsys):
    publish(capsys)
    with_channel_3(folder)
    before = (folder / "tables" / "channels.csv").read_text()

    assert run(["mappings", "add", "channels", "3", "2"]) == 0

    assert (folder / "tables" / "channels.csv").read_text() == before
    assert in_force(capsys, "tables/channels.csv").splitlines()[-1] == "3,2,"


def test_a_row_that_contradicts_the_file_in_use_names_that_file(folder, capsys):
    assert run(["mappings", "add", "channels", "1", "9"]) == 2
    assert f"Correct that line of {folder}/tables/channels.csv" in capsys.readouterr().err


def test_a_row_that_contradicts_only_the_version_in_force_is_put_in_force_with_the_files(
    folder, capsys
):
    with_channel_3(folder)
    publish(capsys)
    table = folder / "tables" / "channels.csv"
    table.write_text(table.read_text().replace("3,2,the marketplace", "3,4,"))

    assert run(["mappings", "add", "channels", "3", "4"]) == 2

    assert "Put the files in force: causeway mappings publish" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (["channels", "1", "9"], "has '1' in line 2 already: it becomes '2'"),
        (["chanels", "1", "9"], "There is no table chanels."),
    ],
)
def test_a_row_that_cannot_be_added_is_one_line(row, says, folder, capsys):
    before = {file: file.read_text() for file in folder.rglob("*.csv")}

    assert run(["mappings", "add", *row]) == 2

    assert says in capsys.readouterr().err
    assert {file: file.read_text() for file in folder.rglob("*.csv")} == before


def test_the_files_of_the_package_stay_as_they_are_and_can_be_copied(tmp_path, capsys, monkeypatch):
    shipped = {file.name: file.read_text() for file in SHIPPED.glob("tables/*.csv")}

    assert run(["mappings", "add", "channels", "4", "2"]) == 2

    assert "causeway mappings copy FOLDER" in capsys.readouterr().err
    copied = tmp_path / "copied"
    assert run(["mappings", "copy", str(copied)]) == 0
    assert {file.suffix for file in copied.rglob("*.*")} == {".yaml", ".csv"}
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(copied))
    assert run(["mappings", "add", "channels", "4", "2"]) == 0
    assert {file.name: file.read_text() for file in SHIPPED.glob("tables/*.csv")} == shipped
    assert run(["mappings", "copy", str(copied)]) == 2
