import pytest

ORDERS = "/order-service/order-search"


def test_rows_are_arrays_named_by_the_columns_of_the_same_answer(api):
    order_id = api.order()
    first = api.call("GET", ORDERS).value["metaData"]["columns"][0]["name"]
    api.account.switches.shuffle_columns = True

    orders = {
        tuple(c["name"] for c in api.call("GET", ORDERS).value["metaData"]["columns"])
        for _ in "abc"
    }

    assert first == "orderId"
    assert len(orders) == 3
    assert api.call("GET", ORDERS).rows[0]["orderId"] == order_id


def test_chosen_columns_come_alone(api):
    api.order()

    answer = api.call("GET", ORDERS, columns="externalRef,orderId")

    assert answer.rows == [{"externalRef": "BC-1", "orderId": next(iter(api.account.orders))}]


def test_no_match_is_an_empty_list_without_positions(api):
    meta = api.call("GET", ORDERS, externalRef="nothing").value["metaData"]

    assert (meta["resultsAvailable"], meta["morePagesAvailable"]) == (0, False)
    assert "firstResult" not in meta


def test_names_of_ids_come_next_to_the_response(api):
    api.order()

    assert api.call("GET", ORDERS).body["reference"] == {
        "orderTypeNames": {"1": "SALES_ORDER"},
        "orderStatusNames": {"2": "New web order"},
        "orderStockStatusNames": {"1": "Sales order not fulfilled"},
        "orderPaymentStatusNames": {"1": "UNPAID"},
        "orderShippingStatusNames": {"2": "Stock not shipped"},
    }
    assert api.call("GET", ORDERS, externalRef="nothing").body["reference"] == {}


def test_pages_follow_each_other_until_there_are_no_more(api):
    ids = [api.order(f"BC-{number}") for number in range(5)]

    pages = [api.call("GET", ORDERS, pageSize="2", firstResult=str(first)) for first in (1, 3, 5)]

    assert [row["orderId"] for page in pages for row in page.rows] == ids
    more = [page.value["metaData"]["morePagesAvailable"] for page in pages]
    assert more == [True, True, False]


def test_a_page_never_holds_more_than_500(api):
    for number in range(502):
        api.order(f"BC-{number}", rows=[])

    for size in ("9999", ""):
        meta = api.call("GET", ORDERS, pageSize=size).value["metaData"]
        assert (meta["resultsReturned"], meta["resultsAvailable"]) == (500, 502)


def test_a_count_brings_no_rows(api):
    api.order()

    answer = api.call("GET", ORDERS, countOnly="true").value

    assert (answer["metaData"]["resultsAvailable"], answer["results"]) == (1, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("orderStatusId", "BAD PARAM"),
        ("orderStatusId", "1-5"),
        ("orderId", "5-"),
        ("updatedOn", "soon"),
        ("updatedOn", "/"),
        ("pageSize", "many"),
    ],
)
def test_a_filter_that_cannot_be_read_is_a_500_with_a_client_code(api, name, value):
    answer = api.call("GET", ORDERS, **{name: value})

    assert (answer.status, answer.codes) == (500, ["CMNC-018"])


def test_the_message_of_a_bad_filter_is_the_vendors(api):
    answer = api.call("GET", ORDERS, orderStatusId="BAD PARAM")

    text = "The filter orderStatusId=BAD PARAM cannot be parsed as: INTEGER"
    assert answer.body["errors"][0]["message"] == text


def test_an_unknown_filter_is_ignored_or_refused_by_a_switch(api):
    api.order()

    assert len(api.call("GET", ORDERS, colour="red").rows) == 1
    api.account.switches.unknown_filter = "refuse"
    assert api.call("GET", ORDERS, colour="red").status == 400


def test_exact_strings_and_substrings_differ_by_type(api):
    assert len(api.call("GET", "/product-service/product-search", productName="mug").rows) == 2
    assert len(api.call("GET", "/product-service/product-search", SKU="MU").rows) == 0


@pytest.mark.parametrize(
    ("period", "found"),
    [
        ("2026-07-01T12:00:00Z/", 1),
        ("2026-07-01T12:00:01Z/", 0),
        ("/2026-07-01T11:59:59Z", 0),
        ("2026-06-30/2026-07-02", 1),
        ("2026-07-01", 1),
        ("2026-07-01T13:00:00+01:00/2026-07-01T13:00:00+01:00", 1),
    ],
)
def test_periods_may_be_open_and_carry_any_offset(api, period, found):
    api.order()

    assert len(api.call("GET", ORDERS, createdOn=period).rows) == found


def test_an_update_is_found_by_updated_on_and_a_creation_is_not(api, clock):
    order_id = api.order()
    search = {"updatedOn": "2026-07-01T00:00:00Z/"}

    assert api.call("GET", ORDERS, **search).rows == []
    clock.advance(5)
    api.call("PUT", f"/order-service/order/{order_id}/status", {"orderStatusId": 17})

    assert [row["orderId"] for row in api.call("GET", ORDERS, **search).rows] == [order_id]


def test_searches_can_lag_behind_reads(api, clock):
    api.account.switches.search_lag_s = 30
    order_id = api.order()

    assert api.call("GET", ORDERS, externalRef="BC-1").rows == []
    assert api.sales_order(order_id)["id"] == order_id
    clock.advance(31)
    assert len(api.call("GET", ORDERS, externalRef="BC-1").rows) == 1


def test_several_references_are_found_in_one_sales_order_search(api):
    api.order("A")
    api.order("B")
    api.order("C")

    found = api.call("GET", "/order-service/sales-order-search", customerRefs="A,C").rows

    assert [row["customerRef"] for row in found] == ["A", "C"]


def test_order_search_mixes_types_and_sales_order_search_does_not(api):
    api.order()
    api.call("POST", "/order-service/sales-credit", api.order_body("R"))

    assert len(api.call("GET", ORDERS).rows) == 2
    assert len(api.call("GET", ORDERS, orderTypeId="1").rows) == 1
    assert len(api.call("GET", "/order-service/sales-order-search").rows) == 1


def test_credits_are_found_by_their_parent(api):
    parent = api.order()
    credit = api.call("POST", "/order-service/sales-credit", api.order_body("R", parentId=parent))

    found = api.call("GET", ORDERS, parentOrderId=str(parent), orderTypeId="3").rows

    assert [row["orderId"] for row in found] == [credit.value]


def test_results_are_sorted_by_any_column(api):
    api.order("B")
    api.order("A")
    api.order("C")

    found = api.call("GET", ORDERS, sort="customerRef.DESC").rows

    assert [row["customerRef"] for row in found] == ["C", "B", "A"]


def test_every_search_describes_itself(api):
    described = api.call("GET", "/contact-service/contact-search/meta-data").value

    types = {column["name"]: column["reportDataType"] for column in described["columns"]}
    assert types["primaryEmail"] == "SEARCH_STRING"
