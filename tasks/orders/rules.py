"""What planning has to know besides both sides: settings, statuses, and people's decisions."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.reconciler.cases import Decisions
from tasks.reconciler.run import Run


@dataclass(frozen=True)
class Rules(Decisions):
    """The merchant's settings, the account's statuses, and what people decided about cases."""

    on_hold: str = ""
    """Brightpearl's status of an order whose pick must wait; "" if the table has none."""
    cancelled: str = ""
    cancel_in_store: bool = True

    @classmethod
    def of(cls, run: Run) -> Rules:
        """The rules for the batch of a run."""
        statuses = run.bundle.table("account_statuses")
        decisions = run.decisions()
        return cls(
            approved=decisions.approved,
            discarded=decisions.discarded,
            on_hold=statuses.get("on_hold") or "",
            cancelled=statuses.get("cancelled") or "",
            cancel_in_store=run.connections.pair.orders.cancel_in_store,
        )
