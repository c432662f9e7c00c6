"""A bundle is one version of all mapping files: read whole, checked whole, never changed."""

import dataclasses
import subprocess
import sys

import pytest

from core.errors import ConfigError
from mappings.bundle import SHIPPED, Bundle, load_bundle
from mappings.files import MappingError, Problem
from mappings.rules import REGISTRY
from mappings.shapes import FILES, TABLES

READ_IF_PRESENT = {"default_contacts", "hand_payments", "line_kinds"}
"""Tables that are read by name, and that bundles of older releases lack."""


@pytest.fixture
def files():
    return dict(load_bundle().files)


def said(files):
    return [str(problem) for problem in Bundle.from_files(files, check=False).problems]


def test_the_shipped_mappings_are_sound_and_complete():
    bundle = load_bundle()
    assert bundle.problems == ()
    assert set(bundle.mappings) == set(FILES)
    assert bundle.version == f"files-{bundle.hash[:12]}"
    assert bundle.tables["order_status"].get("11") == "2"


def test_every_shipped_table_is_used_by_a_mapping_or_by_name(files):
    texts = "".join(text for name, text in files.items() if name.endswith(".yaml"))
    for name in set(load_bundle().tables) - {*TABLES, *READ_IF_PRESENT}:
        assert any(
            f"{word}: {name}" in texts for word in ("lookup", "table", "find", "taxes", "rounding")
        )


def test_the_explanation_of_the_files_names_every_step_table_and_key():
    text = (SHIPPED / "README.md").read_text(encoding="utf-8")
    keys = ("to", "from", "steps", "missing", "class", "remedy", "about", "where")
    for name in (*REGISTRY, *load_bundle().tables, *keys):
        assert f"`{name}`" in text


def test_other_content_is_another_version_and_a_published_number_is_kept(files):
    same = Bundle.from_files(dict(reversed(files.items())))
    other = Bundle.from_files({**files, "tables/skus.csv": "value,becomes,note\na,b,\n"})
    published = Bundle.from_files(files, version="7")
    assert same.version == load_bundle().version
    assert other.version != same.version
    assert (published.version, published.hash) == ("7", same.hash)


def test_content_that_was_read_is_not_read_again(files):
    assert Bundle.from_files(dict(files)).mappings is Bundle.from_files(files).mappings
    changed = {**files, "tables/skus.csv": "value,becomes,note\nx,y,\n"}
    assert Bundle.from_files(changed).tables["skus"].get("x") == "y"


def test_line_ends_of_another_system_do_not_make_another_version(files):
    windows = {name: text.replace("\n", "\r\n") for name, text in files.items()}
    assert Bundle.from_files(windows).version == load_bundle().version


def test_a_bundle_does_not_change_with_what_it_was_made_from(files):
    bundle = Bundle.from_files(files)
    with pytest.raises(dataclasses.FrozenInstanceError):
        bundle.version = "8"
    files["orders.yaml"] = ""
    assert bundle.files["orders.yaml"]


def test_files_that_cannot_be_used_are_an_error_of_the_operator_that_names_them_all(files):
    files["orders.yaml"] = files["orders.yaml"].replace("{lookup: channels}", "{lookup: chanels}")
    line = files["orders.yaml"].partition("chanels")[0].count("\n") + 1
    files["tables/currencies.csv"] += "\nGBP,EUR,\n"
    with pytest.raises(MappingError) as caught:
        Bundle.from_files(files)
    assert isinstance(caught.value, ConfigError)
    assert [(p.file, p.line, p.field) for p in caught.value.problems] == [
        ("orders.yaml", line, "channel_id.steps[0]"),
        ("tables/currencies.csv", 5, ""),
        ("tables/currencies.csv", 6, "value"),
    ]
    assert f"orders.yaml:{line}: channel_id.steps[0]: there is no table" in str(caught.value)
    assert "causeway mappings validate" in caught.value.remedy


def test_a_mapping_with_problems_cannot_be_had(files):
    files["orders.yaml"] = "fields: []\n"
    bundle = Bundle.from_files(files, check=False)
    with pytest.raises(MappingError, match=r"orders\.yaml:1: source: is missing"):
        bundle.mappings["orders"]
    assert bundle.mappings["payments"].target == "brightpearl.customer_payment"


def test_what_is_not_there_is_named():
    with pytest.raises(MappingError, match=r"colours\.yaml: there is no such file"):
        load_bundle().mappings["colours"]
    with pytest.raises(MappingError, match=r"tables/colours\.csv: there is no such file"):
        load_bundle().tables["colours"]


def test_a_missing_file_and_one_that_does_not_belong_are_named(files):
    del files["contacts.yaml"], files["tables/tax_codes.csv"]
    files["notes.txt"] = "hello"
    files["tables/deep/x.csv"] = "value,becomes,note\n"
    problems = said(files)
    assert "contacts.yaml: is missing" in problems
    assert "tables/tax_codes.csv: is missing" in problems
    assert "notes.txt: is neither `<name>.yaml` nor `tables/<name>.csv`" in problems
    assert "tables/deep/x.csv: is neither `<name>.yaml` nor `tables/<name>.csv`" in problems


def test_tax_rates_have_to_be_numbers(files):
    files["tables/tax_codes.csv"] += "standard,T20,\n"
    assert said(files) == ["tables/tax_codes.csv:6: value: 'standard' is not a number"]


def test_an_error_of_many_problems_shows_the_first_and_counts_the_rest():
    error = MappingError([Problem("a.yaml", line, "", "x") for line in range(1, 31)])
    assert "a.yaml:20: x" in str(error)
    assert "… and 10 more" in str(error)
    assert len(error.problems) == 30


def test_the_difference_between_two_versions_reads_as_a_patch(files):
    old = Bundle.from_files(files, version="1")
    files["tables/skus.csv"] += "red-1,RED-01,\n"
    files["tables/colours.csv"] = "value,becomes,note\n"
    new = Bundle.from_files(files, version="2")
    assert old.diff(old) == ""
    assert old.diff(new).splitlines() == [
        "--- /dev/null",
        "+++ 2/tables/colours.csv",
        "@@ -0,0 +1 @@",
        "+value,becomes,note",
        "--- 1/tables/skus.csv",
        "+++ 2/tables/skus.csv",
        "@@ -1 +1,2 @@",
        " value,becomes,note",
        "+red-1,RED-01,",
    ]


def test_a_folder_of_ones_own_takes_the_place_of_the_shipped_one(tmp_path, files):
    (tmp_path / "tables").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
    (tmp_path / "README.md").write_text("ours", encoding="utf-8")
    assert load_bundle(tmp_path).version == load_bundle(SHIPPED).version


def test_a_folder_or_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(MappingError, match="there is no such folder"):
        load_bundle(tmp_path / "nowhere")
    (tmp_path / "orders.yaml").write_bytes(b"source: x\n# caf\xe9\n")
    with pytest.raises(MappingError, match=r"orders\.yaml:2: is not UTF-8"):
        load_bundle(tmp_path)


def test_checking_mappings_needs_neither_the_engine_nor_the_validator():
    code = (
        "import sys; from mappings.bundle import load_bundle; load_bundle();"
        "print(sorted({'prefect', 'great_expectations', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter, a constant text
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
