"""A wrong mapping file is answered with file, line and field of everything that is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.files import read_yaml
from mappings.schema import read_mapping
from mappings.shapes import SOURCES
from mappings.tables import read_table

HEAD = "source: bigcommerce.receipt\ntarget: brightpearl.customer_payment\nfields:\n"
GOOD = (
    HEAD
    + """\
  - {to: order_id, from: order_id}
  - to: transaction_ref
    from: [order_id, transaction_id]
    steps: [{template: "BC-{order_id}-{transaction_id}"}]
  - to: payment_method_code
    from: [method, gateway]
    steps: [{lookup: payment_methods}, first_filled]
    class: payment_method
  - {to: payment_type, steps: [{constant: RECEIPT}]}
  - {to: amount, from: amount, steps: [money]}
  - {to: currency_code, from: currency_code}
  - {to: paid_at, from: created_at}
"""
)
TABLES = {
    "payment_methods": read_table("payment_methods", "value,becomes,note\nstripe,CARD,\n")[0],
    "names": read_table("names", "value,becomes,note\ncash,,\n")[0],
}


def problems(text, name="payments"):
    return [str(problem) for problem in read_mapping(name, text, TABLES)[1]]


def with_field(entry, text=GOOD):
    """The good file, its `payment_method_code` (lines 8 to 11) written otherwise, on line 8."""
    lines = text.splitlines()
    return "\n".join([*lines[:7], entry, *lines[11:]]) + "\n"


def test_a_right_file_has_no_problems_and_keeps_what_it_says():
    mapping, found = read_mapping("payments", GOOD, TABLES)
    assert not found
    assert [rule.to for rule in mapping.fields][:2] == ["order_id", "transaction_ref"]
    method = mapping.fields[2]
    assert (method.line, method.source, method.class_) == (
        8,
        ("method", "gateway"),
        "payment_method",
    )
    assert method.missing == "refuse"
    assert mapping.fields[3].source == ()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            "  - {to: payment_method_code, from: gatway, steps: [{lookup: payment_methods}]}",
            (
                "payments.yaml:8: payment_method_code.from: bigcommerce.receipt has no column "
                "'gatway' (did you mean gateway?)"
            ),
        ),
        (
            "  - {to: payment_method_code, from: gateway, steps: [{lookup: payment_method}]}",
            (
                "payments.yaml:8: payment_method_code.steps[0]: there is no table "
                "tables/payment_method.csv (did you mean payment_methods?)"
            ),
        ),
        (
            (
                "  - to: payment_method_code\n    from: gateway\n    steps:\n"
                "      - trim\n      - lokup: x"
            ),
            (
                "payments.yaml:12: payment_method_code.steps[1]: there is no step 'lokup' "
                "(did you mean lookup?)"
            ),
        ),
        (
            "  - to: payment_method_code\n    from: gateway\n    steps:\n      - clip: long",
            (
                "payments.yaml:11: payment_method_code.steps[0].clip.length: "
                "Input should be a valid integer"
            ),
        ),
        (
            (
                "  - to: payment_method_code\n    from: gateway\n    steps:\n"
                "      - lookup:\n          table: payment_methods\n          els: keep"
            ),
            (
                "payments.yaml:13: payment_method_code.steps[0].lookup.els: is not known here; "
                "known: column, table, otherwise, take, dated"
            ),
        ),
        (
            "  - {to: payment_method_code, from: gateway, step: [trim]}",
            (
                "payments.yaml:8: payment_method_code.step: is not known here; "
                "known: to, from, steps, missing, class, remedy, about, where, owner"
            ),
        ),
        (
            "  - {to: payment_method_code, from: gateway, missing: guess}",
            (
                "payments.yaml:8: payment_method_code.missing: Input should be 'refuse', "
                "'refuse_unknown' or 'blank'"
            ),
        ),
        (
            "  - {to: payment_method_code, from: gateway, missing: blank}",
            (
                "payments.yaml:8: payment_method_code.missing: must be `refuse`: "
                "payment_method_code is required"
            ),
        ),
        (
            "  - {to: payment_method_code, from: gateway, where: {method: card}}",
            (
                "payments.yaml:8: payment_method_code.where: cannot be used: "
                "payment_method_code is required in every row"
            ),
        ),
        (
            "  - {to: payment_method_code}",
            (
                "payments.yaml:8: payment_method_code.from: is missing; "
                "only a constant needs no column"
            ),
        ),
        (
            "  - {to: payment_method_code, from: [method, gateway], steps: [trim]}",
            (
                "payments.yaml:8: payment_method_code.steps: leave method, gateway side by side; "
                "add first_filled, join or template"
            ),
        ),
        (
            "  - {to: payment_method_code, from: amount, steps: [trim]}",
            "payments.yaml:8: payment_method_code.steps[0]: trim takes text, but amount is money",
        ),
        (
            "  - {to: payment_method_code, from: amount}",
            (
                "payments.yaml:8: payment_method_code.steps: give money, "
                "but payment_method_code is text"
            ),
        ),
        (
            "  - {to: payment_method_code, from: [amount, method], steps: [first_filled]}",
            "payments.yaml:8: payment_method_code.steps[0]: first_filled needs columns of one kind",
        ),
        (
            '  - {to: payment_method_code, from: method, steps: [{template: "{metod}"}]}',
            (
                "payments.yaml:8: payment_method_code.steps[0]: the column 'metod' is not among "
                "the columns that arrive here"
            ),
        ),
        (
            (
                "  - {to: payment_method_code, from: method,"
                " steps: [{lookup: {table: payment_methods, column: gateway}}]}"
            ),
            (
                "payments.yaml:8: payment_method_code.steps[0]: the column 'gateway' is not among "
                "the columns that arrive here"
            ),
        ),
        (
            "  - {to: payment_method_code, from: method, steps: [{trim: , upper: }]}",
            (
                "payments.yaml:8: payment_method_code.steps[0]: a step is a name, or one name with "
                "its parameters"
            ),
        ),
        (
            "  - {to: payment_method_code, from: method, steps: [{lookup: names}]}",
            "tables/names.csv:2: becomes: is blank, but payment_method_code needs a value",
        ),
        (
            "  - {to: payment_method_code, from: method, class: Payment-Method}",
            (
                "payments.yaml:8: payment_method_code.class: String should match pattern "
                "'^[a-z][a-z_]*$'"
            ),
        ),
    ],
)
def test_a_wrong_field_is_named_by_file_line_and_field(entry, said):
    assert problems(with_field(entry)) == [said]


def test_an_amount_is_only_looked_up_in_a_table_of_numbers():
    entry = "  - {to: payment_method_code, from: amount, steps: [{lookup: payment_methods}]}"
    assert problems(with_field(entry)) == [
        "tables/payment_methods.csv:2: value: 'stripe' is not a number"
    ]


def test_every_problem_of_a_file_is_listed_not_just_the_first():
    text = GOOD.replace("from: created_at", "from: made_at").replace("[money]", "[monney]")
    assert problems(text) == [
        "payments.yaml:13: amount.steps[0]: there is no step 'monney' (did you mean money?)",
        "payments.yaml:15: paid_at.from: bigcommerce.receipt has no column 'made_at'",
    ]


def test_an_unknown_target_column_is_named():
    said = problems(GOOD + "  - {to: payment_typ, from: method}\n")
    assert said == [
        (
            "payments.yaml:16: payment_typ.to: brightpearl.customer_payment has no column "
            "'payment_typ' (did you mean payment_type?)"
        )
    ]


def test_a_required_column_that_nothing_fills_is_named():
    text = GOOD.replace("  - {to: paid_at, from: created_at}\n", "")
    assert problems(text) == ["payments.yaml:3: paid_at: is required, but no field fills it"]


def test_a_column_that_is_filled_twice_is_named_at_the_second_place():
    said = problems(GOOD + "  - {to: paid_at, from: created_at}\n")
    assert said == ["payments.yaml:16: paid_at: is filled already in line 15"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "BC-{order_id}-",
            "X-{order_id}-",
            (
                "payments.yaml:5: transaction_ref: must be made from order_id and "
                "transaction_id by the steps [BC-{order_id}-{transaction_id}]: records are "
                "found again, and add up, by it"
            ),
        ),
        (
            "{to: order_id, from: order_id}",
            "{to: order_id, from: transaction_id}",
            (
                "payments.yaml:4: order_id: must be made from order_id as it is: "
                "records are found again, and add up, by it"
            ),
        ),
    ],
)
def test_what_records_are_found_again_by_cannot_be_mapped_otherwise(before, after, said):
    assert problems(GOOD.replace(before, after)) == [said]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "bigcommerce.receipt",
            "bigcommerce.reciept",
            (
                "payments.yaml:1: source: 'bigcommerce.reciept' is not one of "
                f"{', '.join(SOURCES)} (did you mean bigcommerce.receipt?)"
            ),
        ),
        (
            "bigcommerce.receipt",
            "bigcommerce.order",
            (
                "payments.yaml:1: source: this file maps bigcommerce.receipt to "
                "brightpearl.customer_payment"
            ),
        ),
        (
            "target: ",
            "traget: ",
            ("payments.yaml:2: traget: is not known here; known: source, target, fields"),
        ),
        (
            "fields:\n",
            "fields: none\nx:\n",
            "payments.yaml:3: fields: Input should be a valid list",
        ),
    ],
)
def test_a_wrong_head_is_named_by_line(before, after, said):
    assert said in problems(GOOD.replace(before, after, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "payments.yaml:1: the file is empty"),
        ("- a\n", "payments.yaml:1: must be a set of `key: value`"),
        ("a: [1,\n b: }", "payments.yaml:2: this is not YAML: did not find expected node content"),
        ("a: 1\na: 2\n", "payments.yaml:2: the key 'a' is given twice"),
        (
            "a: &x 1\nb: *x\n",
            "payments.yaml:1: anchors and aliases (&, *) are not used in mappings",
        ),
        ("a: 1\n---\nb: 1\n", "payments.yaml:2: this is not YAML: but found another document"),
        ("? [a]\n: b\n", "payments.yaml:1: a key must be a word"),
        ("[" * 100_000, "payments.yaml:1: values are nested deeper than 12 levels"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_refused_with_its_line(text, said):
    assert problems(text) == [said]


def test_a_field_that_is_no_set_of_keys_is_named_by_its_place():
    assert problems(GOOD + "  - paid_at\n") == [
        "payments.yaml:16: fields[7]: must be a set of `key: value`"
    ]


def test_yaml_words_for_yes_and_no_do_not_become_texts_silently():
    entry = "  - {to: payment_method_code, steps: [{constant: NO}]}"
    assert problems(with_field(entry)) == [
        (
            "payments.yaml:8: payment_method_code.steps[0].constant.value: "
            "Input should be a valid string"
        )
    ]


def test_a_value_stands_in_the_line_where_its_key_is():
    document = read_yaml("f.yaml", "a:\n  - b: 1\n    c:\n      - 2\n")
    assert document.line(("a", 0, "c")) == 3
    assert document.line(("a", 0, "c", 0)) == 4
    assert document.line(("a", 0, "c", 0, "deeper", 3)) == 4
    assert document.value == {"a": [{"b": 1, "c": [2]}]}


@given(st.text(max_size=200))
def test_any_text_is_answered_with_problems_that_name_a_line(text):
    mapping, found = read_mapping("payments", text, TABLES)
    assert mapping is None
    assert found
    assert all(problem.line >= 1 and problem.file == "payments.yaml" for problem in found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["to", "from", "steps", "class", "x"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_field_is_answered_with_problems_at_its_line(entry):
    found = read_mapping("payments", GOOD + "  - " + json.dumps(entry) + "\n", TABLES)[1]
    assert found
    assert {problem.line for problem in found} <= {1, 16}
