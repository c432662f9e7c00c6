"""The go-live gate: what both catalogues lack, have twice, or name alike."""

import json
from decimal import Decimal

import pytest

from cli.catalogue_audit import Catalogues, problems_of
from cli.main import run
from connectors.bigcommerce.catalog_models import StoreProduct
from connectors.brightpearl.account_models import ContactRow, PriceList
from connectors.brightpearl.catalogue_models import AccountProduct
from mappings.bundle import load_bundle


def in_store(number, *skus, name="A mug"):
    variants = [{"id": 10 * number + n, "product_id": number, "sku": s} for n, s in enumerate(skus)]
    document = {"id": number, "name": name, "price": Decimal(1), "variants": variants}
    return StoreProduct.model_validate(document)


def in_account(number, sku, *, tax="T20", name="A mug"):
    document = {
        "id": number,
        "identity": {"sku": sku},
        "financialDetails": {"taxCode": {"code": tax}},
        "salesChannels": [{"productName": name}],
    }
    return AccountProduct.model_validate(document)


def contact(number, *emails):
    names = ("primaryEmail", "secondaryEmail", "tertiaryEmail")
    return ContactRow.model_validate(
        {"contactId": number, **dict(zip(names, emails, strict=False))}
    )


def price_list(number, currency="GBP"):
    return PriceList.model_validate({"id": number, "name": "A list", "currencyCode": currency})


def found(store=(), account=(), contacts=(), price_lists=()):
    read = Catalogues(store, account, contacts, price_lists)
    problems = problems_of(read, load_bundle().tables)
    return {one.kind: (list(one.records), one.blocks) for one in problems}


def test_catalogues_that_agree_have_no_problem():
    store, account = [in_store(1, "MUG"), in_store(2, "S-1", "S-2")], ["mug", "s-1", "S-2"]
    account = [in_account(n, sku) for n, sku in enumerate(account, 1)]
    assert found(store, account, [contact(1, "a@b.c"), contact(2, "d@b.c")], [price_list(2)]) == {}


def test_a_sku_that_one_side_lacks_blocks_only_where_it_is_on_sale_and_names_what_is_like_it():
    problems = found(
        [in_store(1, "RED-MUG", name="Red enamel mug")],
        [in_account(7, "MUG-R", name="Red enamel mug"), in_account(8, "SOCK", name="Wool sock")],
    )
    assert problems == {
        "SKU only in BigCommerce": (["RED-MUG (like MUG-R)"], True),
        "SKU only in Brightpearl": (["mug-r", "sock"], False),
    }


def test_a_sku_that_a_table_names_is_not_missing():
    files = {**load_bundle().files, "tables/skus.csv": "value,becomes,note\nRED-MUG,MUG-R,\n"}
    tables = type(load_bundle()).from_files(files).tables
    read = Catalogues([in_store(1, "RED-MUG")], [in_account(7, "MUG-R")], (), ())
    assert problems_of(read, tables) == []


def test_skus_that_differ_in_case_alone_block_on_either_side():
    problems = found(
        [in_store(1, "MUG"), in_store(2, "mug")], [in_account(7, "MUG"), in_account(8, "Mug")]
    )
    assert problems["SKU twice in BigCommerce"] == (["mug (MUG, mug)"], True)
    assert problems["SKU twice in Brightpearl"] == (["mug (7, 8)"], True)


def test_products_without_sku_or_tax_code_are_named():
    problems = found([in_store(1, "")], [in_account(7, ""), in_account(8, "MUG", tax="")])
    assert problems["product without SKU in BigCommerce"] == (["1"], True)
    assert problems["product without SKU in Brightpearl"] == (["7"], False)
    assert problems["product without tax code"] == (["MUG"], True)


def test_contacts_that_share_an_e_mail_are_named_by_number_alone():
    contacts = [contact(1, "a@b.c", "x@b.c"), contact(2, "d@b.c", "X@B.C"), contact(3, "e@b.c")]
    assert found(contacts=contacts) == {"contacts that share an e-mail": (["1, 2"], True)}


def test_a_price_list_without_currency_blocks_where_it_is_used():
    assert found(price_lists=[price_list(2, "")])["price list without currency"][1] is True
    assert found(price_lists=[price_list(77, "")])["price list without currency"][1] is False


@pytest.mark.usefixtures("installed")
def test_the_command_reports_and_exits_with_one_while_something_blocks(world, capsys):
    assert run(["audit", "catalogue", "--json"]) in (0, 1)
    before = json.loads(capsys.readouterr().out)
    product = next(iter(world.sandbox.account.products.values()))
    product.document["identity"]["sku"] = "RENAMED-BY-HAND"

    assert run(["audit", "catalogue", "--json"]) == 1

    after = json.loads(capsys.readouterr().out)
    kinds = {one["kind"] for one in after["problems"]}
    assert {"SKU only in BigCommerce", "SKU only in Brightpearl"} <= kinds
    assert after["products"] == before["products"]
    assert run(["audit", "catalogue"]) == 1
    assert "RENAMED-BY-HAND".casefold() in capsys.readouterr().out
