"""JSON Patch of an order's header. Ids may be numbers or text, as on the vendor's page."""

from dataclasses import dataclass
from typing import NoReturn

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import require_moment
from sandbox.brightpearl.order_documents import party_order
from sandbox.brightpearl.patching import Change, apply_all, operations
from sandbox.brightpearl.records import Order
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.routing import Call, Routes, answer
from sandbox.kit.routing import Reply

routes = Routes()

REFERENCE_LENGTH = 64


@routes("PATCH", "/order-service/order/{id}")
def patch_order(account: Account, call: Call) -> Reply:
    """The whole order after the change."""
    order = account.order(call.number("id"))
    apply_all(operations(call), _Header(account, order).paths())
    account.touch(order)
    account.emit("order", order.id, "modified")
    return answer(party_order(account, order))


def _absent(name: str, value: object) -> NoReturn:
    refuse("ORDC-903", f"{name} {str(value)[:20]} does not exist")


@dataclass(frozen=True, slots=True)
class _Header:
    account: Account
    order: Order

    def paths(self) -> dict[str, dict[str, Change]]:
        """What the vendor lets be patched, and how."""
        return {
            "/reference": {
                "replace": self._set_reference,
                "remove": lambda _: self._set_reference(""),
            },
            "/warehouseId": {"replace": self._set_warehouse},
            "/delivery/shippingMethodId": {
                "replace": self._set_method,
                "remove": lambda _: self._set_method(0),
            },
            "/delivery/deliveryDate": {"replace": self._set_delivery_date},
            "/parties/customer/contactId": {"replace": self._set_customer},
            "/parties/billing/contactId": {"replace": self._set_biller},
        }

    def _set_reference(self, value: object) -> None:
        text = str(value or "")
        if len(text) > REFERENCE_LENGTH:
            refuse("ORDC-909", f"reference is longer than {REFERENCE_LENGTH} characters")
        index = self.account.orders_by_ref
        index[self.order.ref].remove(self.order.id)
        index[text].append(self.order.id)
        self.order.ref = text

    def _set_warehouse(self, value: object) -> None:
        if self.order.allocation_status not in {"ANR", "ANA"}:
            refuse("ORDB-910", "The warehouse cannot change once stock is allocated")
        number = int(str(value))
        if number not in reference.WAREHOUSES:
            _absent("warehouseId", value)
        self.order.warehouse_id = number

    def _set_method(self, value: object) -> None:
        number = int(str(value))
        if number not in (0, *reference.SHIPPING_METHODS):
            _absent("shippingMethodId", value)
        self.order.shipping_method_id = number

    def _set_delivery_date(self, value: object) -> None:
        self.order.delivery_on = require_moment(str(value), "deliveryDate", self.account.zone)

    def _set_customer(self, value: object) -> None:
        self.order.contact_id = self._contact(value)

    def _set_biller(self, value: object) -> None:
        self.order.billing_contact_id = self._contact(value)

    def _contact(self, value: object) -> int:
        if self.order.invoice_reference is not None:
            refuse("ORDB-911", "The order is invoiced")
        number = int(str(value))
        if number not in self.account.contacts:
            _absent("Contact", value)
        return number
