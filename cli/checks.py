"""The checks of `causeway doctor`. None changes anything; one that fails stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from cli.engine import ask_prefect
from cli.installation import has_database
from cli.status import alerts
from cli.webhooks import remedy
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from core.errors import (
    CausewayError,
    ConfigError,
    ContractError,
    NotFoundError,
    TransientError,
)
from core.ids import FLOWS
from core.settings import Pair, Settings, prefect_api_url
from core.times import utc_now
from core.words import counted
from store.database import Database, database_of
from store.encryption import Keyring
from store.quarantine import Quarantine
from store.statistics import depths
from tasks.subscriptions import Target, plan

LARGEST_SKEW_S = 30.0
"""Signatures and sweeps tolerate a little; a clock this far off is set wrong."""
OF_OTHERS = 0o077
"""Permissions of a file that its owner's are not."""
NO_SUCH_SKU, NOBODY = "-", "nobody@example.invalid"
NO_SUCH_ORDER = "2147483647"
"""An id that no store reaches: reading it shows permissions, and needs no order."""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    what: str
    """What was checked."""
    state: Literal["ok", "warn", "fail"]
    text: str
    remedy: str = ""


def ok(what: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(what, "ok", text)


def warn(what: str, text: str, remedy: str) -> Finding:
    """It works, but not all of it, or not for long."""
    return Finding(what, "warn", text, remedy)


def fail(what: str, text: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(what, "fail", text, remedy)


def database(settings: Settings) -> Iterator[Finding]:
    """Reachable, and the tables are of this version."""
    if not has_database(settings):
        where = Database(settings.database_url).where
        yield warn("database", f"there is none at {where}", "causeway db upgrade")
        return
    opened = database_of(settings)
    depth = depths(opened)
    keys = sum(line.count for line in depth if line.state != "done")
    yield ok("database", f"reachable, tables up to date, {counted(keys, 'key')} open in the inbox")
    yield encryption(opened.keyring)
    yield from unreadable(opened)


def encryption(keyring: Keyring) -> Finding:
    """Whether what cases keep of records is encrypted, and whose the key is."""
    what, file = "encryption", keyring.file
    if not keyring.newest:
        return warn(
            what,
            "what cases keep of records is not encrypted",
            "Set CAUSEWAY_ENCRYPTION_KEYS on every machine, then: causeway db upgrade",
        )
    if file is None or not file.exists():
        return ok(what, "what cases keep of records is encrypted with the keys of the settings")
    if file.stat().st_mode & OF_OTHERS:
        return warn(what, f"others may read the key in {file}", f"chmod 600 {file}")
    return ok(what, f"what cases keep of records is encrypted; there is a key in {file}")


def unreadable(database: Database) -> Iterator[Finding]:
    """What cases keep and nobody can read, because its key is gone."""
    if (found := Quarantine(database).unreadable()).count:
        file = f", or {database.keyring.file} from a backup" if database.keyring.file else ""
        yield warn(
            "encryption",
            f"the key {', '.join(found.keys)} is not there any more, so nobody can read "
            f"{counted(found.count, 'text')} of cases that it encrypted",
            f"Add it to CAUSEWAY_ENCRYPTION_KEYS{file} (docs/privacy.md). All else of the cases "
            "works without it.",
        )


def watchdogs(settings: Settings, pair: Pair) -> Iterator[Finding]:
    """What the worker's watchdogs find wrong at the moment."""
    if not has_database(settings):
        return
    found = alerts(database_of(settings), pair.name, utc_now())
    for one in found:
        yield warn(f"watchdog {one['watchdog']}", f"{one['text']}", f"{one['remedy']}")
    if not found:
        yield ok("watchdogs", "they find nothing wrong")


def bigcommerce(store: BigCommerce) -> Iterator[Finding]:
    """Credentials, clock and time zone."""
    server_time = store.get_server_time()
    about = store.get_store()
    yield ok("BigCommerce", f"{about.name or 'the store'} answers; time zone {about.time_zone}")
    yield skew("BigCommerce", server_time)


def unusable(system: str, pair: Pair, error: CausewayError) -> Finding:
    """Why nothing can be asked of a system: the one setting that is wrong, or that it is away."""
    is_store = system == "BigCommerce"
    url = pair.bigcommerce.api_url if is_store else pair.brightpearl.api_url
    prefix = f"CAUSEWAY_{system.upper()}__"
    ends = "before /stores/…" if is_store else "before the account's code"
    account, token = ("STORE_HASH", "ACCESS_TOKEN") if is_store else ("ACCOUNT", "ACCOUNT_TOKEN")
    is_usual = urlsplit(url).path == ("" if is_store else "/public-api")
    match error:
        case ConfigError() if is_usual:
            names = f"{prefix}{token}, __{account}" + ("" if is_store else ", __APP_REF")
            return fail(
                system,
                f"{url} refuses the credentials ({error.message.rstrip('.')})",
                f"Correct {names}: they belong to one API account, and it needs the rights that "
                "README.md names.",
            )
        case ConfigError() | NotFoundError() | ContractError():
            return fail(
                system,
                f"{url} answers, but not as the API of {system} does ({error.message.rstrip('.')})",
                f"Correct {prefix}API_URL, which ends {ends}, or __{account}, or __{token}.",
            )
        case _:
            return fail(
                system,
                f"{url} cannot be used now ({error.message.rstrip('.')})",
                f"Correct {prefix}API_URL, or make that address reachable from this machine.",
            )


def scopes(store: BigCommerce) -> Iterator[Finding]:
    """What the token may read. Whether it may write, only a write can show."""
    reads: dict[str, Callable[[], object]] = {
        "orders": lambda: next(store.list_order_headers(min_id=int(NO_SUCH_ORDER)), None),
        "order transactions": lambda: store.list_transactions(NO_SUCH_ORDER),
        "products": lambda: store.list_variants_named(NO_SUCH_SKU),
        "customers": lambda: next(store.find_customers([NOBODY]), None),
        "channels": store.list_channels,
        "webhooks": store.list_hooks,
    }
    for name, read in reads.items():
        try:
            read()
        except NotFoundError:
            pass
        except CausewayError as error:
            yield fail(f"BigCommerce scope {name}", error.message, error.remedy)
            continue
        yield ok(f"BigCommerce scope {name}", "may be read")


def brightpearl(account: Brightpearl) -> Iterator[Finding]:
    """Credentials and clock."""
    server_time = account.get_server_time()
    yield ok("Brightpearl", "the account answers")
    if server_time is not None:
        yield skew("Brightpearl", server_time)


def skew(system: str, server_time: datetime) -> Finding:
    """How far its clock is from ours, to the second."""
    seconds = abs((utc_now() - server_time).total_seconds())
    if seconds <= LARGEST_SKEW_S:
        return ok(f"{system} clock", f"{seconds:.0f} s from ours")
    return warn(f"{system} clock", f"{seconds:.0f} s from ours", "Set this machine's clock (NTP).")


def webhooks(pair: Pair, store: BigCommerce, account: Brightpearl) -> Iterator[Finding]:
    """The receiver can be reached, and both systems are subscribed to call it."""
    target = Target.of(pair)
    for change in plan(target, store, account):
        what = f"webhook {change.system} {change.event}"
        if change.action == "keep":
            yield ok(what, "it is active, with our address and secret")
        else:
            yield warn(what, change.why, remedy(change))
    yield receiver(f"{target.base}/health")


def receiver(url: str) -> Finding:
    """Whether the public address leads to a healthy receiver, seen from here."""
    try:
        answer = httpx.get(url, timeout=5, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return warn(
            "receiver",
            f"{url} does not answer ({type(error).__name__})",
            "Start it (causeway receiver) and check the proxy before it; orders still arrive by "
            "the sweep, minutes later.",
        )
    if answer.status_code == httpx.codes.OK:
        return ok("receiver", f"{url} is healthy")
    return warn("receiver", f"{url} answers {answer.status_code}", "See the receiver's log.")


def prefect_checks(settings: Settings) -> Iterator[Finding]:
    """The server, the work pool with a live worker, and the deployments.

    Raises: TransientError when the server does not answer.
    """
    url = prefect_api_url()
    if url is None:
        yield warn(
            "Prefect",
            "PREFECT_API_URL is not set; the worker would keep a small server of its own",
            "Start a server (causeway up, or prefect server start) and set PREFECT_API_URL.",
        )
        return
    yield ok("Prefect", f"{ask_prefect(url)} answers at {url}")
    with httpx.Client(base_url=url.rstrip("/"), timeout=10) as client:
        yield work_pool(client, settings.worker.work_pool)
        yield deployments(client)


def work_pool(client: httpx.Client, name: str) -> Finding:
    """Whether the pool exists and a worker polls it."""
    answer = client.get(f"/work_pools/{name}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        return warn("work pool", f"{name} does not exist", "causeway deploy")
    status = str(_body(answer).get("status", "")).lower()
    if status == "ready":
        return ok("work pool", f"{name} is ready")
    return warn("work pool", f"{name} is {status or 'idle'}", "Start a worker: causeway worker")


def deployments(client: httpx.Client) -> Finding:
    """Whether each of our flows has one."""
    answer = client.post("/deployments/filter", json={"flows": {"name": {"any_": [*FLOWS]}}})
    found = answer.json() if answer.status_code == httpx.codes.OK else []
    if len(found) >= len(FLOWS):
        return ok("deployments", f"{len(found)} are registered")
    return warn("deployments", f"{len(found)} of at least {len(FLOWS)} exist", "causeway deploy")


def _body(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code != httpx.codes.OK:
        raise TransientError(f"Prefect answers {answer.status_code} for its work pools.")
    body: dict[str, Any] = answer.json()
    return body
