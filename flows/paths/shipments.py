"""Shipments, from Brightpearl to BigCommerce. Read top to bottom: it is the path of one note."""

from __future__ import annotations

from tasks.reconciler.gate import validate
from tasks.reconciler.run import Run
from tasks.reconciler.settle import settle
from tasks.shipments.entity import SHIPMENTS
from tasks.shipments.extract import extract_shipments, identify_orders, read_shipments
from tasks.shipments.frames import desired_parts, map_shipments
from tasks.shipments.operations import link_shipments, load_shipments
from tasks.shipments.plan import plan_shipments

ENTITY = SHIPMENTS
KEYS = "What to sync: orders by their BigCommerce ids, or `note-17`, `drop-5`."


def sync(run: Run) -> None:
    """Ship in BigCommerce what left Brightpearl's warehouses."""
    found = validate(run, extract_shipments(run, identify_orders(run)))
    parts = desired_parts(validate(run, map_shipments(run, found)))
    states = read_shipments(run, parts, found.states)
    plans = plan_shipments(run, parts, states)
    records = load_shipments(run, plans)
    settle(run, plans, link_shipments(run, found, records))
