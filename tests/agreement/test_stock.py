import pytest
from both_states import account, line, note, row, sales_order, store, store_order

from agreement.stock import SkuStock, compare_stock, held_by_orders


def held(in_account, **more):
    order = store_order(lines=[line(sku="Mug", **more.pop("line", {}))], **more)
    return held_by_orders(store(order), in_account)


def without_reservation(**more):
    return account(reservations={}, **more)


def nothing():
    return account(reservations={}, payments={}) | {"orders": {}}


def test_an_order_holds_what_is_neither_reserved_nor_on_a_note():
    assert held(account()) == {}
    assert held(account(reservations={"100001": {"rows": {"11": [7, 1]}}})) == {"mug": 2}
    assert held(without_reservation(goods_out={"5": note(units=3, shipped=False)})) == {}


def test_an_order_that_is_not_imported_holds_everything_but_what_is_refunded():
    assert held(nothing()) == {"mug": 3}
    assert held(nothing(), line={"quantity_refunded": 1}) == {"mug": 2}


@pytest.mark.parametrize("status_id", [0, 2, 4, 5, 6, 10])
def test_orders_that_sell_nothing_hold_nothing(status_id):
    assert held(nothing(), status_id=status_id) == {}


@pytest.mark.parametrize("status_id", [2, 10])
def test_units_perhaps_left_whose_status_said_so_until_a_refund_changed_it(status_id):
    order = store_order(lines=[line(sku="Mug")], status_id=14, status_before_refunds=status_id)
    sides = store(order), without_reservation()
    assert held_by_orders(*sides) == {}
    assert held_by_orders(*sides, perhaps_left=True) == {"mug": 3}

    levels = {"Mug": {"1": (9, 7)}}, {"Mug": {"2": (10, 10)}}
    found = compare_stock(*levels, {}, {"mug": 3})["Mug"]
    assert (found.expected, found.is_right) == (10, True)
    assert not compare_stock(*levels, {})["Mug"].is_right
    assert not compare_stock(*levels, {}, {"mug": 2})["Mug"].is_right


def test_orders_that_are_archived_or_cancelled_in_the_account_hold_nothing():
    assert held(nothing(), is_deleted=True) == {}
    assert held(account(sales_order(status_id=5), reservations={})) == {}


@pytest.mark.parametrize(("reserved", "units"), [(0, 3), (1, 2), (2, 1)])
def test_an_order_holds_what_the_store_has_sold_although_its_row_says_fewer(reserved, units):
    fewer = sales_order(row(quantity="2"))
    reservations = {"100001": {"rows": {"11": [7, reserved]}}}
    assert held(account(fewer, reservations=reservations)) == {"mug": units}


def test_units_that_the_store_has_shipped_are_not_held():
    assert held(without_reservation(), line={"quantity_shipped": 1}) == {"mug": 2}
    gone = without_reservation(goods_out={"5": note(units=2)})
    assert held(gone, line={"quantity_shipped": 2}) == {"mug": 1}


def test_an_order_cancelled_in_the_account_holds_its_units_while_a_person_decides():
    off = account(sales_order(status_id=5), reservations={})
    sold = store(store_order(lines=[line(sku="Mug")]))
    assert held_by_orders(sold, off) == {}
    assert held_by_orders(sold, off, undecided={"101"}) == {"mug": 3}


def test_units_of_a_back_order_are_held_once():
    parent = sales_order(row(quantity="2"))
    child = sales_order(row(12, quantity="1"), id=9, external_ref=None, parent_id=100001)
    reserved = {"100001": {"rows": {"11": [7, 2]}}, "9": {"rows": {"12": [7, 1]}}}
    assert held(account(parent, child, reservations=reserved)) == {}
    assert held(account(parent, child, reservations={"9": reserved["9"]})) == {"mug": 2}


def test_what_is_on_sale_is_what_is_promised_and_not_held():
    on_sale = {"A": {"1": [9, 4]}, "B": {"1": [3, 0]}, "C": {"1": [0, 0]}, "ONLY-HERE": {}}
    levels = {"A": {"2": [9, 3], "3": [9, 1]}, "B": {"2": [3, 3]}, "C": {"2": [0, -2]}}
    found = compare_stock(on_sale, levels, {"b": 2})
    assert found == {"A": SkuStock(4, 4, 0), "B": SkuStock(0, 3, 2), "C": SkuStock(0, -2, 0)}
    assert [sku for sku, one in found.items() if not one.is_right] == ["B"]
