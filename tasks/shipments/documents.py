"""Parts of a plan as the store's documents, each a word with its ledger line."""

from __future__ import annotations

from collections.abc import Callable

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.shipment_models import Shipment, ShipmentCreate, ShipmentItemCreate
from core.errors import NotFoundError
from tasks.claim import Run
from tasks.shipments.memory import Part
from tasks.shipments.plan_models import Change, Create, OrderPlan
from tasks.shipments.standing import SHIP
from tasks.tell import Word


def create_label(order_id: str, create: Create) -> str:
    """The label under which a shipment is made."""
    return f"{order_id} ship {create.wanted.ref}"


def change_label(order_id: str, change: Change) -> str:
    """The label under which a shipment is changed."""
    return f"{order_id} change {change.part.shipment_id}"


def delete_label(order_id: str, part: Part) -> str:
    """The label under which a shipment is taken back."""
    return f"{order_id} delete {part.shipment_id}"


def words(run: Run, order: OrderPlan) -> list[Word]:
    """Everything that the store is told of one order: first what makes room for the rest."""
    return [
        *(_delete(run, order, part) for part in order.takes_back),
        *(_create(run, order, create) for create in order.creates),
        *(_change(run, order, change) for change in order.changes if change.fields),
    ]


def _create(run: Run, order: OrderPlan, create: Create) -> Word:
    wanted = create.wanted
    document = ShipmentCreate(
        order_address_id=int(wanted.address_id),
        items=tuple(
            ShipmentItemCreate(order_product_id=int(line_id), quantity=units)
            for line_id, units in create.units.items()
        ),
        # Left out, the store would call it "custom" and make no link of the carrier.
        **{"shipping_provider": "", **wanted.told},
    )

    def send(store: BigCommerce) -> Shipment:
        return store.create_shipment(order.order_id, document)

    return Word(
        label=create_label(order.order_id, create),
        send=send,
        entity=run.entity,
        key=order.order_id,
        action=SHIP,
        natural_key=wanted.ref,
        before={"status_id": order.status_id},
        after={"units": dict(create.units), **wanted.told},
        written_id=lambda shipment: str(shipment.id),
        is_repeatable=False,
    )


def _change(run: Run, order: OrderPlan, change: Change) -> Word:
    def send(store: BigCommerce) -> Shipment:
        return store.update_shipment(order.order_id, change.part.shipment_id, **change.fields)

    return Word(
        label=change_label(order.order_id, change),
        send=send,
        entity=run.entity,
        key=order.order_id,
        action="change shipment",
        natural_key=change.part.shipment_id,
        before=dict(change.before),
        after=dict(change.fields),
        written_id=lambda shipment: str(shipment.id),
    )


def _delete(run: Run, order: OrderPlan, part: Part) -> Word:
    return Word(
        label=delete_label(order.order_id, part),
        send=_taking_back(order.order_id, part.shipment_id),
        entity=run.entity,
        key=order.order_id,
        action="take shipment back",
        natural_key=part.shipment_id,
        before={"note": part.note_key, "units": dict(part.units), **part.told},
        after={},
    )


def _taking_back(order_id: str, shipment_id: str) -> Callable[[BigCommerce], None]:
    """A delete that is content when the shipment is gone already."""

    def send(store: BigCommerce) -> None:
        try:
            store.delete_shipment(order_id, shipment_id)
        except NotFoundError:
            return

    return send
