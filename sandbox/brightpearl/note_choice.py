"""Which goods notes a path names: by orders, by notes, or by both."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from sandbox.brightpearl.idset import require_id_set
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.routing import Call


class Note(Protocol):
    """What every kind of goods note has."""

    @property
    def id(self) -> int: ...  # noqa: D102 - the name says it
    @property
    def order_id(self) -> int: ...  # noqa: D102 - the name says it


N = TypeVar("N", bound=Note)


def chosen_notes(
    call: Call, notes: Mapping[int, N], by_order: Mapping[int, Sequence[int]], limit: int
) -> list[N]:
    """Notes of the orders in the path (`*`: of any), of its note ids when it has some.

    Raises: Refusal 400 for every note of every order, for a malformed or too large set.
    """
    orders = call.params["orders"]
    wanted = None if orders == "*" else require_id_set(orders, limit)
    if "ids" in call.params:
        ids = call.id_set(limit=limit).among(notes, notes)
        owners = None if wanted is None else frozenset(wanted.ids())
        found = [notes[number] for number in ids]
        return [note for note in found if owners is None or note.order_id in owners]
    if wanted is None:
        refuse("WHSC-916", "Note ids are required for the notes of all orders")
    return [notes[number] for order in wanted.ids() for number in by_order.get(order, ())]
