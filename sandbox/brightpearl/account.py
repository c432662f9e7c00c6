"""The account's records, and what every operation does with them."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sandbox.brightpearl import reference
from sandbox.brightpearl.records import (
    Contact,
    Event,
    Order,
    OrderNote,
    Outgoing,
    Payment,
    PostalAddress,
    Product,
    Webhook,
)
from sandbox.brightpearl.refusals import not_found
from sandbox.brightpearl.stock_records import (
    DropShipNote,
    FloodProgress,
    GoodsInNote,
    GoodsMovement,
    GoodsOutNote,
    OddStock,
    OnHandChange,
    Reservation,
    StockLevel,
)
from sandbox.brightpearl.switches import BrightpearlSwitches
from sandbox.kit.clock import Clock, Timers
from sandbox.kit.sequences import Sequences

JOURNAL_SIZE = 500_000


class CatalogueProduct(Protocol):
    """What the account needs of a product of the shared catalogue."""

    @property
    def sku(self) -> str: ...  # noqa: D102 - the name says it
    @property
    def name(self) -> str: ...  # noqa: D102 - the name says it
    @property
    def price_ex_tax(self) -> Decimal: ...  # noqa: D102 - the name says it
    @property
    def tax_rate_percent(self) -> Decimal: ...  # noqa: D102 - the name says it
    @property
    def weight_kg(self) -> Decimal: ...  # noqa: D102 - the name says it
    @property
    def stock(self) -> int: ...  # noqa: D102 - the name says it


class Catalogue(Protocol):
    """The catalogue both sandboxes are filled from."""

    @property
    def products(self) -> Sequence[CatalogueProduct]: ...  # noqa: D102 - the name says it


STARTS = {
    "order": 100_001,
    "row": 500_001,
    "contact": 201,
    "address": 3_001,
    "product": 1_007,
    "payment": 70_001,
    "note": 9_001,
    "goods_out": 40_001,
    "drop_ship": 50_001,
    "goods_in": 60_001,
    "movement": 800_001,
    "webhook": 121,
    "release": 65_001,
    "journal": 20_001,
    "invoice": 1_001,
    "event_version": 3_131_001,
    "brand": 75,
    "category": 297,
    "product_group": 1,
    "option_value": 1,
}
"""The first id of each resource."""


class Account:
    """One Brightpearl account: records by id, and the indexes the API looks them up by."""

    def __init__(
        self,
        catalogue: Catalogue | None,
        clock: Clock,
        switches: BrightpearlSwitches | None = None,
        seed: int = 0,
        *,
        missing_skus: Iterable[str] = (),
    ) -> None:
        self.clock = clock
        self.switches = switches or BrightpearlSwitches()
        self.random = Random(seed)  # noqa: S311 - reproducible, not secret
        self.zone = ZoneInfo(reference.TIME_ZONE)
        self.utc = ZoneInfo("UTC")
        self.sequences = Sequences(**STARTS)
        self.timers = Timers(clock)
        self.clock_went_back = False
        self._last_moment = clock.now()
        self.listeners: list[Callable[[Event], None]] = []
        self._make_books()
        self._make_indexes()
        if catalogue is not None:
            from sandbox.brightpearl.products import stock_catalogue  # noqa: PLC0415 - products need the account

            stock_catalogue(self, catalogue, frozenset(missing_skus))

    def _make_books(self) -> None:
        self.orders: dict[int, Order] = {}
        self.deleted_orders: dict[int, Order] = {}
        self.contacts: dict[int, Contact] = {}
        self.deleted_contacts: dict[int, Contact] = {}
        self.addresses: dict[int, PostalAddress] = {}
        self.products: dict[int, Product] = {}
        self.deleted_products: dict[int, Product] = {}
        self.brands: dict[int, str] = dict((reference.BRAND,))
        self.categories: dict[int, tuple[str, int]] = {reference.CATEGORY[0]: ("Other", 0)}
        """Name and parent by id; parent 0 is the top."""
        self.option_values: dict[int, tuple[int, str]] = {}
        """Option and value by id."""
        self.without_default_location: set[int] = set()
        """Warehouses for which nobody chose one."""
        self.list_currencies: dict[int, str] = {}
        """Of price lists that are not in the base currency, by id."""
        self.product_groups: dict[int, list[int]] = defaultdict(list)
        """Products by the group that they form."""
        self.stock: dict[int, dict[int, StockLevel]] = defaultdict(dict)
        self.reservations: dict[int, Reservation] = {}
        self.goods_out: dict[int, GoodsOutNote] = {}
        self.drop_ship: dict[int, DropShipNote] = {}
        self.goods_in: dict[int, GoodsInNote] = {}
        self.movements: dict[int, GoodsMovement] = {}
        self.stock_journal: deque[OnHandChange] = deque(maxlen=JOURNAL_SIZE)
        self.odd_stock: dict[int, list[OddStock]] = {}
        self.flood: FloodProgress | None = None
        self.payments: dict[int, Payment] = {}
        self.notes: dict[int, OrderNote] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.events: deque[Event] = deque(maxlen=100_000)
        self.outbox: list[Outgoing] = []

    def _make_indexes(self) -> None:
        self.order_by_key: dict[tuple[str, str, int], int] = {}
        self.orders_by_external_ref: dict[str, list[int]] = defaultdict(list)
        self.orders_by_ref: dict[str, list[int]] = defaultdict(list)
        self.orders_by_change: dict[int, Order] = {}
        """Those that changed since they were made; the last to change is last."""
        self.orders_by_parent: dict[int, list[int]] = defaultdict(list)
        self.products_by_sku: dict[str, list[int]] = defaultdict(list)
        self.products_by_name: dict[str, list[int]] = defaultdict(list)
        """Those that the API or staff made: products of one name form a group."""
        self.products_by_change: dict[int, Product] = {}
        """Those that changed since they were made; the last to change is last."""
        self.product_changes = 0
        """How often any product was made, changed or removed."""
        self.finds: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[int, list[Any]]] = {}
        """What the latest searches found, for their further pages."""
        self.payments_by_order: dict[int, list[int]] = defaultdict(list)
        self.payments_by_ref: dict[str, list[int]] = defaultdict(list)
        self.payment_by_key: dict[tuple[str, str], int] = {}
        self.notes_by_order: dict[int, list[int]] = defaultdict(list)
        self.goods_out_by_order: dict[int, list[int]] = defaultdict(list)
        self.drop_ship_by_order: dict[int, list[int]] = defaultdict(list)
        self.goods_in_by_order: dict[int, list[int]] = defaultdict(list)
        self.goods_in_by_batch: dict[str, int] = {}
        self.order_by_row: dict[int, int] = {}

    def now(self) -> datetime:
        """Aware UTC by the sandbox clock."""
        moment = self.clock.now()
        self.clock_went_back = self.clock_went_back or moment < self._last_moment
        self._last_moment = moment
        return moment

    def emit(self, resource: str, resource_id: int, lifecycle: str, specifier: str = "") -> None:
        """Call every listener (webhooks) with an event."""
        event = Event(resource, resource_id, lifecycle, specifier, self.now())
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    @contextmanager
    def without_listeners(self) -> Iterator[None]:
        """Call no listener until the block ends."""
        listeners, self.listeners = self.listeners, []
        try:
            yield
        finally:
            self.listeners = listeners

    def settle(self) -> None:
        """Do what is due by the clock; the vendor works in the background."""
        self.now()
        self.timers.run_due()

    def order(self, order_id: int, type_code: str | None = None) -> Order:
        """The order.

        Raises: Refusal 404 when absent or of another type.
        """
        found = self.orders.get(order_id)
        if found is None or (type_code is not None and found.type_code != type_code):
            not_found(f"No order found with id {order_id}")
        return found

    def touch(self, order: Order) -> None:
        """Date the change of an order."""
        order.updated_on = self.now()
        order.version += 1
        self.orders_by_change.pop(order.id, None)
        self.orders_by_change[order.id] = order

    def touch_product(self, product: Product) -> None:
        """Date the change of a product."""
        product.updated_on = self.now()
        product.version += 1
        self.products_by_change.pop(product.id, None)
        self.products_by_change[product.id] = product
        self.product_changes += 1

    def external_refs(self) -> list[str]:
        """External references of all sales orders, in order of creation."""
        return [
            order.external_ref
            for order in self.orders.values()
            if order.type_code == "SO" and order.external_ref is not None
        ]
