"""Rows as Brightpearl writes products: what is known of them goes along."""

from __future__ import annotations

from typing import Any

from connectors.brightpearl.catalogue_models import AccountProduct, ProductBody

KNOWN = AccountProduct.model_validate(
    {
        "id": 7,
        "stock": {
            "stockTracked": True,
            "weight": {"magnitude": 2},
            "dimensions": {"length": 3, "width": 4, "height": 5},
        },
        "salesChannels": [
            {
                "productName": "Mug",
                "categories": [{"categoryCode": "12"}],
                "description": {"text": "<p>Old</p>"},
            }
        ],
    }
)
ROW: dict[str, Any] = {
    "name": "Cup", "description": "<p>New</p>", "categories": "31\n32", "brand": "5",
    "weight_kg": "1.5", "length_cm": "9", "width_cm": "9", "height_cm": "9",
    "sku": "CUP", "ean": "", "upc": "1", "mpn": "", "tax_code": "T20", "status": "LIVE",
    "product_type_id": "2",
}  # fmt: skip


def body(*columns: str, known: AccountProduct | None = KNOWN) -> dict[str, Any]:
    return ProductBody.of(ROW, frozenset(columns), known).wire()


def test_texts_are_written_whole_whichever_of_them_changes() -> None:
    (channel,) = body("name")["salesChannels"]
    assert channel["productName"] == "Cup"
    assert channel["description"]["text"] == "<p>Old</p>"
    assert channel["categories"] == [{"categoryCode": "12"}]
    (channel,) = body("categories")["salesChannels"]
    assert channel["productName"] == "Mug"
    assert channel["categories"] == [{"categoryCode": "31"}, {"categoryCode": "32"}]


def test_sizes_are_written_whole_whichever_of_them_changes() -> None:
    assert body("weight_kg") == {
        "stock": {
            "stockTracked": True,
            "weight": {"magnitude": 1.5},
            "dimensions": {"length": 3.0, "width": 4.0, "height": 5.0},
        }
    }
    assert body("width_cm")["stock"]["dimensions"] == {"length": 3.0, "width": 9.0, "height": 5.0}


def test_what_does_not_change_stays_away() -> None:
    assert body("brand") == {"brandId": 5}


def test_a_new_product_has_all_of_the_row_and_no_blank_code() -> None:
    found = body(*ROW, known=None)
    assert found["identity"] == {"sku": "CUP", "upc": "1"}
    assert (found["productTypeId"], found["status"]) == (2, "LIVE")
    assert found["financialDetails"] == {"taxCode": {"code": "T20"}}
    assert found["stock"]["stockTracked"]
