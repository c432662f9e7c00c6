import json

import pytest

from cli.main import run
from core.times import utc_now
from mappings.bundle import SHIPPED
from store.inbox import Inbox
from store.ledger import Intent, Ledger

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
