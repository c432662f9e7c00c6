"""Answers as they were recorded of live accounts; what is uncertain has a switch."""

import pytest

PAYMENTS = "/accounting-service/customer-payment-search"
CONTACTS = "/contact-service/contact-search"
WEBHOOK = {
    "subscribeTo": "sales-order.created",
    "httpMethod": "POST",
    "uriTemplate": "https://example.com/hook",
    "bodyTemplate": "${account-code} ${resource-type} ${resource-id} ${lifecycle-event}",
    "contentType": "text/plain",
}


def column(answer, name):
    return next(c for c in answer.value["metaData"]["columns"] if c["name"] == name)


def message(answer):
    return answer.body["errors"][0]["message"]


# --- contacts


def test_a_contact_search_shows_a_new_contact_as_updated_when_it_was_made(api, clock):
    api.contact()
    clock.advance(60)

    row = api.call("GET", CONTACTS).rows[0]

    assert row["updatedOn"] == row["createdOn"] == "2026-07-01T13:00:00.000+01:00"


def test_what_a_contact_lacks_is_an_empty_text_in_searches_and_a_title_is_null(api):
    api.contact()

    row = api.call("GET", CONTACTS).rows[0]

    texts = ("secondaryEmail", "tertiaryEmail", "companyName", "pri", "sec", "mob")
    assert [row[name] for name in texts] == [""] * 6
    assert (row["title"], row["lastContactedOn"]) == (None, None)


def test_a_contact_has_tags_aliases_and_a_moment_of_change(api):
    number = api.contact()

    contact = api.call("GET", f"/contact-service/contact/{number}").value[0]

    assert (contact["contactTags"], contact["aliases"]) == ("", {})
    assert contact["financialDetails"]["creditTermTypeId"] == 1


def test_tags_of_a_contact_are_listed_by_their_ids(api):
    number = api.contact()
    path = f"/contact-service/contact/{number}"

    for tag in (16, 9, 9):
        assert api.call("POST", f"{path}/tag/{tag}").status == 200
    tagged = api.call("GET", path).value[0]["contactTags"]
    api.call("DELETE", f"{path}/tag/16")

    assert (tagged, api.call("GET", path).value[0]["contactTags"]) == ("16,9", "9")
    assert api.call("POST", f"{path}/tag/999").status == 404
    assert list(api.call("GET", "/contact-service/tag/9").value) == ["9"]
    assert len(api.call("GET", "/contact-service/tag").value) == 3


def test_reads_show_an_unchanged_contact_as_changed_now_or_when_it_was_made(api, clock):
    number = api.contact()
    clock.advance(60)

    def updated_on():
        return api.call("GET", f"/contact-service/contact/{number}").value[0]["updatedOn"]

    assert updated_on() == "2026-07-01T13:01:00.000+01:00"
    api.account.switches.unchanged_contact_updated_on = "created"
    assert updated_on() == "2026-07-01T13:00:00.000+01:00"


# --- money


@pytest.mark.parametrize(
    ("amount", "shown"), [("24", "24.00"), (24, "24.00"), ("0.5", "0.50"), ("7.255", "7.26")]
)
def test_amounts_in_a_payment_search_have_two_decimals(api, amount, shown):
    api.pay(api.order(), amount)

    row = api.call("GET", PAYMENTS).rows[0]

    assert (row["amountPaid"], row["amountAuthorized"]) == (shown, "0.00")


# --- what a search says of its columns


@pytest.mark.parametrize(
    ("search", "name", "type_name", "sortable", "filterable"),
    [
        (PAYMENTS, "transactionRef", "STRING", False, True),
        (PAYMENTS, "currencyId", "IDSET", False, True),
        (PAYMENTS, "journalId", "IDSET", True, True),
        (CONTACTS, "isCustomer", "BOOLEAN", False, True),
        (CONTACTS, "mob", "STRING", False, True),
        ("/product-service/product-search", "salesChannelName", "STRING", True, False),
        ("/product-service/product-search", "brightpearlCategoryCode", "IDSET", False, True),
        ("/product-service/product-search", "productStatus", "STRING", True, True),
        ("/order-service/order-search", "warehouseId", "IDSET", True, True),
    ],
)
def test_columns_are_described_as_recorded(api, search, name, type_name, sortable, filterable):
    found = column(api.call("GET", search), name)

    assert found == {
        "name": name,
        "sortable": sortable,
        "filterable": filterable,
        "reportDataType": type_name,
        "referenceData": [],
        "isFreeTextSearchable": False,
        "required": False,
    }


def test_a_column_names_its_reference_data(api):
    orders = api.call("GET", "/order-service/order-search")
    products = api.call("GET", "/product-service/product-search")

    assert column(orders, "orderStatusId")["referenceData"] == ["orderStatusNames"]
    assert column(products, "productId")["referenceData"] == ["productCategoryMembership"]
    mug = str(api.product_id("MUG"))
    assert products.body["reference"]["productCategoryMembership"][mug] == [296]


def test_a_product_without_identifiers_shows_null_and_an_empty_barcode(api):
    row = api.call("GET", "/product-service/product-search", SKU="MUG").rows[0]

    assert (row["barcode"], row["EAN"], row["MPN"]) == ("", None, None)
    assert row["brightpearlCategoryCode"] == 296


def test_a_column_that_is_no_filter_is_treated_like_an_unknown_one(api):
    search = {"salesChannelName": "Another"}

    assert len(api.call("GET", "/product-service/product-search", **search).rows) == 3
    api.account.switches.unknown_filter = "refuse"
    assert api.call("GET", "/product-service/product-search", **search).status == 400


