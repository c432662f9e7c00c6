import json
import os
import subprocess
import sys

import pytest
from waiting import WITHIN_S

from cli.main import COMMANDS, run
from core.ids import SYNCED

HEAVY = ("prefect", "pandas", "great_expectations")


def heavy_imports_of(line):
    """What one command line imports, in a process of its own."""
    program = (
        "import sys; from cli.main import run; code = run(sys.argv[1:]); "
        f"print(*(n for n in {HEAVY!r} if n in sys.modules), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, *line.split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def test_help_names_every_command(capsys):
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name}" in shown for name in COMMANDS)


def test_help_says_in_one_whole_sentence_what_each_command_does(capsys):
    assert run(["--help"]) == 0
    commands = capsys.readouterr().out.partition("Commands:\n")[2].splitlines()
    assert commands
    assert [line for line in commands if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize("line", ["", *COMMANDS, "mappings try", "quarantine release"])
def test_help_has_a_short_option_everywhere(line, capsys):
    assert run([*line.split(), "-h"]) == 0
    assert "-h, --help" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("causeway qua", ["quarantine"]),
        pytest.param("causeway mappings pu", ["publish"], marks=pytest.mark.long),
        pytest.param("causeway sync orders --dry", ["--dry-run"], marks=pytest.mark.long),
    ],
)
def test_the_shell_completes_commands_and_options(words, offered):
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **asked, "_CAUSEWAY_COMPLETE": "complete_bash"},
        timeout=WITHIN_S,
    )
    assert done.stdout.split() == offered


def test_no_command_shows_the_help(capsys):
    run([])
    assert "Usage: causeway" in "".join(capsys.readouterr())


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_printed(option, capsys):
    assert run([option]) == 0
    assert capsys.readouterr().out.strip().count(".") == 2


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "sync",
        "sync orders --nonsense",
        "quarantine show abc",
        "mappings try abc",
        "status --pair",
    ],
)
def test_wrong_usage_is_exit_code_two(line, capsys):
    assert run(line.split()) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("unconfigured")
@pytest.mark.parametrize(
    "line",
    [
        *("status", "sync orders", "quarantine list", "webhooks ensure", "doctor"),
        *("mappings history", "receiver", "worker", "deploy", "up"),
    ],
)
def test_missing_settings_are_one_error_and_exit_code_two(line, capsys):
    assert run(line.split()) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("ConfigError: The pair 'default' is not configured")
    assert "Traceback" not in printed.err


@pytest.mark.usefixtures("configured")
def test_a_malformed_setting_is_named(monkeypatch, capsys):
    monkeypatch.setenv("CAUSEWAY_ORDERS__BATCH_SIZE", "many")
    assert run(["status"]) == 2
    assert "CAUSEWAY_ORDERS__BATCH_SIZE" in capsys.readouterr().err


@pytest.mark.usefixtures("configured")
def test_a_setting_with_a_secret_never_shows_it(monkeypatch, capsys):
    monkeypatch.setenv("CAUSEWAY_WEBHOOKS__SECRET", "short")
    assert run(["webhooks", "ensure"]) == 2
    printed = capsys.readouterr()
    assert "'short'" not in printed.err
    assert "CAUSEWAY_WEBHOOKS__SECRET" in printed.err


@pytest.mark.usefixtures("configured")
def test_an_unknown_pair_is_named_with_those_that_exist(capsys):
    assert run(["status", "--pair", "us"]) == 2
    assert "'us' is not configured (configured: default)" in capsys.readouterr().err


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("line", ["webhooks list", "webhooks ensure"])
def test_an_api_that_is_down_is_exit_code_one_without_a_traceback(line, capsys):
    assert run(line.split()) == 1
    printed = capsys.readouterr()
    assert "\nTransientError: BigCommerce" in printed.err
    assert "Traceback" not in printed.err
    assert not any(word in printed.err for word in ("the-store", "the-client", "the-account"))


