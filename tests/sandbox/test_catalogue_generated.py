"""The catalogue that needs no file."""

from sandbox.catalogue.generated import generate


def test_it_is_the_same_for_the_same_seed_and_another_for_another():
    assert generate(4) == generate(4)
    assert generate(4).products != generate(5).products


def test_it_is_varied_and_its_skus_and_names_are_unique():
    products = generate().products

    assert len(products) == len({p.sku.casefold() for p in products}) == 300
    assert len({p.name.casefold() for p in products}) == 300
    assert {int(p.tax_rate_percent) for p in products} == {0, 5, 20}
    assert {p.type for p in products} == {"physical", "digital"}
    assert any(p.options for p in products)
    assert any(not p.name.isascii() for p in products)
    assert any(p.stock == 0 for p in products)