def test_a_column_that_cannot_be_sorted_by_leaves_the_order_alone(api):
    first, second = api.contact("a@example.com"), api.contact("b@example.com")

    found = api.call("GET", CONTACTS, sort="isCustomer.DESC").rows

    assert [row["contactId"] for row in found] == [first, second]


# --- what is accepted


def test_numbers_are_taken_where_texts_belong_or_refused_by_a_switch(api):
    address = {"addressLine1": 12, "postalCode": 90210, "countryIsoCode": "USA"}

    number = api.call("POST", "/contact-service/postal-address", address).value
    read = api.call("GET", f"/contact-service/postal-address/{number}").value[0]
    api.account.switches.numbers_for_texts = "refuse"
    refused = api.call("POST", "/contact-service/postal-address", address)

    assert (read["addressLine1"], read["postalCode"]) == ("12", "90210")
    assert refused.status == 400
    assert "is a number" in message(refused)


@pytest.mark.parametrize("name", ["ref", "externalRef"])
def test_an_order_takes_a_number_as_its_reference_unless_the_switch_says_no(api, name):
    def place(number):
        body = api.order_body() | {name: number}
        return api.call("POST", "/order-service/sales-order", body)

    assert api.sales_order(place(4711).value)[name] == "4711"
    api.account.switches.numbers_for_texts = "refuse"
    assert place(4712).status == 400


def test_a_category_code_sent_as_a_number_is_read_as_a_text(api):
    channel = {
        "salesChannelName": "Brightpearl",
        "productName": "Set",
        "categories": [{"categoryCode": 296}],
    }
    body = {"brandId": 74, "financialDetails": {"taxCode": {"id": 1}}, "salesChannels": [channel]}

    number = api.call("POST", "/product-service/product", body).value

    read = api.call("GET", f"/product-service/product/{number}").value[0]
    assert read["salesChannels"][0]["categories"] == [{"categoryCode": "296"}]


def test_availability_takes_any_number_of_ids_or_as_many_as_a_switch_says(api):
    switches = api.account.switches
    switches.availability_bad_id = "ignore"
    path = "/warehouse-service/product-availability/1-1500"

    assert len(api.call("GET", path).value) == 3
    switches.availability_limit = 200
    assert api.call("GET", path).status == 400


def test_a_custom_number_sent_as_a_text_is_answered_as_a_number(api):
    path = f"/product-service/product/{api.product_id('MUG')}/custom-field"

    fields = api.call("PATCH", path, [{"op": "add", "path": "/PCF_WIDTH", "value": "12"}]).value

    assert fields == {"PCF_WIDTH": 12}


# --- reference data


def test_tax_codes_are_read_by_id(api):
    assert [tax["code"] for tax in api.call("GET", "/accounting-service/tax-code/1,3").value] == [
        "T20",
        "T0",
    ]
    assert len(api.call("GET", "/accounting-service/tax-code").value) == 4


@pytest.mark.parametrize(
    ("path", "number", "code"),
    [
        ("/order-service/sale", 103, "PCF_TEAM"),
        ("/order-service/purchase", 101, "PCF_BCORDER"),
        ("/product-service/product", 111, "PCF_WIDTH"),
        ("/contact-service/customer", 121, "PCF_WEBID"),
        ("/contact-service/supplier", 121, "PCF_WEBID"),
    ],
)
def test_custom_fields_are_described_one_by_one(api, path, number, code):
    found = api.call("GET", f"{path}/custom-field-meta-data/{number}").value

    assert [field["code"] for field in found] == [code]


# --- the words of errors


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "text"),
    [
        (
            "POST",
            "/order-service/order",
            {"orderTypeCode": "UK"},
            "ORDC-006",
            "You have supplied an invalid order type code",
        ),
        (
            "POST",
            "/order-service/order",
            {"orderTypeCode": "PO", "parties": {"customer": {"contactId": 1}}},
            "ORDC-022",
            "Suppllier ID Required.",
        ),
        (
            "POST",
            "/product-service/product",
            {"brandId": None, "salesChannels": [{"productName": "x"}]},
            "PRDC-014",
            "You must supply a brand ID.",
        ),
        (
            "GET",
            "/integration-service/webhook/99999",
            None,
            "CMNC-404",
            "No webhooks available in ID Set 99999",
        ),
        (
            "DELETE",
            "/integration-service/webhook/99999",
            None,
            "CMNC-404",
            "Cannot find webhook: 99999",
        ),
        ("GET", "/contact-service/contact/1", None, "CMNC-404", "No Contact Found"),
    ],
)
def test_errors_have_the_recorded_words(api, method, path, body, code, text):
    answer = api.call(method, path, body)

    assert (answer.codes, message(answer)) == ([code], text)


def test_a_patch_that_is_not_allowed_is_refused_in_the_recorded_words(api):
    patch = [{"op": "add", "path": "/reference", "value": "#XYZ"}]

    answer = api.call("PATCH", f"/order-service/order/{api.order()}", patch)

    assert answer.status == 500
    assert message(answer) == "Invalid patch operation (add) for given path (/reference)"


def test_everything_wrong_with_a_subscription_is_said_at_once(api):
    api.account.switches.product_destroyed_subscribable = False
    body = WEBHOOK | {
        "subscribeTo": "product.destroyed",
        "httpMethod": "DELETE",
        "uriTemplate": "https://example.com/${resource-id}",
        "bodyTemplate": "",
    }

    answer = api.call("POST", "/integration-service/webhook", body)

    assert sorted(answer.codes) == ["INTC-057", "INTC-057", "INTC-057", "INTC-062"]
    texts = [error["message"] for error in answer.body["errors"]]
    start = "templateUri OR templateBody (for POST/PUT) must contatin the template variable"
    assert f"{start} ${{account-code}}" in texts
    assert texts[-1] == "destroyed is not a valid lifecycle"