@pytest.mark.usefixtures("configured")
def test_an_error_is_the_json_document_too(capsys):
    assert run(["status", "--pair", "us", "--json"]) == 2
    printed = json.loads(capsys.readouterr().out)
    assert printed["kind"] == "ConfigError"
    assert "--pair default" in printed["remedy"]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("line", ["sync orders --key 12 x", "sync orders --key 0"])
def test_a_key_that_is_no_order_id_is_refused(line, capsys):
    assert run(line.split()) == 2
    assert "is not the id of a BigCommerce order" in capsys.readouterr().err


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("key", ["product:0", "variant:red", "Product:", "  "])
@pytest.mark.parametrize("command", [["sync", "stock", "--key"], ["stock", "explain"]])
def test_a_key_that_is_no_sku_product_or_variant_is_refused(command, key, capsys):
    assert run([*command, key]) == 2
    assert f"{key!r} is no key of stock" in capsys.readouterr().err


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("key", ["product:red", "variant:77", " "])
def test_a_key_that_is_no_sku_or_product_has_no_prices(key, capsys):
    assert run(["sync", "prices", "--key", key]) == 2
    assert f"{key!r} is no key of " in capsys.readouterr().err


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    "key", ["contact:", "contact:x", "merge:1", "merge:1-x", "ann@example.com"]
)
def test_a_key_that_is_no_customer_contact_or_merge_is_refused(key, capsys):
    assert run(["sync", "customers", "--key", key]) == 2
    assert f"{key!r} is not the id of a BigCommerce customer" in capsys.readouterr().err


@pytest.mark.usefixtures("configured")
def test_only_stock_and_products_are_reconciled_as_a_whole(capsys):
    assert run(["reconcile", "orders"]) == 2
    assert "Only stock and products are reconciled as a whole" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "line",
    [
        "--help",
        "status --json",
        "quarantine list --json",
        "mappings --help",
        "receiver --help",
        "webhooks --help",
        "doctor --help",
        "stock --help",
        "reconcile --help",
    ],
)
def test_quick_commands_import_no_engine(line):
    """A command that answers from our own tables must not take the seconds of a flow."""
    assert heavy_imports_of(line) == set()


@pytest.mark.long
@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    "line", ["mappings list --json", "mappings validate --json", "mappings show orders.yaml"]
)
def test_reading_mappings_starts_no_engine(line):
    assert heavy_imports_of(line) - {"pandas"} == set()


@pytest.mark.long
def test_flows_are_imported_without_what_only_a_batch_needs():
    program = "import sys, flows.registry; sys.exit('great_expectations' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=WITHIN_S)  # noqa: S603
    assert done.returncode == 0


@pytest.mark.long
def test_no_command_builds_the_grammar_of_iris():
    program = (
        "import sys; from cli.main import main; sys.argv = ['causeway', '--version']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import jsonschema; sys.exit('lark' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=WITHIN_S)  # noqa: S603
    assert done.returncode == 0


@pytest.mark.long
def test_one_order_is_mapped_and_any_entity_is_previewed_without_prefect():
    program = (
        "import sys, cli.mapping_trial, cli.preview, expectations.check\n"
        "from flows.paths.path import path_of\n"
        "for entity in sys.argv[1:]: path_of(entity)\n"
        "sys.exit('prefect' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, *SYNCED], check=False, timeout=WITHIN_S
    )
    assert done.returncode == 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "is_searched"),
    [("status", False), ("sync", False), ("worker", True), ("receiver", True)],
)
def test_only_a_process_that_stays_is_searched_for_garbage_as_usual(command, is_searched):
    program = (
        "import gc, sys; from cli.main import main; sys.argv = ['causeway', sys.argv[1], '-h']\n"
        "usual = gc.get_threshold()\n"
        "try: main()\n"
        "except SystemExit: sys.exit(gc.get_threshold() != usual)"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, command],
        capture_output=True,
        check=False,
        timeout=WITHIN_S,
    )
    assert (done.returncode == 0) is is_searched
