"""The watchdogs: what begins to be wrong is kept, reported once, mended where it can be."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from sweeping import sweep_orders
from world import PAIR, World
from worlds import world

from core.refusals import Refusal
from core.settings import load_settings
from core.times import utc_now
from store.activity import Requests
from store.alerts import Alerts, Finding
from store.inbox import Inbox, Retry, Waiting
from store.quarantine import Quarantine, Queue
from store.statistics import Counts, Failing
from tasks.reconciler.connections import Connections, connect, disconnect, refusal
from tasks.reconciler.triage import triage_all
from tasks.subscriptions import Target, ensure
from tasks.watchdogs import Receiver, aged, answers, drifted, looping, overdue, refused
from worker.watch import ScheduledRuns, Watch, shortest

__all__ = ["world"]
NOON = utc_now()
MINUTE = timedelta(minutes=1)
SHOPPER = "ann@example.com"


class Once(threading.Event):
    """Lets a loop go round a single time."""

    rounds = 0

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        self.rounds += 1
        return self.rounds > 1


@dataclass
class Station:
    """One worker's watch over a world, with a clock that the test moves."""

    world: World
    now: datetime = field(default_factory=utc_now)
    events: list[tuple[str, str, str]] = field(default_factory=list)
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Watch(
            load_settings(),
            self.connections.database,
            "worker-1",
            threading.Event(),
            emit=lambda change, _, alert: self.events.append(
                (change, alert.watchdog, alert.subject)
            ),
            clock=lambda: self.now,
        )

    @property
    def connections(self) -> Connections:
        return connect(PAIR)

    def examine(self, *, after: timedelta = timedelta(0)) -> list[tuple[str, str, str]]:
        """What changed since the last time."""
        self.now += after
        self.events.clear()
        self.watch.watch()
        return [event for event in self.events if event[1] != "receiver"]

    def open(self) -> set[str]:
        found = Alerts(self.connections.database).list(PAIR)
        return {one.watchdog for one in found} - {"receiver"}


@pytest.fixture
def station(world: World, monkeypatch: pytest.MonkeyPatch) -> Station:
    monkeypatch.setenv("CAUSEWAY_WEBHOOKS__PUBLIC_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CAUSEWAY_WEBHOOKS__SECRET", "a-secret-of-a-test")
    disconnect()
    return Station(world)


def subscribe(station: Station) -> None:
    connections = station.connections
    ensure(Target.of(connections.pair), connections.bigcommerce, connections.brightpearl)


def inactive(station: Station) -> list[str]:
    hooks = station.connections.bigcommerce.list_hooks()
    return [hook.scope for hook in hooks if not hook.is_active]


def test_a_hook_that_was_switched_off_is_switched_on_and_reported_once(station: Station) -> None:
    subscribe(station)
    assert station.examine() == []
    next(iter(station.world.sandbox.store.hooks.values())).is_active = False
    (scope,) = inactive(station)

    found = station.examine(after=timedelta(minutes=2))

    assert found == [("opened", "hooks", f"bigcommerce {scope}")]
    assert inactive(station) == []
    assert station.examine() == []
    assert station.examine(after=timedelta(minutes=2)) == [
        ("closed", "hooks", f"bigcommerce {scope}")
    ]


def test_the_log_says_what_was_found_and_later_that_it_is_no_longer_found(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "causeway.worker")
    station.watch.runs = ScheduledRuns(station.now, open_client=unreachable)

    station.watch.runs.ask(station.now)
    station.examine()
    station.watch.runs = None
    station.examine()

    found, over = (line for line in caplog.messages if "watchdog prefect" in line)
    why = f"the watchdog prefect for {PAIR}: Prefect's server does not answer (ConnectError): "
    assert found.startswith(f"Found by {why}")
    assert "keys wait. Start it again." in found
    assert over.startswith(f"No longer found by {why}")


def unreachable() -> SyncPrefectClient:
    message = "nobody listens"
    raise httpx.ConnectError(message)


def test_an_installation_that_never_subscribed_is_not_subscribed(station: Station) -> None:
    assert station.examine() == []
    assert station.connections.bigcommerce.list_hooks() == []


def test_hooks_are_silent_when_sweeps_find_what_no_webhook_named(station: Station) -> None:
    subscribe(station)
    sweep_orders()
    station.examine()
    station.world.place(lines=[{"name": "Engraving", "price": "7.50"}])
    sweep_orders()

    assert station.examine(after=2 * MINUTE) == [("opened", "silent-hooks", "bigcommerce")]

    today = {"webhooks of bigcommerce": 1}
    Counts(station.connections.database).add(PAIR, station.now.date(), today)
    assert station.examine() == [("closed", "silent-hooks", "bigcommerce")]


def test_records_that_a_webhook_named_before_the_sweep_are_no_sign(station: Station) -> None:
    sweep_orders()
    station.examine()
    key = station.world.place(lines=[{"name": "Engraving", "price": "7.50"}])
    station.world.due(key, source="webhook")
    sweep_orders()

    assert station.examine(after=2 * MINUTE) == []


def test_refused_credentials_are_one_alert_and_end_when_they_are_taken(station: Station) -> None:
    key = station.world.place(lines=[{"name": "Engraving", "price": "7.50"}])
    station.connections.brightpearl.observed.refusal = (
        "Brightpearl answered GET /x with 401: not valid."
    )
    station.world.fault("brightpearl", {"kind": "http_503"})
    station.world.due(key)

    assert station.examine(after=60 * MINUTE) == [("opened", "credentials", "Brightpearl")]
    assert refusal(PAIR)
    assert station.world.states(key) == ["due"]

    station.world.fault("brightpearl")
    assert station.examine(after=-60 * MINUTE) == [("closed", "credentials", "Brightpearl")]
    assert not refusal(PAIR)


