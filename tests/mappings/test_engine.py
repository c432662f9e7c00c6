"""A mapping applied to frames: columns, refusals, empty frames, properties."""

from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.frames import DTYPES, frame
from core.orders import CONTACTS, ORDERS, PAYMENTS
from core.refusals import REFUSALS
from mappings.bundle import load_bundle
from mappings.engine import Context, apply
from mappings.rules import EntityMapping, FieldRule, ValueStep, build
from mappings.shapes import SOURCES, TARGETS
from mappings.tables import read_table

TABLES = {
    "colours": read_table("colours", "value,becomes,note\nred,R,\nblue,B,\n")[0],
}
CONTEXT = Context(zone="Europe/London", tables=TABLES, known={"products": {"sku-1": "1001"}})
LOOK_UP = (build("lookup", "colours"),)


def contacts_of(*rules):
    """A mapping from orders to contacts of these rules alone; the rest stays blank."""
    return EntityMapping("contacts", "bigcommerce.order", "brightpearl.contact", rules)


def orders(*records):
    return frame([{"order_id": str(100 + i), **record} for i, record in enumerate(records)], ORDERS)


def dtypes(rows):
    return {name: str(dtype) for name, dtype in rows.dtypes.items()}


def test_the_frame_that_comes_out_has_exactly_the_targets_columns_and_dtypes():
    mapped = apply(contacts_of(), orders({}, {}), CONTEXT)
    assert dtypes(mapped.frame) == {name: DTYPES[kind] for name, kind in CONTACTS.items()}
    assert len(mapped.frame) == 2
    assert (mapped.frame["email"] == "").all()


@pytest.mark.parametrize("name", ["orders", "order_rows", "contacts", "payments"])
def test_an_empty_frame_gives_an_empty_one_with_columns_and_dtypes(name):
    mapping = load_bundle().mappings[name]
    context = Context(zone="UTC", tables=load_bundle().tables, known={"products": {}})
    mapped = apply(mapping, frame([], SOURCES[mapping.source]), context)
    wanted = {column: DTYPES[kind] for column, kind in TARGETS[mapping.target].items()}
    assert dtypes(mapped.frame) == wanted
    assert len(mapped.frame) == 0
    assert list(mapped.refusals.columns) == list(REFUSALS)
    assert len(mapped.refusals) == 0


def test_the_frame_that_goes_in_is_not_touched_whatever_its_index():
    rows = orders({"billing_city": "red"}, {"billing_city": "none"}, {"billing_city": "blue"})
    rows.index = pd.Index([7, 7, 3])
    before = rows.copy(deep=True)
    rule = FieldRule("company", ("billing_city",), LOOK_UP, missing="refuse")
    mapped = apply(contacts_of(rule), rows, CONTEXT)
    pd.testing.assert_frame_equal(rows, before)
    assert mapped.frame["company"].tolist() == ["R", "B"]
    assert mapped.frame.index.tolist() == [0, 1]
    assert mapped.refusals["key"].tolist() == ["101"]


def test_a_column_that_is_missed_stays_blank_unless_it_is_to_be_refused():
    rule = FieldRule("company", ("status_id",), LOOK_UP, missing="blank")
    mapped = apply(contacts_of(rule), orders({"status_id": "green"}), CONTEXT)
    assert mapped.frame["company"].tolist() == [""]
    assert mapped.refusals.empty


def test_a_constant_takes_the_place_of_all_columns_and_a_step_changes_the_one_it_names():
    steps = (build("upper", {"column": "billing_city"}), build("join", "-"))
    constant = FieldRule("phone", ("billing_city", "billing_zip"), (build("constant", "x"),))
    joined = FieldRule("company", ("billing_city", "billing_zip"), steps)
    rows = orders({"billing_city": "york", "billing_zip": "yo1"})
    mapped = apply(contacts_of(constant, joined), rows, CONTEXT)
    assert mapped.frame[["phone", "company"]].to_numpy().tolist() == [["x", "YORK-yo1"]]


