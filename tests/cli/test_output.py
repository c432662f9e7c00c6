import json
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import typer

from cli.output import ago, document, finish, stdout_kept_clean
from core.errors import ConfigError


@dataclass
class Thing:
    at: datetime


def test_a_document_holds_money_and_times_as_text(capsys):
    at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    document({"net": Decimal("10.10"), "at": at, "on": date(2026, 11, 24), "thing": Thing(at)})

    printed = json.loads(capsys.readouterr().out)

    assert printed == {
        "net": "10.10",
        "at": "2026-11-24T12:00:00.000Z",
        "on": "2026-11-24",
        "thing": {"at": "2026-11-24T12:00:00.000Z"},
    }


def test_a_value_without_a_json_form_is_a_defect_that_shows():
    with pytest.raises(TypeError, match="object"):
        document({"thing": object()})


def test_a_problem_goes_to_stderr_and_makes_exit_code_one(capsys):
    with pytest.raises(typer.Exit) as stopped:
        finish({"left": 1}, as_json=True, problem="one order waits")

    printed = capsys.readouterr()
    assert stopped.value.exit_code == 1
    assert json.loads(printed.out) == {"left": 1}
    assert printed.err == "one order waits\n"


def test_what_libraries_print_stays_out_of_the_document(capsys):
    with stdout_kept_clean():
        sys.stdout.write("a library was here\n")
    finish({"ok": True}, as_json=True)

    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"ok": True}
    assert "a library was here" in printed.err


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (200000, "2 d")]
)
def test_ages_are_shown_in_the_unit_that_fits(seconds, shown):
    now = datetime(2026, 11, 24, tzinfo=UTC)
    then = datetime.fromtimestamp(now.timestamp() - seconds, UTC)
    assert ago(then, now) == shown


def test_never_is_a_dash():
    assert ago(None, datetime(2026, 11, 24, tzinfo=UTC)) == "-"


def test_errors_say_what_to_do():
    assert str(ConfigError("It is wrong.", remedy="Set it right.")) == "It is wrong. Set it right."
