from decimal import Decimal

import pytest


def test_the_payment_status_follows_the_money(api):
    order_id = api.order()

    statuses = [api.sales_order(order_id)["orderPaymentStatus"]]
    for number, amount in enumerate(("10.00", "14.00")):
        assert api.pay(order_id, amount, f"tx-{number}").status == 200
        statuses.append(api.sales_order(order_id)["orderPaymentStatus"])

    assert statuses == ["UNPAID", "PARTIALLY_PAID", "PAID"]


def test_an_authorisation_is_not_money(api):
    order_id = api.order()
    auth = {"paymentType": "AUTH", "amountAuthorized": "24.00", "authorizationExpiry": "2026-08-01"}

    assert api.pay(order_id, "0", "tx-1", paymentType="AUTH").codes == ["ACCC-905"]
    assert api.pay(order_id, "0", "tx-1", **auth).status == 200
    assert api.sales_order(order_id)["orderPaymentStatus"] == "UNPAID"
    assert api.pay(order_id, "24.00", "tx-1-capture", paymentType="CAPTURE").status == 200

    total = api.call("GET", f"/accounting-service/sale-payment-total/{order_id}").value[0]
    assert total["amountPaid"] == total["amountCaptured"] == total["amountAuthorized"] == 24.0
    assert api.sales_order(order_id)["orderPaymentStatus"] == "PAID"


def test_an_unknown_payment_method_is_taken_without_a_journal(api):
    order_id = api.order()

    wrong = api.pay(order_id, paymentMethodCode="CARDD").value
    right = api.pay(order_id, ref="tx-2").value

    assert api.account.payments[wrong].journal_id is None
    assert api.account.payments[right].journal_id is not None


def test_a_payment_without_an_amount_pays_nothing(api):
    order_id = api.order()

    assert api.pay(order_id, amount="0").status == 200
    assert api.sales_order(order_id)["orderPaymentStatus"] == "UNPAID"


def test_one_e_mail_may_belong_to_several_contacts_and_searches_match_parts(api):
    first, second = api.contact("bob@example.com"), api.contact("bob@example.com")
    longer = api.contact("jimbob@example.com")

    found = api.call("GET", "/contact-service/contact-search", primaryEmail="BOB@example.com").rows

    assert [row["contactId"] for row in found] == [first, second, longer]


def test_a_contact_needs_addresses_that_exist_and_are_free(api):
    api.contact()
    taken = next(iter(api.account.addresses))
    body = {
        "firstName": "B",
        "lastName": "C",
        "postAddressIds": {"DEF": taken, "BIL": taken, "DEL": taken},
    }

    assert api.call("POST", "/contact-service/contact", body).codes == ["CONC-902"]
    missing = body | {"postAddressIds": {"DEF": 1, "BIL": 1, "DEL": 1}}
    assert api.call("POST", "/contact-service/contact", missing).codes == ["CONC-901"]


@pytest.mark.parametrize("name", ["firstName", "lastName", "salutation"])
def test_names_longer_than_32_characters_are_refused(api, name):
    number = api.call("POST", "/contact-service/postal-address", {"addressLine1": "x"}).value
    body = {
        "firstName": "B",
        "lastName": "C",
        "postAddressIds": {"DEF": number, "BIL": number, "DEL": number},
    }

    answer = api.call("POST", "/contact-service/contact", body | {name: "x" * 33})

    assert answer.status == 400


def test_an_address_without_a_first_line_is_refused(api):
    assert api.call("POST", "/contact-service/postal-address", {"addressLine3": "Bath"}).codes == [
        "CONC-905"
    ]


def test_a_long_set_of_contacts_is_paged_without_a_word(api):
    ids = [api.contact(f"c{number}@example.com") for number in range(203)]

    first = api.call("GET", f"/contact-service/contact/{ids[0]}-{ids[-1]}")
    second = api.call("GET", f"/contact-service/contact/{ids[0]}-{ids[-1]}", firstResult="201")

    assert (len(first.value), first.body["pagination"]["morePagesAvailable"]) == (200, True)
    assert (len(second.value), second.body["pagination"]["morePagesAvailable"]) == (3, False)


def test_a_contact_that_does_not_exist_is_a_404(api):
    assert api.call("GET", "/contact-service/contact/9").codes == ["CMNC-404"]


def test_a_contact_patch_answers_the_whole_contact(api):
    contact = api.contact()
    patch = [
        {"op": "replace", "path": "/lastName", "value": "Ray"},
        {"op": "replace", "path": "/communication/emails/PRI/email", "value": "ray@example.com"},
    ]

    patched = api.call("PATCH", f"/contact-service/contact/{contact}", patch).value

    assert patched["lastName"] == "Ray"
    assert patched["communication"]["emails"] == {"PRI": {"email": "ray@example.com"}}
    assert "updatedOn" in patched
    bad = [{"op": "replace", "path": "/contactId", "value": 1}]
    assert api.call("PATCH", f"/contact-service/contact/{contact}", bad).status == 500


def test_products_with_the_same_sku_are_both_found(api):
    body = {
        "brandId": 74,
        "identity": {"sku": "MUG"},
        "financialDetails": {"taxCode": {"id": 1}},
        "salesChannels": [{"salesChannelName": "Brightpearl", "productName": "Other mug"}],
    }

    api.call("POST", "/product-service/product/", body)

    assert len(api.call("GET", "/product-service/product-search", SKU="MUG").rows) == 2
    assert len(api.call("GET", "/product-service/product-search", SKU="mug").rows) == 0


def test_a_product_needs_a_brand(api):
    assert api.call("POST", "/product-service/product", {}).codes == ["PRDC-014"]


def test_a_stale_product_version_is_refused(api):
    product = api.product_id("MUG")
    path = f"/product-service/product/{product}"
    version = str(api.call("GET", path).value[0]["version"])

    assert api.headed("PUT", path, {"featured": True}, if_match=version).body == {}
    assert api.headed("PUT", path, {"featured": False}, if_match=version).status == 412
    assert api.call("GET", path).value[0]["featured"] is True


def test_identity_replaces_every_identifier(api):
    product = api.product_id("MUG")

    api.call("PUT", f"/product-service/product/{product}/identity", {"ean": "123"})

    assert api.call("GET", f"/product-service/product/{product}").value[0]["identity"] == {
        "ean": "123"
    }
    assert api.call("GET", "/product-service/product-search", SKU="MUG").rows == []


def test_prices_are_net_and_lists_without_one_are_empty(api):
    product = api.product_id("MUG")
    path = f"/product-service/product-price/{product}/price-list"

    body = {"priceLists": [{"priceListId": 2, "quantityPrice": {"1": "8.5", "10": "8"}}]}
    assert api.call("PUT", path, body).body == {}

    lists = api.call("GET", f"{path}/2").value[0]["priceLists"]
    assert lists[0]["quantityPrice"] == {"1": "8.5000", "10": "8.0000"}
    assert Decimal(lists[0]["quantityPrice"]["10"]) == 8
    assert api.call("GET", "/product-service/product-price/9").codes == ["CMNC-404"]


def test_a_rate_of_nought_is_left_out_of_tax_codes(api):
    rates = {
        tax["code"]: tax.get("rate")
        for tax in api.call("GET", "/accounting-service/tax-code").value
    }

    assert rates == {"T20": 20.0, "T5": 5.0, "T0": None, "T9": None}
