"""The Prefect server starts what is scheduled, with the packages that are locked with it.

Nothing else would show it: a server whose scheduler fails answers, shows every deployment with its
schedule, runs what is started by hand, and only never starts a sweep.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect.server import models, schemas
from prefect.server.database import provide_database_interface
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, temporary_settings

pytestmark = pytest.mark.long


def test_a_deployment_with_a_schedule_gets_runs(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/prefect.db"
    with temporary_settings({PREFECT_API_DATABASE_CONNECTION_URL: url}):
        scheduled = asyncio.run(runs_of_a_new_deployment())
    assert len(scheduled) >= 3


async def runs_of_a_new_deployment() -> list[UUID]:
    """What the server's own scheduler makes for a deployment that runs every five minutes."""
    database = provide_database_interface()
    await database.create_db()
    every_five_minutes = schemas.schedules.IntervalSchedule(interval=timedelta(minutes=5))
    async with database.session_context(begin_transaction=True) as session:
        flow = await models.flows.create_flow(session, schemas.core.Flow(name="sweep-orders"))
        deployment = await models.deployments.create_deployment(
            session,
            schemas.core.Deployment(
                name="every-5-minutes",
                flow_id=flow.id,
                schedules=[schemas.core.DeploymentSchedule(schedule=every_five_minutes)],
            ),
        )
        scheduled = await models.deployments.schedule_runs(session, deployment_id=deployment.id)
    await (await database.engine()).dispose()
    return list(scheduled)
