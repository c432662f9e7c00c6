"""Remedies: what to do, and the command that releases what waited for it."""

import pytest

from core.refusals import release_command, release_remedy


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