def test_a_refused_row_leaves_the_frame_with_value_reason_and_remedy():
    rule = FieldRule(
        "company",
        ("status_id",),
        LOOK_UP,
        missing="refuse",
        class_="colour",
        about=("status_id",),
    )
    mapped = apply(
        contacts_of(rule), orders({"status_id": "red"}, {"status_id": "dark green"}), CONTEXT
    )
    assert mapped.frame["company"].tolist() == ["R"]
    assert mapped.refusals.to_dict("records") == [
        {
            "key": "101",
            "class": "colour",
            "field": "status_id",
            "value": "dark green",
            "reason": "status id 'dark green' has no row in mappings/tables/colours.csv",
            "remedy": "Add `dark green,<Brightpearl company>` to mappings/tables/colours.csv, "
            "then: causeway quarantine release --class colour --value 'dark green'",
        }
    ]


def test_every_reason_for_a_row_is_given_not_just_the_first():
    rules = (
        FieldRule("company", ("status_id",), LOOK_UP, "refuse", "status", about=("status_id",)),
        FieldRule("phone", ("channel_id",), LOOK_UP, "refuse", "channel", about=("channel_id",)),
    )
    rows = orders({"status_id": "9", "channel_id": "8"}, {"status_id": "red", "channel_id": "7"})
    refusals = apply(contacts_of(*rules), rows, CONTEXT).refusals
    assert refusals[["key", "class", "value"]].to_numpy().tolist() == [
        ["100", "status", "9"],
        ["100", "channel", "8"],
        ["101", "channel", "7"],
    ]


def test_the_same_reason_twice_in_an_order_is_given_once():
    rule = FieldRule("company", ("status_id",), LOOK_UP, "refuse", "x", about=("status_id",))
    rows = orders({"order_id": "5", "status_id": "9"}, {"order_id": "5", "status_id": "9"})
    assert len(apply(contacts_of(rule), rows, CONTEXT).refusals) == 1


def test_personal_data_is_never_in_a_refusal():
    rule = FieldRule("phone", ("billing_phone",), LOOK_UP, "refuse", about=("billing_phone",))
    (refusal,) = apply(
        contacts_of(rule), orders({"billing_phone": "+44 7700 900123"}), CONTEXT
    ).refusals.to_dict("records")
    assert "7700" not in str(refusal)
    assert refusal["value"] == ""
    assert refusal["reason"] == "the order's billing phone cannot be used"
    assert refusal["remedy"] == (
        "Complete the order in BigCommerce, then: causeway quarantine release --class document "
        "--key 100"
    )


def test_a_remedy_of_the_file_takes_the_value_and_a_release_is_safe_to_paste():
    rule = FieldRule(
        "company", ("status_id",), LOOK_UP, "refuse", "x", "Paint {value}", ("status_id",)
    )
    (refusal,) = apply(
        contacts_of(rule), orders({"status_id": "a'; rm -rf ~"}), CONTEXT
    ).refusals.to_dict("records")
    assert refusal["remedy"] == (
        "Paint a'; rm -rf ~, then: causeway quarantine release --class x "
        "--value 'a'\"'\"'; rm -rf ~'"
    )


def test_where_there_was_nothing_a_column_may_stay_blank_while_the_unknown_is_refused():
    rule = FieldRule("company", ("status_id",), LOOK_UP, "refuse_unknown", about=("status_id",))
    mapped = apply(contacts_of(rule), orders({"status_id": ""}, {"status_id": "x"}), CONTEXT)
    assert mapped.frame["company"].tolist() == [""]
    assert mapped.refusals["value"].tolist() == ["x"]


def test_only_the_rows_that_must_have_a_value_are_refused():
    rule = FieldRule(
        "company",
        ("status_id",),
        LOOK_UP,
        "refuse",
        about=("status_id",),
        where={"channel_id": frozenset({"1"})},
    )
    rows = orders({"status_id": "x", "channel_id": "1"}, {"status_id": "x", "channel_id": "2"})
    mapped = apply(contacts_of(rule), rows, CONTEXT)
    assert mapped.refusals["key"].tolist() == ["100"]
    assert mapped.frame["company"].tolist() == [""]


def test_the_first_filled_of_the_columns_in_question_is_named():
    rule = FieldRule(
        "company",
        ("status_id", "channel_id"),
        (build("lookup", "colours"), build("first_filled", None)),
        "refuse",
        about=("channel_id", "status_id"),
    )
    rows = orders({"status_id": "x", "channel_id": ""}, {"status_id": "y", "channel_id": "z"})
    refusals = apply(contacts_of(rule), rows, CONTEXT).refusals
    assert refusals[["field", "value"]].to_numpy().tolist() == [
        ["status_id", "x"],
        ["channel_id", "z"],
    ]


