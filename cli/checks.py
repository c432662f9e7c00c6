"""The checks of `causeway doctor`. None changes anything; one that fails stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import httpx

from cli.checks_engine import prefect_checks
from cli.checks_stock import stock_checks
from cli.checks_tables import table_checks
from cli.findings import Finding, fail, ok, warn
from cli.subscriptions import Target, plan_bigcommerce, plan_brightpearl
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from core.errors import CausewayError, NotFoundError
from core.settings import Pair, Settings
from core.times import utc_now
from store.database import open_database
from store.inbox import Inbox

LARGEST_SKEW_S = 30.0
"""Signatures and sweeps stand a little; a clock this far off is set wrong."""
NO_SUCH_ORDER = "2147483647"
"""An id that no store reaches: reading it tells about permissions, not about orders."""


def examine(settings: Settings, pair: Pair) -> list[Finding]:
    """Every check, in the order in which a person would set things right."""
    store, account = BigCommerce(pair.bigcommerce), Brightpearl(pair.brightpearl)
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("database", lambda: database(settings)),
        ("BigCommerce", lambda: bigcommerce(store)),
        ("BigCommerce scopes", lambda: scopes(store)),
        ("Brightpearl", lambda: brightpearl(account)),
        ("mappings", lambda: table_checks(settings, pair, store, account)),
        ("stock", lambda: stock_checks(settings, pair, store, account)),
        ("webhooks", lambda: webhooks(pair, store, account)),
        ("Prefect", lambda: prefect_checks(settings)),
    ]
    findings = [ok("settings", f"pair {pair.name} is configured")]
    for what, check in checks:
        findings.extend(guarded(what, check))
    return findings


def guarded(what: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The check's findings; an error of ours is a finding too."""
    try:
        yield from check()
    except CausewayError as error:
        yield fail(what, error.message, error.remedy)


def database(settings: Settings) -> Iterator[Finding]:
    """Reachable, and the tables are of this version."""
    depth = Inbox(open_database(settings.database_url)).depth()
    keys = sum(line.count for line in depth if line.state != "done")
    yield ok("database", f"reachable, tables up to date, {keys} keys open in the inbox")


def bigcommerce(store: BigCommerce) -> Iterator[Finding]:
    """Credentials, clock and time zone."""
    there = store.get_server_time()
    about = store.get_store()
    yield ok("BigCommerce", f"{about.name or 'the store'} answers; time zone {about.time_zone}")
    yield skew("BigCommerce", there)


def scopes(store: BigCommerce) -> Iterator[Finding]:
    """What the token may read. That it may write, only a write can tell."""
    reads: dict[str, Callable[[], object]] = {
        "orders": lambda: next(store.list_order_headers(min_id=int(NO_SUCH_ORDER)), None),
        "order transactions": lambda: store.list_transactions(NO_SUCH_ORDER),
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
    there = account.get_server_time()
    yield ok("Brightpearl", "the account answers")
    if there is not None:
        yield skew("Brightpearl", there)


def skew(system: str, there: datetime) -> Finding:
    """How far its clock and ours are apart, to the second."""
    apart = abs((utc_now() - there).total_seconds())
    if apart <= LARGEST_SKEW_S:
        return ok(f"{system} clock", f"{apart:.0f} s from ours")
    return warn(f"{system} clock", f"{apart:.0f} s from ours", "Set this machine's clock (NTP).")


def webhooks(pair: Pair, store: BigCommerce, account: Brightpearl) -> Iterator[Finding]:
    """The receiver can be reached, and both systems are told to call it."""
    target = Target.of(pair)
    changes = [
        *plan_bigcommerce(store.list_hooks(), target.bigcommerce),
        *plan_brightpearl(account.list_webhooks(), target),
    ]
    wrong = [change for change in changes if change.action != "keep"]
    if wrong:
        names = ", ".join(f"{change.system} {change.event}" for change in wrong)
        yield warn("webhooks", f"not as they should be: {names}", "causeway webhooks ensure")
    else:
        yield ok("webhooks", f"{len(changes)} subscriptions are active")
    yield receiver(f"{str(pair.webhooks.public_url).rstrip('/')}/health")


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
