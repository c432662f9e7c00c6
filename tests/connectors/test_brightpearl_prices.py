"""Costs of products, of Brightpearl's price lists."""

from decimal import Decimal

COST, RETAIL = "1", "2"


def test_a_price_is_that_of_a_single_unit(world):
    product = next(iter(world.account.products.values()))
    product.prices[1] = {"1": Decimal("4.20"), "10": Decimal("3.90")}

    assert world.client.get_unit_prices([str(product.id)], COST) == {
        str(product.id): Decimal("4.2000")
    }


def test_a_product_without_a_price_in_the_list_is_left_out(world):
    first, second = list(world.account.products.values())[:2]
    first.prices.pop(1, None)
    second.prices[1] = {"1": Decimal("1.00")}

    found = world.client.get_unit_prices([str(first.id), str(second.id)], COST)

    assert found == {str(second.id): Decimal("1.0000")}


def test_products_that_do_not_exist_have_no_price(world):
    assert world.client.get_unit_prices(["999999"], RETAIL) == {}
    assert world.client.get_unit_prices([], RETAIL) == {}
