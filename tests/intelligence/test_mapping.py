"""Suggestions name the right field first, never one of an incompatible type, and may abstain."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intelligence.field_names import read_name
from intelligence.field_words import words_of
from intelligence.lookups import suggest_skus, suggest_value
from intelligence.mapping import Confirmed, Source, Suggested, suggest, targets_of
from intelligence.products import Item


def suggested(path: str, entity: str = "order", **more: str) -> Suggested:
    return suggest(entity, [Source(path, **more)])[0]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("billing_address.city", "parties.billing.addressLine3"),
        ("billing_address.state", "parties.billing.addressLine4"),
        ("shipTo.town", "parties.delivery.addressLine3"),
        ("shipTo.regionCode", "parties.delivery.addressLine4"),
        ("recipient.address.locality", "parties.delivery.addressLine3"),
    ],
)
def test_a_city_is_the_third_line_and_a_state_the_fourth(path: str, line: str) -> None:
    assert suggested(path).suggestions[0].target == line


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("orderLines.qty", "rows.quantity.magnitude"),
        ("total_price_set.shop_money.amount", "totalValue.total"),
        ("payments.transactionId", "payment.transactionRef"),
    ],
)
def test_names_of_other_systems_are_understood(path: str, target: str) -> None:
    assert suggested(path).suggestions[0].target == target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("Rechnungsadresse.Straße", "parties.billing.addressLine1"),
        ("LieferPLZ", "parties.delivery.postalCode"),
        ("Zahlungsart", "payment.paymentMethodCode"),
        ("Bestellnummer", "reference"),
        ("adresse_livraison.ville", "parties.delivery.addressLine3"),
        ("mode_de_paiement", "payment.paymentMethodCode"),
        ("direccion_envio.provincia", "parties.delivery.addressLine4"),
        ("righe.prezzo_unitario", "rows.productPrice.value"),
        ("factuuradres.woonplaats", "parties.billing.addressLine3"),
    ],
)
def test_names_in_other_languages_are_read_in_english(path: str, target: str) -> None:
    found = suggested(path)

    assert found.suggestions[0].target == target
    assert not found.abstains


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("N° commande", "reference"),
        ("Art.-Nr.", "rows.productSku"),
        ("Kd.-Nr.", "parties.customer.contactId"),
        ("Re.-Nr.", "invoices.invoiceReference"),
        ("Rabatt %", "rows.discountPercentage"),
    ],
)
def test_signs_and_abbreviations_with_dots_are_read(path: str, target: str) -> None:
    assert suggested(path).suggestions[0].target == target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("RE Ort", "parties.billing.addressLine3"),
        ("LI Land", "parties.delivery.countryIsoCode"),
        ("Fact. CP", "parties.billing.postalCode"),
        ("Livr. Ville", "parties.delivery.addressLine3"),
        ("Verzend postcode", "parties.delivery.postalCode"),
        ("Envío: Provincia", "parties.delivery.addressLine4"),
    ],
)
def test_a_short_prefix_says_which_address_is_meant(path: str, target: str) -> None:
    assert suggested(path).suggestions[0].target == target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("Né(e) le", "dateOfBirth"),
        ("Geändert am", "updatedOn"),
        ("Geaendert am", "updatedOn"),
        ("Creado", "createdOn"),
        ("Raison sociale", "organisation.name"),
        ("Saldo", "financialDetails.accountBalance"),
        ("Fido", "financialDetails.creditLimit"),
        ("Origen del contacto", "assignment.current.leadSourceId"),
        ("Prijslijst", "financialDetails.priceListId"),
        ("Kod pocztowy", "postalAddress.postalCode"),
        ("Kundenrabatt", "financialDetails.discountPercentage"),
    ],
)
def test_business_words_of_a_contact_are_read_in_other_languages(path: str, target: str) -> None:
    found = suggested(path, "contact")

    assert found.suggestions[0].target == target
    assert not found.abstains


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("isinactive", "status"),
        ("istaxable", "financialDetails.taxable"),
        ("storedetaileddescription", "salesChannels.description.text"),
    ],
)
def test_flags_and_names_that_are_written_together_are_read(path: str, target: str) -> None:
    assert suggested(path, "product").suggestions[0].target == target


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("DocTotal", "totalValue.total"),
        ("DocEntry", "externalRef"),
        ("NumAtCard", "reference"),
        ("PaidToDate", "payment.amountPaid"),
        ("DocumentLines.WarehouseCode", "warehouseId"),
        ("order_lines.taxes.code", "rows.rowValue.taxCode"),
    ],
)
def test_words_of_erp_documents_are_read(path: str, target: str) -> None:
    assert suggested(path).suggestions[0].target == target


def test_a_flat_list_has_the_columns_of_the_order_and_of_its_rows() -> None:
    names = ["Auftragssumme", "Art.-Nr.", "Menge", "Bezeichnung", "Einzelpreis", "Summe netto"]

    found = suggest("order", [Source(name) for name in names])

    assert [one.suggestions[0].target for one in found] == [
        "totalValue.total",
        "rows.productSku",
        "rows.quantity.magnitude",
        "rows.productName",
        "rows.productPrice.value",
        "totalValue.net",
    ]
    assert not any(one.abstains for one in found)


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (("Nom", "Prénom"), "lastName"),
        (("Nombre", "Apellidos"), "firstName"),
        (("Name", "FirstName", "LastName"), "organisation.name"),
    ],
)
def test_a_name_is_what_no_other_field_of_the_person_is(
    names: tuple[str, ...], target: str
) -> None:
    found = suggest("contact", [Source(name) for name in names])

    assert found[0].suggestions[0].target == target


def test_a_name_among_the_fields_of_an_address_is_the_recipients() -> None:
    (name, _) = suggest("order", [Source("Ship Name"), Source("Ship City")])

    assert name.suggestions[0].target == "parties.delivery.addressFullName"


def test_the_address_of_the_buyer_is_the_one_to_bill() -> None:
    assert suggested("Buyer City").suggestions[0].target == "parties.billing.addressLine3"
    assert suggested("Buyer State").suggestions[0].target == "parties.billing.addressLine4"


@pytest.mark.parametrize(
    ("path", "entity"),
    [
        ("weightunit", "product"),
        ("cogsaccount", "product"),
        ("minimal_quantity", "product"),
        ("Geb.-Datum", "order"),
        ("acceptance_decision_date", "order"),
        ("customer_debited_date", "order"),
        ("total_commission", "order"),
        ("usdTotal", "order"),
        ("promotions.total_deduced_amount", "order"),
        ("order_state_reason_code", "order"),
        ("shipping_zone_code", "order"),
        ("PaymentGroupCode", "order"),
        ("FinancialPeriod", "order"),
        ("Accepte SMS", "contact"),
        ("Export compta", "contact"),
    ],
)
def test_what_only_shares_words_with_a_field_abstains(path: str, entity: str) -> None:
    assert suggested(path, entity).abstains


def test_a_total_with_an_unknown_word_is_not_taken_for_the_total() -> None:
    assert suggested("total_zqxwv").abstains
    assert suggested("zqxwv_date").abstains


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("lastmodifieddate", ("last", "modified", "date")),
        ("stateorprovince", ("state", "or", "province")),
        ("Kundennummer", ("customer", "number")),
        ("season", ("season",)),
        ("zqxwv", ("zqxwv",)),
        ("date_of_birth", ("date", "birth")),
        ("of", ("of",)),
    ],
)
def test_words_that_are_written_together_are_taken_to_pieces(
    written: str, words: tuple[str, ...]
) -> None:
    assert words_of(written) == words


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("payment_city", "parties.billing.addressLine3"),
        ("payment_firstname", "parties.billing.addressFullName"),
        ("payment_method", "payment.paymentMethodCode"),
        ("payment.status", "orderPaymentStatus"),
    ],
)
def test_an_address_of_the_payment_is_the_billing_address(path: str, target: str) -> None:
    assert suggested(path).suggestions[0].target == target


@pytest.mark.parametrize("rows", ["transactions", "basket", "positions.all"])
def test_a_list_with_quantities_and_skus_holds_the_rows_whatever_its_name(rows: str) -> None:
    names = ("sku", "quantity", "title", "price")

    found = suggest("order", [Source(f"{rows}.{name}") for name in names])

    assert [one.suggestions[0].target for one in found] == [
        "rows.productSku",
        "rows.quantity.magnitude",
        "rows.productName",
        "rows.productPrice.value",
    ]


@pytest.mark.parametrize(
    "path",
    ["language_id", "default_address.id", "order_item_id", "seller_email", "date_modified"],
)
def test_a_word_that_many_names_share_is_no_evidence(path: str) -> None:
    assert suggested(path).abstains


def test_what_only_another_kind_of_record_has_abstains() -> None:
    (of_order,) = suggest("order", [Source("birthday")])
    (of_contact,) = suggest("contact", [Source("birthday")])

    assert of_order.abstains
    assert not of_contact.abstains


def test_a_total_of_the_row_is_not_taken_for_that_of_all_rows() -> None:
    assert suggested("lineItems.totalPrice").suggestions[0].target == "rows.rowValue.rowNet.value"
    assert not suggested("lineItems.totalPrice").abstains
    assert suggested("total_line_items_price").abstains


def test_an_address_line_is_no_row_of_the_order() -> None:
    assert read_name("Addresses.AddressLine1", "contact").context == ""


@pytest.mark.parametrize("path", ["cart_token", "coupon_code", "user_agent", "meta_title"])
def test_what_has_no_counterpart_abstains(path: str) -> None:
    assert suggested(path).abstains


@pytest.mark.parametrize("kind", ["boolean", "datetime", "array"])
def test_incompatible_types_are_never_among_the_first_three(kind: str) -> None:
    types = {one.path: one.type for one in targets_of("order")}

    found = {types[one.target] for one in suggested("total", type=kind).suggestions}

    assert not found & {"number", "integer"}


def test_a_confirmed_mapping_is_the_strongest_signal() -> None:
    library = [Confirmed("order", "shop.extra_ref", "reference")]

    (found,) = suggest("order", [Source("shop.extra_ref")], library=library)

    assert found.suggestions[0].target == "reference"
    assert "confirmed" in found.suggestions[0].reason


def test_a_field_confirmed_to_have_no_counterpart_abstains() -> None:
    library = [Confirmed("order", "order_label", "")]

    (found,) = suggest("order", [Source("order_label")], library=library)

    assert found.abstains


@given(path=st.text(alphabet="abcXYZ_.0 1", max_size=40))
@settings(max_examples=20, deadline=None)
def test_any_name_gets_an_answer(path: str) -> None:
    assert 0 <= suggested(path).confidence <= 1


def test_names_are_split_into_words() -> None:
    assert words_of("billTo.addr1") == ("bill", "to", "address", "1")
    assert read_name("line_items.sku", "order").context == "row"


@pytest.mark.parametrize(
    ("table", "label", "value"),
    [
        ("order_status", "Awaiting Shipment", "17"),
        ("order_status", "Awaiting Fulfillment", "2"),
        ("order_status", "Canceled", "5"),
    ],
)
def test_statuses_are_matched_by_meaning(table: str, label: str, value: str) -> None:
    options = {"2": "New web order", "17": "Ready to pick", "5": "Order cancelled"}

    assert suggest_value(table, label, options)[0].value == value


def test_payment_methods_and_carriers_are_matched_by_meaning() -> None:
    methods = {"CARD": "Credit card", "PAYPAL": "PayPal", "BACS": "Bank transfer"}

    assert suggest_value("payment_methods", "Stripe", methods)[0].value == "CARD"
    assert suggest_value("payment_methods", "Bank Deposit", methods)[0].value == "BACS"
    assert suggest_value("carriers", "Federal Express", {"1": "FedEx", "2": "UPS"})[0].value == "1"


def test_what_was_confirmed_comes_first() -> None:
    options = {"1": "Trade", "2": "Retail"}

    found = suggest_value("price_lists", "Trade", options, confirmed={"trade": "2"})

    assert found[0].value == "2"


def test_nothing_is_suggested_for_a_value_that_resembles_none() -> None:
    assert suggest_value("payment_methods", "Zzqx", {"CARD": "Credit card"}) == []


HERE = [
    Item("1", "Chair of oak", sku="oak 1"),
    Item("2", "Bench", sku="B-77", gtin="5012345678900"),
    Item("3", "Stool", sku="S-5"),
]
OVER = [
    Item("11", "Oak chair", sku="OAK-1"),
    Item("12", "Garden seat", sku="GS-2", gtin="5012345678900"),
    Item("13", "Oak table", sku="OAK-2"),
]


def test_a_sku_written_otherwise_is_found() -> None:
    found = suggest_skus(HERE[:1], HERE, OVER)["1"]

    assert (found[0].value, found[0].reason) == ("OAK-1", "the same letters and digits")


def test_an_equal_barcode_says_which_sku_is_meant() -> None:
    found = suggest_skus(HERE[1:2], HERE, OVER)["2"]

    assert found[0].value == "GS-2"
    assert "GTIN" in found[0].reason


def test_a_barcode_that_two_products_carry_proves_nothing() -> None:
    twice = [*HERE, Item("4", "Lamp", sku="L-1", gtin="5012345678900")]

    found = suggest_skus(HERE[1:2], twice, OVER)["2"]

    assert "GS-2" not in [one.value for one in found]


def test_a_sku_that_a_person_confirmed_comes_first() -> None:
    found = suggest_skus(HERE[:1], HERE, OVER, confirmed={"OAK1": "OAK-2"})["1"]

    assert [one.value for one in found[:2]] == ["OAK-2", "OAK-1"]
