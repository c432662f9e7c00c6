"""Flow runs inside this process: each in its own thread and event loop, without a process start."""

from __future__ import annotations

import asyncio
import importlib
from functools import cache
from typing import Any, cast

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.flow_engine import run_flow_async

from core.errors import ConfigError


@cache
def load_flow(entrypoint: str) -> Flow[..., Any]:
    """The flow of an entrypoint such as `flows/orders.py:sync_orders`, imported once.

    Raises: ConfigError when there is no such flow in this installation.
    """
    path, _, name = entrypoint.rpartition(":")
    module = path.removesuffix(".py").replace("/", ".")
    try:
        flow = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"The deployment's entrypoint {entrypoint!r} is not a flow of this installation.",
            remedy="Run `causeway deploy` with the version that the worker runs.",
        ) from error
    if not isinstance(flow, Flow):
        raise ConfigError(f"{entrypoint!r} is not a Prefect flow.", remedy="See prefect.yaml.")
    return cast("Flow[..., Any]", flow)


def execute(flow: Flow[..., Any], flow_run: FlowRun) -> State[Any]:
    """Run it to its end in the calling thread; the final state, failed or not."""
    state = asyncio.run(
        run_flow_async(flow, flow_run=flow_run, parameters=flow_run.parameters, return_type="state")
    )
    return cast("State[Any]", state)
