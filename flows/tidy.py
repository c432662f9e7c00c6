"""What keeps an installation of years small."""

from __future__ import annotations

from dataclasses import asdict

from prefect import flow

from store.quarantine import Quarantine
from store.retention import forget_old
from tasks.reconciler.connections import connect


@flow(name="tidy", flow_run_name="tidy {pair}", persist_result=False)
async def tidy(pair: str = "default") -> dict[str, int]:
    """Drop settled keys, old reports and closed cases; encrypt by the first key what is kept.

    Args:
        pair: Which store and account, by the name that the settings give them.
    """
    connections = connect(pair)
    retention = connections.settings.retention
    forgotten = forget_old(connections.database, now=connections.clock(), retention=retention)
    encrypted = Quarantine(connections.database).encrypt_anew()
    return {**asdict(forgotten), "encrypted": encrypted}
