"""Alerts: Prefect notifies people of failed runs, audits that differ, and watchdogs' findings.

The address of a chat channel or mailbox is a secret, so it stays in Prefect: whoever runs Causeway
makes a notification block of any type (Slack, Teams, e-mail, custom webhook …) named
`causeway-alerts`, and `causeway deploy` ties it to the events below. Without that block there are
no alerts; the runs' states and `causeway status` show the same.
"""

from __future__ import annotations

from datetime import timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from tasks.reconciler.audit import DIFFERS
from worker.deployments import TAG
from worker.registration import Registered
from worker.watch import OPENED

BLOCK = "causeway-alerts"
FAILED = "causeway: a run failed"
WATCHDOG = "causeway: a watchdog found something"
QUIET_FOR = timedelta(hours=1)
"""One alert per deployment and this long: wrong credentials fail a run every few minutes."""
BODY = """{{ flow.name }} ({{ flow_run.name }}) ended {{ flow_run.state.name }} at \
{{ flow_run.state.timestamp }}.
{{ flow_run.state.message }}
{{ flow_run|ui_url }}
What a failed run did not settle stays due and is tried again. See docs/runbook.md."""


def failed_run_alert(block_document_id: object) -> AutomationCore:
    """Failed and crashed runs, and audits that differ, to the block; one per deployment and hour.

    Reactive triggers fire at the first event, then wait until `within` is over.
    """
    return AutomationCore(
        name=FAILED,
        description="Made by `causeway deploy`; changes made here are undone by the next one.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{state}" for state in ("Failed", "Crashed", DIFFERS)},
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification(
                {"prefect.resource.id": f"prefect.tag.{TAG}", "prefect.resource.role": "tag"}
            ),
            for_each={"related:deployment:prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=QUIET_FOR,
        ),
        actions=[
            SendNotification(
                block_document_id=block_document_id,
                subject="Causeway: {{ flow.name }} {{ flow_run.state.name }}",
                body=BODY,
            )
        ],
    )


def watchdog_alert(block_document_id: object) -> AutomationCore:
    """What the watchdogs find wrong, to the block, when it begins."""
    return AutomationCore(
        name=WATCHDOG,
        description="Made by `causeway deploy`; changes made here are undone by the next one.",
        trigger=EventTrigger(
            expect={OPENED},
            match=ResourceSpecification({"prefect.resource.id": "causeway.watchdog.*"}),
            for_each={"prefect.resource.id", "causeway.subject"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[
            SendNotification(
                block_document_id=block_document_id,
                subject="Causeway: {{ event.payload['watchdog'] }} ({{ event.payload['pair'] }})",
                body="{{ event.payload['text'] }}.\n{{ event.payload['remedy'] }}",
            )
        ],
    )


def register_alerts(client: SyncPrefectClient) -> list[Registered]:
    """Make the automations what they should be, found by name: never a second one."""
    block = next(
        (
            found
            for found in client.read_block_documents(include_secrets=False)
            if found.name == BLOCK
        ),
        None,
    )
    wanted = {FAILED: failed_run_alert, WATCHDOG: watchdog_alert}
    return [
        _register(client, name, make(block.id) if block else None) for name, make in wanted.items()
    ]


def _register(client: SyncPrefectClient, name: str, wanted: AutomationCore | None) -> Registered:
    existing = client.read_automations_by_name(name)
    if wanted is None:
        for automation in existing:
            client.delete_automation(automation.id)
        why = f"none: make a notification block named {BLOCK} in Prefect and deploy again"
        return Registered("alert", name, why)
    if not existing:
        client.create_automation(wanted)
        return Registered("alert", name, "created")
    first, *spare = existing
    client.update_automation(first.id, wanted.model_copy(update={"enabled": first.enabled}))
    for automation in spare:
        client.delete_automation(automation.id)
    return Registered("alert", name, "updated")
