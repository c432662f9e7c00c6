"""Remedies: what to do, and the command that releases what waited for it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.refusals import CLASSES, release_command, release_remedy
from mappings.bundle import load_bundle

ROOT = Path(__file__).parents[2]
FIRST = {"Refusal", "refusal_by_value", "refuse"}
"""Calls that begin with a class; `release_remedy` has it second."""


def classes_in_source() -> Iterator[str]:
    """The classes that the code writes down as texts."""
    for folder in ("expectations", "mappings", "tasks"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                at = {**dict.fromkeys(FIRST, 0), "release_remedy": 1}.get(node.func.id)
                match node.args[at : at + 1] if at is not None else ():
                    case [ast.Constant(value=str(class_))]:
                        yield class_


def test_every_class_that_the_code_or_the_shipped_mappings_give_is_known():
    of_files = {rule.class_ for one in load_bundle().mappings.values() for rule in one.fields}
    found = {*of_files, *classes_in_source()}

    assert len(found) > 20
    assert found <= CLASSES


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ({"value": "JPY"}, "--class currency --value JPY"),
        ({"value": "blue 9"}, "--class currency --value 'blue 9'"),
        ({"value": "x'; rm -rf ~"}, """--class currency --value 'x'"'"'; rm -rf ~'"""),
        ({"key": "118"}, "--class currency --key 118"),
        ({"entity": "stock", "key": "ring"}, "--entity stock --class currency --key ring"),
        ({"apply": True, "value": "JPY"}, "--apply --class currency --value JPY"),
    ],
)
def test_a_release_command_names_what_it_releases_as_a_shell_reads_it(options, command):
    assert release_command("currency", **options) == f"causeway quarantine release {command}"


def test_all_that_waits_for_the_same_value_is_released_together():
    remedy = release_remedy("Add the SKU", "sku", value="ABC-1", key="118")

    assert remedy == "Add the SKU, then: causeway quarantine release --class sku --value ABC-1"


def test_what_has_no_value_is_released_by_its_key():
    assert release_remedy("Add the SKU", "sku", key="118").endswith("--class sku --key 118")


@pytest.mark.parametrize("class_", ["document", "money"])
def test_what_is_wrong_with_one_record_alone_is_released_by_its_key(class_):
    remedy = release_remedy("Correct it", class_, value="-1", key="118")

    assert remedy.endswith(f"--class {class_} --key 118")
