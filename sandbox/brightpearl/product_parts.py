"""What products are sorted by: brands, categories, types, options, and the groups they form.

Source: the vendor's pages on brands and categories; options and types are our reading.
"""

from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, Routes, answer
from sandbox.brightpearl.records import Product
from sandbox.brightpearl.refusals import refuse
from sandbox.kit.routing import Reply

routes = Routes()
LONGEST_BRAND, LONGEST_CATEGORY = 120, 128
PATH = " > "
"""Between the names of a category and of those above it."""


class BrandIn(Incoming):
    """A new brand."""

    name: str | None = None


class CategoryIn(Incoming):
    """A new category; without a parent, or with 0, it is at the top."""

    name: str = Field(min_length=1, max_length=LONGEST_CATEGORY)
    parent_id: int = 0


@routes("GET", "/product-service/brand", "/product-service/brand/{ids}")
def brands(account: Account, call: Call) -> Reply:
    """All, or those of a set."""
    return _chosen(
        call, {key: {"id": key, "name": name, "description": ""} for key, name in _brands(account)}
    )


def _brands(account: Account) -> list[tuple[int, str]]:
    return list(account.brands.items())


@routes("POST", "/product-service/brand")
def create_brand(account: Account, call: Call) -> Reply:
    """Answers the id; the name is unique."""
    name = (call.read(BrandIn).name or "").strip()
    if not name:
        refuse("PRDC-024", "You must supply a brand name.")
    if len(name) > LONGEST_BRAND:
        refuse("PRDC-905", f"A brand name has at most {LONGEST_BRAND} characters")
    if name.casefold() in {known.casefold() for known in account.brands.values()}:
        refuse("PRDC-906", "A brand with this name exists")
    return answer(add_brand(account, name))


def add_brand(account: Account, name: str) -> int:
    """The id of a brand, in any case; a new one if there is none."""
    for number, known in account.brands.items():
        if known.casefold() == name.casefold():
            return number
    number = account.sequences.next("brand")
    account.brands[number] = name
    return number


@routes(
    "GET", "/product-service/brightpearl-category", "/product-service/brightpearl-category/{ids}"
)
def categories(account: Account, call: Call) -> Reply:
    """All, or those of a set."""
    listed = {
        number: {
            "id": number,
            "name": name,
            "parentId": parent_id,
            "active": True,
            "createdById": reference.API_USER_ID,
            "updatedById": reference.API_USER_ID,
            "description": {"languageCode": "en", "text": "", "format": "PLAINTEXT"},
        }
        for number, (name, parent_id) in account.categories.items()
    }
    return _chosen(call, listed)


@routes("POST", "/product-service/brightpearl-category")
def create_category(account: Account, call: Call) -> Reply:
    """Answers the id; names at the same level are unique."""
    sent = call.read(CategoryIn)
    if sent.parent_id and sent.parent_id not in account.categories:
        refuse("PRDC-907", "The parent category does not exist")
    if (sent.name.casefold(), sent.parent_id) in {
        (name.casefold(), parent) for name, parent in account.categories.values()
    }:
        refuse("PRDC-908", "A category with this name exists at this level")
    return answer(_add_category(account, sent.name, sent.parent_id))


def _add_category(account: Account, name: str, parent_id: int) -> int:
    number = account.sequences.next("category")
    account.categories[number] = (name, parent_id)
    return number


def category_at(account: Account, path: str) -> int:
    """The category at a path such as `Home > Kitchen`; made where it is missing."""
    parent_id = 0
    for name in path.split(PATH):
        found = next(
            (key for key, one in account.categories.items() if one == (name, parent_id)), None
        )
        parent_id = found or _add_category(account, name, parent_id)
    return parent_id


@routes("GET", "/product-service/product-type", "/product-service/product-type/{ids}")
def product_types(_account: Account, call: Call) -> Reply:
    """All, or those of a set."""
    listed = {key: {"id": key, "name": name} for key, name in reference.PRODUCT_TYPES.items()}
    return _chosen(call, listed)


@routes("GET", "/product-service/option", "/product-service/option/{ids}")
def options(_account: Account, call: Call) -> Reply:
    """All, or those of a set."""
    return _chosen(call, {key: {"id": key, "name": n} for key, n in reference.OPTIONS.items()})


def check_references(account: Account, brand_id: int | None, codes: list[str]) -> None:
    """Raises: Refusal for a brand or a category that does not exist."""
    if brand_id is not None and brand_id not in account.brands:
        refuse("PRDC-909", f"There is no brand {brand_id}")
    for code in codes:
        if not code.isdigit() or int(code) not in account.categories:
            refuse("PRDC-910", f"There is no category {code[:20]}")


def check_variations(
    account: Account, product: Product | None, variations: list[dict[str, Any]]
) -> None:
    """Raises: Refusal for options that do not exist, or are more than four."""
    if len(variations) > reference.MOST_OPTIONS:
        refuse("PRDC-911", f"A product has at most {reference.MOST_OPTIONS} options")
    if any(one.get("optionId") not in reference.OPTIONS for one in variations):
        refuse("PRDC-912", "An option does not exist")
    group = (
        account.product_groups.get(product.document.get("productGroupId", 0), ()) if product else ()
    )
    chosen = [(one.get("optionId"), one.get("optionValue")) for one in variations]
    for number in group:
        other = account.products.get(number)
        if other is None or other is product or not variations:
            continue
        same = [(one["optionId"], one["optionValue"]) for one in other.document["variations"]]
        if same == chosen:
            refuse("PRDC-913", "Another product of the group has these option values")


def value_id(account: Account, option_id: int, value: str) -> int:
    """The id of an option's value; a new one if there is none."""
    for number, known in account.option_values.items():
        if known == (option_id, value):
            return number
    number = account.sequences.next("option_value")
    account.option_values[number] = (option_id, value)
    return number


def form_group(account: Account, product: Product) -> None:
    """Put a product into the group of those that have its name; two of a name are a group."""
    others = account.products_by_name[product.name]
    if product.id not in others:
        others.append(product.id)
    live = [account.products[number] for number in others if number in account.products]
    if len(live) > 1:
        known = (one.document.get("productGroupId") for one in live)
        group_id = next(filter(None, known), 0) or account.sequences.next("product_group")
        for one in live:
            one.document["productGroupId"] = group_id
        account.product_groups[group_id] = [one.id for one in live]


def _chosen(call: Call, listed: dict[int, dict[str, Any]]) -> Reply:
    if "ids" not in call.params:
        return answer(list(listed.values()))
    return answer([listed[number] for number in call.id_set().among(listed, listed)])
