"""Sets of frames: what belongs to a record goes with it, and no records still have columns."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from new_entity import NUMBERS, Found, SetNumber

from core.frames import DTYPES, Schema, frame
from tasks.reconciler.gate import Frames, rows, typed_rows

PARTS: Schema = {
    "sku": "text",
    "quantity": "count",
    "price": "money",
    "at": "time",
    "is_new": "flag",
}
TABLE: Schema = {"code": "text"}


@dataclass(frozen=True)
class Parts(Frames):
    """Two frames of records, and one that belongs to none."""

    KEY = "sku"
    parts: pd.DataFrame = rows(PARTS, suite="parts_in")
    others: pd.DataFrame = rows(PARTS)
    table: pd.DataFrame = rows(TABLE, is_keyed=False)


def parts(*skus: str) -> pd.DataFrame:
    return frame([{"sku": sku, "quantity": 1} for sku in skus], PARTS)


def test_a_set_without_records_has_every_column_with_its_dtype() -> None:
    empty = Parts()

    assert len(empty.parts) == len(empty.refusals) == 0
    assert {name: str(kind) for name, kind in empty.parts.dtypes.items()} == {
        name: str(frame([], {name: kind})[name].dtype) for name, kind in PARTS.items()
    }
    assert str(empty.parts["quantity"].dtype) == DTYPES["count"]


def test_records_leave_every_frame_that_is_theirs_and_no_other() -> None:
    batch = Parts(
        parts=parts("a", "b", "c"), others=parts("b", "b", "d"), table=frame([{"code": "b"}], TABLE)
    )

    left = batch.without({"b", "x"})

    assert list(left.parts["sku"]) == ["a", "c"]
    assert list(left.parts.index) == [0, 1]
    assert list(left.others["sku"]) == ["d"]
    assert list(left.table["code"]) == ["b"]
    assert left.parts.dtypes.equals(batch.parts.dtypes)
    assert list(batch.parts["sku"]) == ["a", "b", "c"]


def test_without_nobody_it_is_the_same_set() -> None:
    batch = Parts(parts=parts("a"))
    assert batch.without(set()) is batch


def test_a_set_from_which_all_leave_is_an_empty_one() -> None:
    left = Parts(parts=parts("a")).without({"a"})
    assert left.parts.dtypes.equals(Parts().parts.dtypes)
    assert left.parts.empty


def test_a_frame_is_validated_by_the_suite_that_it_names() -> None:
    batch = Parts(parts=parts("a"), others=parts("b"))
    assert list(batch.validated()) == ["parts_in"]
    assert batch.validated()["parts_in"] is batch.parts


def test_rows_become_instances_by_the_names_of_their_columns() -> None:
    numbers = frame([{"order_id": "1", "sales_order_id": "11", "actual": "7"}], NUMBERS)
    desired = Found(numbers=numbers).numbers.assign(desired="SO-11")

    assert typed_rows(desired, SetNumber) == [SetNumber("1", "7", "SO-11")]
    assert typed_rows(desired.iloc[:0], SetNumber) == []
