import asyncio
import sqlite3
from pathlib import Path

import pytest
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy import text

from cli.prefect_sqlite import PLUGIN


async def is_refused_during_a_transaction(database: Path, query: str) -> bool:
    """Whether another connection may not write while Prefect's transaction has only read."""
    configuration = AioSqliteConfiguration(f"sqlite+aiosqlite:///{database}{query}")
    engine = await configuration.engine()
    try:
        session = await configuration.session(engine)
        async with session, configuration.begin_transaction(session):
            await session.execute(text("SELECT 1 FROM sqlite_master"))
            other = sqlite3.connect(database, timeout=0)
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            finally:
                other.close()
            return False
    finally:
        await engine.dispose()


@pytest.mark.parametrize(("query", "is_refused"), [(f"?plugin={PLUGIN}", True), ("", False)])
def test_only_with_the_plugin_a_transaction_of_prefect_is_the_one_writer_from_its_beginning(
    tmp_path: Path, query: str, is_refused: bool
) -> None:
    assert asyncio.run(is_refused_during_a_transaction(tmp_path / "p.db", query)) is is_refused
