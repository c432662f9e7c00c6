"""Whose value of a field wins that both sides may change, by its owner."""

from __future__ import annotations

import pytest

from connectors.bigcommerce.catalog_models import StoreProduct
from connectors.brightpearl.catalogue_models import AccountProduct
from core.settings import ProductSettings
from tasks.bigcommerce.product_operations import UpdateProduct
from tasks.bigcommerce.products import Names, StoreRows
from tasks.brightpearl.product_operations import UpdateAccountProduct
from tasks.products.frames import AgreedProduct, AgreedVariant
from tasks.products.matching import Family
from tasks.products.plan import PlanContext, ProductPlan, plan_family
from tasks.reconciler.cases import Decisions

STORE = StoreRows(Names({}, {}), (1, 1))


def planned(owner: str, *, is_writable: bool, in_store: str, in_account: str) -> ProductPlan:
    """The plan of a product whose name both sides last agreed to be `Mug`."""
    family = Family(
        "product:7",
        members=(AccountProduct(id="7"),),
        store=StoreProduct.model_validate({"id": 3, "name": in_store, "price": "5"}),
        agreed=AgreedProduct(fields={"name": "Mug"}, variants={"7": AgreedVariant(variant_id="4")}),
        product_id_bc="3",
    )
    context = PlanContext(
        store=STORE,
        owners={"name": owner},
        variant_owners={},
        writable=frozenset({"name"} if is_writable else ()),
        settings=ProductSettings(),
        decisions=Decisions(),
        holds_contradictions=False,
    )
    return plan_family(family, {"key": "product:7", "name": in_account}, {}, context)


def written(plan: ProductPlan) -> dict[str, str]:
    """Names that are written, by system."""
    found = {}
    for one in plan.operations:
        match one:
            case UpdateProduct():
                found["store"] = one.fields["name"]
            case UpdateAccountProduct():
                found["account"] = one.row["name"]
            case _:
                raise AssertionError(one)
    return found


@pytest.mark.parametrize(
    ("owner", "expected"),
    [("brightpearl", {"store": "Beaker"}), ("bigcommerce", {"account": "Cup"})],
)
def test_the_owner_of_a_field_that_both_changed_wins(owner: str, expected: dict[str, str]) -> None:
    plan = planned(owner, is_writable=True, in_store="Cup", in_account="Beaker")
    assert (written(plan), plan.cases) == (expected, ())


@pytest.mark.parametrize("owner", ["", "last agreed"])
def test_without_one_or_where_the_agreed_value_would_win_a_person_decides(owner: str) -> None:
    plan = planned(owner, is_writable=True, in_store="Cup", in_account="Beaker")
    assert written(plan) == {}
    assert [one.class_ for one in plan.cases] == ["review"]
    assert plan.agreed.fields == {"name": "Mug"}


@pytest.mark.parametrize("owner", ["brightpearl", "bigcommerce", "last agreed", ""])
def test_a_field_that_does_not_flow_back_is_taken_back_whoever_changed_it(owner: str) -> None:
    for in_account in ("Mug", "Beaker"):
        plan = planned(owner, is_writable=False, in_store="Cup", in_account=in_account)
        assert (written(plan), plan.cases) == ({"store": in_account}, ())