def test_a_token_that_is_not_valid_is_seen_in_the_first_answer(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN", "revoked")
    disconnect()

    station.connections.brightpearl.get_server_time()
    with pytest.raises(Exception, match="access token is not valid"):
        station.connections.bigcommerce.get_server_time()

    assert "access token is not valid" in refusal(PAIR)
    disconnect()


def test_a_clock_that_is_wrong_is_seen_in_any_answer(station: Station) -> None:
    station.world.http.post(station.world.control("brightpearl", "clock"), json={"advance_s": 200})
    station.connections.brightpearl.get_server_time()

    assert ("opened", "clock", "Brightpearl") in station.examine()


def test_a_key_that_fails_again_and_again_is_named(station: Station) -> None:
    inbox = Inbox(station.connections.database)
    for _ in range(8):
        inbox.put(PAIR, "orders", ["7"], source="webhook", now=station.now)
        inbox.claim(PAIR, "orders", owner="me", limit=1, lease_s=60, now=station.now)
        again = Retry("7", station.now + 60 * MINUTE, "it does not answer")
        inbox.settle(PAIR, "orders", "me", [again], now=station.now)
        station.now += 2 * 60 * MINUTE

    assert ("opened", "failing-key", "orders") in station.examine()


def test_a_case_that_nobody_has_seen_in_time_is_named_by_who_should_have(station: Station) -> None:
    connections = station.connections
    refusal = Refusal("tax_code", "", "Z", "the tax code Z is unknown", "Add it.")
    cases = triage_all(connections.database, connections.pair, "orders", [("7", refusal)])
    Quarantine(connections.database).open(PAIR, "orders", cases, now=station.now)

    assert station.examine(after=timedelta(hours=7)) == []
    assert station.examine(after=timedelta(hours=2)) == [("opened", "overdue-cases", "mappings")]


def test_what_nobody_needs_to_see_is_never_overdue() -> None:
    queues = [Queue("nobody", 1, 5, NOON - timedelta(days=9))]
    assert not list(overdue(queues, NOON))


def test_requests_of_the_worker_are_kept_by_the_hour(station: Station) -> None:
    station.connections.brightpearl.get_server_time()
    station.examine()

    database, now = station.connections.database, utc_now()
    hours = Requests(database).of_hours(PAIR, "brightpearl", now - 2 * 60 * MINUTE, now + MINUTE)
    assert sum(hours.values()) >= 1


def test_only_one_worker_watches(station: Station) -> None:
    subscribe(station)
    station.examine()
    next(iter(station.world.sandbox.store.hooks.values())).is_active = False
    other = Station(station.world, now=station.now)
    other.watch.owner = "worker-2"

    assert other.examine(after=timedelta(seconds=30)) == []
    assert len(inactive(station)) == 1


def test_keys_that_are_due_for_long_are_named_by_their_entity() -> None:
    waiting = [
        Waiting(PAIR, "orders", 3, NOON - 20 * MINUTE),
        Waiting(PAIR, "stock", 9, NOON - 14 * MINUTE),
    ]
    (found,) = aged(waiting, NOON, 15 * MINUTE)
    assert (found.subject, "3 keys of orders" in found.text) == ("orders", True)


def test_a_drift_counts_the_records_that_differ_and_not_those_that_wait() -> None:
    headings = {"missing": "Missing", "waiting": "Waiting"}
    report: dict[str, Any] = {
        "flow": "audit-orders",
        "agrees": False,
        "headings": headings,
        "missing": ["1", "2", "3"],
        "waiting": ["4"] * 50,
    }
    assert [one.subject for one in drifted([report], most=2)] == ["audit-orders"]
    assert not list(drifted([report], most=3))


def test_a_failing_key_is_named_with_the_command_that_shows_why() -> None:
    (found,) = looping([Failing("orders", 2, "250", "no answer")], 8)
    assert "causeway sync orders --key 250 --dry-run" in found.remedy


def test_refused_credentials_explain_all_else() -> None:
    one, other = Finding("credentials", "Brightpearl", "…"), Finding("drift", "audit-orders", "…")
    assert refused([other, one]) == [one]


def test_a_receiver_has_to_fail_twice_before_that_is_a_finding() -> None:
    answers = iter([True, False, False, True])
    receiver = Receiver("https://shop.example/health", lambda _: next(answers))
    assert [len(list(receiver.watch())) for _ in range(4)] == [0, 0, 1, 0]


def schedule(**more: Any) -> DeploymentSchedule:
    return DeploymentSchedule.model_validate({"active": True, **more})


def test_a_schedule_is_overdue_by_its_shortest_interval() -> None:
    every_5 = schedule(schedule=IntervalSchedule(interval=5 * MINUTE))
    nightly = schedule(schedule=CronSchedule(cron="30 2 * * *"))
    on_mondays = schedule(schedule=CronSchedule(cron="30 2 * * 1"))
    paused = schedule(schedule=IntervalSchedule(interval=MINUTE), active=False)
    assert shortest([every_5, nightly, paused]) == 5 * MINUTE
    assert shortest([nightly]) == timedelta(days=1)
    assert shortest([on_mondays, paused]) is None


def test_a_receiver_that_is_not_there_does_not_answer() -> None:
    assert not answers("http://127.0.0.1:9/health")


def test_an_error_of_our_own_code_ends_no_watch_and_shows_no_value(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Station(world).watch

    def fail() -> datetime:
        raise ValueError(SHOPPER)

    watch.clock, watch.stop = fail, Once()

    watch.run()

    assert "The watchdogs met an error that nobody foresaw: ValueError in " in caplog.text
    assert SHOPPER not in caplog.text