def test_a_step_may_concern_one_of_several_columns():
    steps = (build("lookup", {"table": "colours", "column": "channel_id"}), build("join", None))
    rule = FieldRule("company", ("status_id", "channel_id"), steps)
    mapped = apply(contacts_of(rule), orders({"status_id": "red", "channel_id": "red"}), CONTEXT)
    assert mapped.frame["company"].tolist() == ["red R"]


def test_steps_go_on_behind_a_joining_one():
    steps = tuple(
        build(name, parameters)
        for name, parameters in [("trim", None), ("join", None), ("upper", None), ("clip", 5)]
    )
    rule = FieldRule("company", ("status_id", "channel_id"), steps)
    mapped = apply(contacts_of(rule), orders({"status_id": " ab ", "channel_id": "cde"}), CONTEXT)
    assert mapped.frame["company"].tolist() == ["AB CD"]


def test_amounts_stay_decimals_and_times_stay_utc():
    rules = (
        FieldRule("amount", ("amount",), (build("money", None),)),
        FieldRule("paid_at", ("created_at",)),
    )
    mapping = EntityMapping(
        "payments", "bigcommerce.receipt", "brightpearl.customer_payment", rules
    )
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    source = SOURCES["bigcommerce.receipt"]
    rows = frame([{"amount": Decimal("1.005"), "created_at": moment}, {}], source)
    mapped = apply(mapping, rows, CONTEXT)
    assert dtypes(mapped.frame) == {name: DTYPES[kind] for name, kind in PAYMENTS.items()}
    assert mapped.frame["amount"].tolist() == [Decimal("1.01"), None]
    assert mapped.frame["paid_at"][0] == moment
    assert mapped.frame["paid_at"].isna().tolist() == [False, True]


def test_a_value_is_worked_out_once_however_often_it_is_in_the_frame():
    asked = []

    class Recorded(ValueStep):
        def of(self, value, context):  # noqa: ARG002 - needs no facts
            asked.append(value)
            return value.upper()

    rule = FieldRule("company", ("billing_company",), (Recorded(),))
    rows = orders(*[{"billing_company": name} for name in ("a", "b", "a") * 50])
    mapped = apply(contacts_of(rule), rows, CONTEXT)
    assert sorted(asked) == ["a", "b"]
    assert mapped.frame["company"].tolist() == ["A", "B", "A"] * 50


TEXTS = st.text(max_size=12)
RULES = (
    FieldRule("company", ("status_id",), LOOK_UP, "refuse", about=("status_id",)),
    FieldRule("phone", ("billing_phone", "shipping_phone"), (build("join", None),)),
    FieldRule("email_key", ("email_key",)),
)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "status_id": st.sampled_from(["red", "RED ", "blue", "", "green", "x y"]),
                "billing_phone": TEXTS,
                "shipping_phone": TEXTS,
                "email_key": TEXTS,
            }
        ),
        max_size=12,
    )
)
def test_every_row_either_travels_on_in_its_place_or_is_refused_by_its_id(records):
    rows = orders(*records)
    mapped = apply(contacts_of(*RULES), rows, CONTEXT)
    fits = [TABLES["colours"].get(record["status_id"]) is not None for record in records]
    assert len(mapped.frame) == sum(fits)
    assert set(mapped.refusals["key"]) == set(rows["order_id"][[not fit for fit in fits]])
    kept = [record for record, fit in zip(records, fits, strict=True) if fit]
    assert mapped.frame["email_key"].tolist() == [record["email_key"] for record in kept]
    assert set(mapped.frame["company"]) <= {"R", "B"}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["red", "blue", "green"]), TEXTS), max_size=5))
def test_a_row_is_mapped_alike_alone_and_among_others(pairs):
    rows = orders(*[{"status_id": status, "billing_phone": phone} for status, phone in pairs])
    together = apply(contacts_of(*RULES), rows, CONTEXT)
    one_by_one = [apply(contacts_of(*RULES), rows.iloc[[i]], CONTEXT) for i in range(len(rows))]
    assert together.frame.to_dict("records") == [
        record for mapped in one_by_one for record in mapped.frame.to_dict("records")
    ]
    assert together.refusals.to_dict("records") == [
        record for mapped in one_by_one for record in mapped.refusals.to_dict("records")
    ]
