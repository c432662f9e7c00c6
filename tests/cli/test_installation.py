"""Which installation a command works on, where it is found, and what is never made by reading."""

import json

import pytest

from cli.installation import installation
from cli.lock import locked
from cli.main import run
from core.settings import prefect_api_url
from store.database import open_database

READING = [
    "status",
    "quarantine list",
    "quarantine show 1",
    "quarantine release --all",
    "quarantine discard 1 --reason x",
    "mappings history",
    "mappings try 250",
    "stock explain ABC-1",
    "stock oversold",
    "sync orders --dry-run",
    "sync stock --key ABC-1 --dry-run",
    "reconcile stock --dry-run",
]


@pytest.fixture
def elsewhere(configured, monkeypatch, tmp_path):
    """Another folder than that of the installation, with the default database."""
    monkeypatch.delenv("CAUSEWAY_DATABASE_URL")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    open_database.cache_clear()  # the same relative path means another file here
    return folder


@pytest.mark.parametrize("line", READING)
def test_a_command_that_reads_makes_no_database(line, elsewhere, capsys):
    assert run(line.split()) == 2

    printed = capsys.readouterr()
    assert f"There is no database at {elsewhere}/var/causeway.db." in printed.err
    assert "causeway db upgrade" in printed.err
    assert printed.out == ""
    assert list(elsewhere.iterdir()) == []


def test_what_the_remedy_says_makes_the_database(elsewhere):
    assert run(["status"]) == 2
    assert run(["db", "upgrade"]) == 0
    assert run(["status"]) == 0


def test_upgrading_says_which_installation_it_is_and_whether_it_made_the_database(
    elsewhere, capsys
):
    assert run(["db", "upgrade"]) == 0
    printed = capsys.readouterr()
    where = f"{elsewhere}/var/causeway.db"
    assert printed.err == f"[pair default; settings: variables; database: {where}]\n"
    assert printed.out == f"A new database was made: {where}\n"

    assert run(["db", "upgrade"]) == 0

    assert capsys.readouterr().out == "The tables are up to date.\n"


def test_tables_can_be_made_before_a_pair_is_configured(unconfigured, capsys):
    assert run(["db", "upgrade"]) == 0
    assert capsys.readouterr().err.startswith("[pairs none; ")


def test_mappings_can_be_read_before_there_is_a_database(elsewhere, capsys):
    assert run(["mappings", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"]
    assert list(elsewhere.iterdir()) == []


def test_the_doctor_says_that_there_is_no_database_and_makes_none(elsewhere, capsys):
    run(["doctor", "--json"])

    found = {line["what"]: line for line in json.loads(capsys.readouterr().out)["findings"]}
    assert found["database"]["remedy"] == "causeway db upgrade"
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("line", ["status", "db upgrade", "quarantine list", "mappings history"])
def test_a_folder_that_cannot_be_made_is_one_line(line, configured, monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CAUSEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/file/causeway.db")

    assert run(line.split()) == 2

    printed = capsys.readouterr().err
    assert f"{tmp_path}/file/causeway.db" in printed
    assert "Traceback" not in printed


CONFIG = """
[pairs.default.bigcommerce]
api_url = "http://127.0.0.1:9"
store_hash = "abc"
access_token = "the-store-token"
client_secret = "the-client-secret"

[pairs.default.brightpearl]
api_url = "http://127.0.0.1:9/public-api"
account = "acme"
app_ref = "acme_causeway"
account_token = "the-account-token"
"""


@pytest.fixture
def described(unconfigured, elsewhere, tmp_path):
    """An installation in a folder: its file of settings and its database."""
    folder = tmp_path / "installation"
    (folder / "below" / "deeper").mkdir(parents=True)
    (folder / "causeway.toml").write_text(CONFIG, encoding="utf-8")
    open_database(f"sqlite:///{folder}/var/causeway.db")
    return folder


@pytest.mark.parametrize("below", ["", "below", "below/deeper"])
def test_the_file_is_found_in_the_folder_or_above_and_said(below, described, monkeypatch, capsys):
    monkeypatch.chdir(described / below)

    assert run(["status"]) == 0

    said = capsys.readouterr().err
    assert f"settings: {described}/causeway.toml" in said
    assert f"database: {described}/var/causeway.db" in said
    assert "pair default" in said


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "HOME"])
def test_the_file_is_found_in_the_folders_of_xdg(variable, described, tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "causeway").mkdir(parents=True)
    (described / "causeway.toml").rename(home / "causeway" / "causeway.toml")
    open_database(f"sqlite:///{home}/causeway/var/causeway.db")
    if variable == "HOME":
        monkeypatch.delenv("XDG_CONFIG_HOME")
        (tmp_path / ".config").symlink_to(home)
        monkeypatch.setenv("HOME", str(tmp_path))
    else:
        monkeypatch.setenv(variable, str(home))

    assert run(["status"]) == 0


def test_a_file_that_a_variable_names_goes_first_and_an_empty_one_means_none(
    described, monkeypatch, capsys
):
    monkeypatch.chdir(described)
    monkeypatch.setenv("CAUSEWAY_CONFIG", "")

    assert run(["status"]) == 2

    assert "not configured" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["status", "quarantine list", "mappings list", "mappings history"])
def test_which_installation_it_is_is_not_part_of_the_document(line, database, capsys):
    assert run([*line.split(), "--json"]) == 0

    printed = capsys.readouterr()
    json.loads(printed.out)
    assert "[pair default; settings: variables; database: /" in printed.err


def test_which_installation_it_is_shows_no_password(configured, monkeypatch, capsys):
    monkeypatch.setenv("CAUSEWAY_DATABASE_URL", "postgresql://me:hidden@127.0.0.1:1/causeway")

    assert run(["status"]) == 1

    said = capsys.readouterr().err
    assert "postgresql://me:***@127.0.0.1:1/causeway" in said
    assert "hidden" not in said


def test_a_command_where_up_runs_uses_the_prefect_server_of_it(configured, monkeypatch, tmp_path):
    monkeypatch.setenv("PREFECT_API_URL", "")  # so that it is put back
    monkeypatch.delenv("PREFECT_API_URL")
    monkeypatch.chdir(tmp_path)
    with locked(tmp_path / "var") as lock:
        lock.keep(prefect="http://127.0.0.1:9/api")
        installation()
        assert prefect_api_url() == "http://127.0.0.1:9/api"
        monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:7/api")
        installation()
        assert prefect_api_url() == "http://127.0.0.1:7/api"

    monkeypatch.delenv("PREFECT_API_URL")
    installation()
    assert prefect_api_url() is None
