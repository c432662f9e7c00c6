"""The store's records, and what every operation does with them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.order_records import Line, Order
from sandbox.bigcommerce.pricing import compute_amounts
from sandbox.bigcommerce.records import (
    Category,
    Cause,
    Customer,
    CustomerAddress,
    Hook,
    Metafield,
    Product,
    ProductOption,
    StockAt,
    Variant,
)
from sandbox.bigcommerce.refund_records import Refund
from sandbox.bigcommerce.stock import Stock
from sandbox.bigcommerce.switches import BigCommerceSwitches
from sandbox.catalogue.model import Catalogue, ShopOrder, ShopRefund
from sandbox.catalogue.model import Customer as Shopper
from sandbox.catalogue.model import Product as CatalogueProduct
from sandbox.kit.clock import Clock, Timers
from sandbox.kit.sequences import Sequences

if TYPE_CHECKING:
    from sandbox.bigcommerce.price_lists_api import PriceList
    from sandbox.bigcommerce.webhooks import Sender

Listener = Callable[[str, dict[str, Any]], None]


STARTS = {
    "order": 100,
    "line": 10_001,
    "address": 5_001,
    "coupon": 41,
    "fee": 71,
    "transaction": 1_763_001,
    "message": 301,
    "shipment": 12_001,
    "refund": 601,
    "refund_payment": 801,
    "customer": 1,
    "customer_address": 90_001,
    "product": 77,
    "variant": 3_301,
    "option": 501,
    "option_value": 7_001,
    "pickup": 9_001,
    "metafield": 21,
    "price_list": 3,
    "price_record": 1,
    "price_assignment": 1,
    "category": 19,
    "custom_field": 9,
    "image": 371,
    "hook": 30_048_001,
    "event": 1,
}
"""The first id of each resource."""


class Store:
    """One BigCommerce store: records by id, and the indexes the API looks them up by."""

    def __init__(
        self,
        catalogue: Catalogue | None,
        clock: Clock,
        switches: BigCommerceSwitches | None = None,
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.switches = switches or BigCommerceSwitches()
        self.random = Random(seed)  # noqa: S311 - reproducible, not secret
        self._acting_at: datetime | None = None
        self.opened_at = clock.now()
        self.timers = Timers(clock)
        self.sequences = Sequences(**STARTS)
        self.listeners: list[Listener] = []
        self.stock = Stock(self, seed)
        self.products: dict[int, Product] = {}
        self.variants: dict[int, Variant] = {}
        self.variant_by_sku: dict[str, int] = {}
        self.same_skus: dict[str, list[int]] = {}
        """Further variants with a SKU that another one has."""
        self.product_by_name: dict[str, int] = {}
        self.brands: dict[str, int] = {}
        """Ids by name."""
        self._brand_ids: dict[str, int] = {}
        self.categories: dict[int, Category] = {}
        self.customers: dict[int, Customer] = {}
        self.customer_by_email: dict[str, int] = {}
        self.orders: dict[int, Order] = {}
        self.refunds: dict[int, Refund] = {}
        self.metafields: dict[int, Metafield] = {}
        self.price_lists: dict[int, PriceList] = {}
        self.price_assignments: list[dict[str, Any]] = []
        """Which customer group or channel sees which list."""
        self.hooks: dict[int, Hook] = {}
        self.hook_emails: list[str] = []
        self.sender: Sender | None = None
        self.unplaced: list[ShopOrder] = []
        """Orders of the catalogue that are not placed yet."""
        self.unrefunded: list[ShopRefund] = []
        """Refunds of the catalogue that are not made yet."""
        self.refused_refunds: dict[str, str] = {}
        """Those that could not be made, by their invoice, with the reason."""
        self.report: dict[str, Any] = {}
        if catalogue is not None:
            self.report = catalogue.report.summary()
            self.unrefunded = list(catalogue.refunds)
            for product in catalogue.products:
                self.add_product(product)
            for shopper in catalogue.customers:
                self.add_customer(shopper)

    def now(self) -> datetime:
        """Aware UTC by the sandbox clock, or the moment that `as_of` acts in."""
        return self._acting_at or self.clock.now()

    @contextmanager
    def as_of(self, moment: datetime | None) -> Iterator[None]:
        """Everything done inside is dated at that moment; None for now."""
        before, self._acting_at = self._acting_at, moment
        try:
            yield
        finally:
            self._acting_at = before

    def emit(self, scope: str, data: dict[str, Any]) -> None:
        """Call every listener (webhooks) with an event."""
        for listener in self.listeners:
            listener(scope, data)

    def compute_amounts(self, order: Order) -> None:
        """Compute the order's amounts, with this store's rounding."""
        compute_amounts(order, round_lines=self.switches.tax_rounding == "line")

    def touch(self, order: Order) -> None:
        """Date the change of an order, and emit it."""
        order.modified_at = max(self.now(), order.modified_at)
        order.cache.clear()
        self.emit("store/order/updated", {"type": "order", "id": order.id})

    def set_status(self, order: Order, status_id: int) -> None:
        """Change the status: stock and events follow."""
        before = order.status_id
        if status_id == before:
            return
        order.status_id = status_id
        if status_id == reference.SHIPPED and order.shipped_at is None:
            order.shipped_at = self.now()
        self._move_stock(order)
        change = {"previous_status_id": before, "new_status_id": status_id}
        data = {"type": "order", "id": order.id, "status": change}
        self.emit("store/order/statusUpdated", data)
        self.touch(order)

    def _move_stock(self, order: Order) -> None:
        if order.status_id == reference.CANCELLED:
            if order.holds_stock and self.switches.cancel_returns_stock:
                self._take(order, order.lines, -1)
        elif not order.holds_stock and self.takes_stock(order):
            self._take(order, order.lines, 1)

    def takes_stock(self, order: Order) -> bool:
        """Whether an order of this status holds its stock."""
        if order.status_id in {reference.INCOMPLETE, reference.CANCELLED, reference.DECLINED}:
            return False
        late = self.switches.update_stock_behavior == "order_completed_or_shipped"
        return not late or order.status_id in {reference.SHIPPED, reference.COMPLETED}

    def _take(self, order: Order, lines: list[Line], sign: int) -> None:
        order.holds_stock = sign > 0
        cause: Cause = "order" if sign > 0 else "cancel"
        for line in lines:
            pieces = line.quantity - (line.restocked if sign < 0 else 0)
            self.stock.take(line.variant_id, sign * pieces, cause, str(order.id))
            line.restocked = 0

    def variant(self, sku: str) -> Variant | None:
        """The variant with this SKU, in any case."""
        found = self.variant_by_sku.get(sku.casefold())
        return None if found is None else self.variants[found]

    def add_product(self, item: CatalogueProduct, *, same_sku: bool = False) -> Variant:
        """A SKU of the catalogue, as a product of its own or as one more variant.

        In: `same_sku` allows a SKU that another item has.
        Raises: ValueError when the SKU exists.
        """
        key = item.sku.casefold()
        if key in self.variant_by_sku and not same_sku:
            raise ValueError(f"there is a product with SKU {item.sku!r} already")
        name = item.parent_name or item.name
        known = self.product_by_name.get(name.casefold())
        product = self._new_product(item, name) if known is None else self.products[known]
        variant = Variant(
            id=self.sequences.next("variant"),
            product_id=product.id,
            sku=item.sku,
            options=item.options,
            price=item.price_ex_tax,
            weight=item.weight_kg,
            stock={reference.LOCATION: StockAt(item.stock)},
        )
        self.variants[variant.id] = variant
        if key in self.variant_by_sku:
            self.same_skus.setdefault(key, []).append(variant.id)
        else:
            self.variant_by_sku[key] = variant.id
        product.variant_ids.append(variant.id)
        for option, label in item.options:
            values = self.option_named(product.options, option).values
            if label not in values:
                values[label] = self.sequences.next("option_value")
        self.stock.forget_items()
        self.emit("store/product/created", {"type": "product", "id": product.id})
        return variant

    def brand_id(self, name: str) -> int:
        """The id of a brand, in any case; 0 for none. One that is not known is made."""
        if not name:
            return 0
        key = name.casefold()
        if key not in self._brand_ids:
            self._brand_ids[key] = self.brands[name] = len(self.brands) + 1
        return self._brand_ids[key]

    def touch_product(self, product: Product) -> None:
        """Date the change of a product, and emit it."""
        product.modified_at = max(self.now(), product.modified_at)
        self.emit("store/product/updated", {"type": "product", "id": product.id})

    def rename_sku(self, variant: Variant, sku: str) -> None:
        """Give a variant another SKU, which no other one has."""
        if self.variant_by_sku.get(variant.sku.casefold()) == variant.id:
            del self.variant_by_sku[variant.sku.casefold()]
        variant.sku = sku
        if sku:
            self.variant_by_sku[sku.casefold()] = variant.id
        self.stock.forget_items()

    def option_named(self, options: list[ProductOption], name: str) -> ProductOption:
        """The option or modifier of a product with this name; a new one if there is none."""
        found = next((option for option in options if option.name == name), None)
        if found is None:
            found = ProductOption(self.sequences.next("option"), name)
            options.append(found)
        return found

    def _new_product(self, item: CatalogueProduct, name: str) -> Product:
        now = self.now()
        tracking = "variant" if item.options else "product"
        product = Product(
            id=self.sequences.next("product"),
            name=name,
            sku="" if item.options else item.sku,
            type=item.type,
            price=item.price_ex_tax,
            weight=item.weight_kg,
            tax_class_id=reference.tax_class_for(item.tax_rate_percent).id,
            tracking="none" if item.type == "digital" else tracking,
            brand=item.brand,
            created_at=now,
            modified_at=now,
        )
        self.products[product.id] = product
        self.product_by_name[name.casefold()] = product.id
        return product

    def add_customer(self, shopper: Shopper) -> Customer:
        """The account of a shopper; the one that exists for a known e-mail."""
        key = shopper.email.casefold()
        if key in self.customer_by_email:
            return self.customers[self.customer_by_email[key]]
        now = self.now()
        number = self.sequences.next("customer")
        person = shopper.address
        customer = Customer(
            number,
            shopper.email,
            person.first_name,
            person.last_name,
            now,
            now,
            company=person.company,
            phone=person.phone,
        )
        address = CustomerAddress(self.sequences.next("customer_address"), person)
        customer.addresses[address.id] = address
        self.customers[number] = customer
        self.customer_by_email[key] = number
        self.emit("store/customer/created", {"type": "customer", "id": number})
        return customer
