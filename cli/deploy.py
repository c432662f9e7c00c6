"""What `causeway deploy` does: the Prefect server learns what to run, when, how many at once."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client

from cli.display import table
from cli.engine import ask_prefect
from cli.output import say, warn
from connectors.bigcommerce.client import BigCommerce
from core.errors import CausewayError, ConfigError, TransientError
from core.settings import Settings, load_settings, prefect_api_url
from worker.alerts import register_alerts
from worker.deployments import NOWHERE, PREFECT_YAML, read_prefect_file
from worker.registration import (
    Registered,
    register_deployment,
    register_work_pool,
    remove_others,
)


def deploy(settings: Settings) -> None:
    """Register everything and print it.

    Raises: ConfigError without PREFECT_API_URL or with a wrong prefect.yaml; TransientError when
    the server does not answer.
    """
    zones = dict(store_zones(settings))
    found = register_all(settings, zones=zones)
    say(table(["what", "name", "done"], [(item.kind, item.name, item.done) for item in found]))


def store_zones(settings: Settings) -> Iterator[tuple[str, str]]:
    """The time zone of each pair's store; of one that does not answer, a warning instead."""
    for name, pair in sorted(settings.pairs.items()):
        try:
            yield name, BigCommerce(pair.bigcommerce).get_store().time_zone
        except CausewayError as error:
            warn(
                f"The time zone of the store of {name} is not known ({error.message}): what runs "
                "at night goes by the zones in prefect.yaml. Deploy again once it answers."
            )


def register_all(
    settings: Settings, prefect_file: Path = PREFECT_YAML, *, zones: Mapping[str, str] = NOWHERE
) -> list[Registered]:
    """Make the server hold what `prefect.yaml` says for the configured pairs; gives what was done.

    What runs at night does so by the `zones` of the pairs' stores. What else of ours is in that
    work pool is removed.

    Raises: ConfigError, TransientError.
    """
    wanted = read_prefect_file(prefect_file)
    work_pool = settings.worker.work_pool
    with _server() as client:
        done = [
            register_work_pool(client, pool.model_copy(update={"name": work_pool}))
            for pool in wanted.work_pools
        ]
        done.extend(
            register_deployment(client, deployment, Path.cwd())
            for deployment in wanted.for_pairs(settings, zones)
        )
        done.extend(remove_others(client, work_pool, done))
        done.extend(register_alerts(client))
    return done


@contextmanager
def _server() -> Iterator[SyncPrefectClient]:
    url = prefect_api_url()
    if url is None:
        raise ConfigError(
            "PREFECT_API_URL is not set, so there is no server to deploy to.",
            remedy="Set it, such as PREFECT_API_URL=http://127.0.0.1:4200/api.",
        )
    ask_prefect(url)
    try:
        with get_client(sync_client=True) as client:
            yield client
    except httpx.TransportError as error:
        raise TransientError(
            f"Prefect at {url} stopped answering.", remedy="Run `causeway deploy` again."
        ) from error
    except httpx.HTTPStatusError as error:
        refusal = error.response
        raise ConfigError(
            f"Prefect refused {error.request.method} {error.request.url.path} "
            f"({refusal.status_code}).",
            remedy="Is it Prefect 3.8, and do its credentials allow this?",
        ) from error


def main() -> int:
    """`python -m cli.deploy SECONDS`: deploy once the server answers, waiting at most so long.

    Started together with the server, it has imported everything by then.
    """
    until = time.monotonic() + float(sys.argv[1])
    while True:
        try:
            ask_prefect(prefect_api_url() or "")
            deploy(load_settings())
        except TransientError as error:
            if time.monotonic() > until:
                warn(str(error))
                return 1
            time.sleep(0.2)
        except CausewayError as error:
            warn(str(error))
            return 1
        else:
            return 0


if __name__ == "__main__":
    sys.exit(main())
