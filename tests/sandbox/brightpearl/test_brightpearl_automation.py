"""The account's own rules at work, before our writes or between them."""

from sandbox.brightpearl.staff_orders import OrderEdit, edit
from sandbox.brightpearl.staff_stock import StockChange, change_stock


def rules(api, **wanted):
    for name, seconds in wanted.items():
        setattr(api.account.switches, f"automatic_{name}_s", seconds)


def later(api, clock, seconds):
    clock.advance(seconds)
    api.account.settle()


def codes(api, order_id):
    order = api.sales_order(order_id)
    return order["allocationStatusCode"], order["stockStatusCode"], order["shippingStatusCode"]


def test_no_rule_runs_by_default(api, clock):
    order_id = api.order()

    later(api, clock, 3600)

    assert codes(api, order_id) == ("ANA", "SON", "SNS")


def test_an_order_goes_all_the_way_step_by_step(api, clock):
    rules(api, allocation=10, fulfilment=20, shipping=30, invoicing=40)
    order_id = api.order()

    seen = []
    for _ in range(4):
        later(api, clock, 10)
        seen.append(codes(api, order_id))
    later(api, clock, 2)

    assert seen == [
        ("AAA", "SON", "SNS"),
        ("AAA", "SOA", "SNS"),
        ("AAA", "SOA", "ASS"),
        ("AAA", "SOA", "ASS"),
    ]
    assert api.sales_order(order_id)["invoice"]["invoiceReference"] == "SI-1001"
    note = next(iter(api.account.goods_out.values()))
    assert [code for _, _, code in note.events] == ["PLA", "PRI", "SHW"]
    assert "goods-out-note.modified.printed" in api.fired()


def test_a_rule_without_delay_comes_before_our_next_request(api):
    rules(api, allocation=0)
    order_id = api.order()
    api.account.settle()

    assert codes(api, order_id)[0] == "AAA"
    assert api.reserve(order_id).codes == ["WHSB-901"]


def test_a_rule_leaves_what_we_did_first(api, clock):
    rules(api, allocation=10, fulfilment=20)
    order_id = api.order()
    api.reserve(order_id)
    api.goods_out(order_id)

    later(api, clock, 30)

    assert len(api.account.goods_out) == 1
    assert api.stock() == {"inStock": 10, "onHand": 8, "allocated": 2, "inTransit": 0}


def test_rules_take_what_there_is_and_share_it_between_rows(api, clock):
    change_stock(api.account, StockChange(sku="MUG", on_hand=3))
    rules(api, fulfilment=5)
    row = api.order_body()["rows"][0]
    order_id = api.order(rows=[row, row | {"externalRef": "line-2"}])

    later(api, clock, 5)

    assert api.stock() == {"inStock": 3, "onHand": 0, "allocated": 3, "inTransit": 0}
    assert codes(api, order_id) == ("APA", "SOP", "SNS")


def test_without_stock_a_rule_makes_no_note(api, clock):
    change_stock(api.account, StockChange(sku="MUG", on_hand=0))
    rules(api, allocation=1, shipping=5)
    api.order()

    later(api, clock, 5)

    assert (api.account.goods_out, api.account.reservations) == ({}, {})


def test_held_cancelled_and_deleted_orders_are_left_alone(api, clock):
    rules(api, allocation=10, invoicing=10)
    held, cancelled, deleted = api.order("A"), api.order("B"), api.order("C")
    edit(api.account, OrderEdit(order_id=held, hold=True))
    edit(api.account, OrderEdit(order_id=cancelled, cancel=True))
    edit(api.account, OrderEdit(order_id=deleted, delete=True))

    later(api, clock, 60)

    assert api.stock()["allocated"] == 0
    for order_id in (held, cancelled):
        assert "invoiceReference" not in api.sales_order(order_id)["invoice"]


def test_an_order_deleted_while_its_invoice_is_pending_gets_none(api, clock):
    order_id = api.order()
    edit(api.account, OrderEdit(order_id=order_id, close=True))
    edit(api.account, OrderEdit(order_id=order_id, delete=True))

    later(api, clock, 60)

    assert api.account.deleted_orders[order_id].invoice_reference is None
