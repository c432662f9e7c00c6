"""The watch over activity: hours whose orders, stock, requests and so on do not fit their season.

It reads our own tables only and changes nothing. What it found last is a finding of the watchdogs,
which is how it reaches people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Literal

from core.times import to_iso
from intelligence.anomalies import HOUR, Anomaly, Series, detect, judge
from store.activity import REQUESTS, SERIES, hourly
from store.alerts import Finding
from store.database import Database
from store.runs import Runs
from store.verdicts import Verdict, Verdicts
from tasks.bigcommerce.orders import time_zone
from tasks.policy import RETRIED, step
from tasks.reconciler.connections import connect
from tasks.reconciler.report import table
from tasks.reconciler.run import concluded, flow_run_id, publish

FLOW = "watch-activity"
DAYS = 70
"""How far back hours are read: six weeks to compare with, and four to be sure of their level."""
OPEN_FOR = timedelta(hours=24)
"""An alarm is reported for so long after its last unusual hour."""
SENSITIVITY: Mapping[str, float] = dict.fromkeys(("stock", "prices", "writes", *REQUESTS), 0.75)
"""Of series that follow our own work as much as that of others: limits are a third higher."""
FEATURE, ENTITY = "anomalies", "activity"
"""Under which a person's verdict on an alarm is kept."""
Label = Literal["usual", "unusual"]
SHOWN_HOURS = 24
BAR, BARS = "█", 24
TITLES = {
    "orders": "orders created in Brightpearl",
    "refunds": "refunds created in Brightpearl",
    "stock": "movements of stock",
    "prices": "changes of prices",
    "writes": "changes of either system",
    "requests_bigcommerce": "requests to BigCommerce",
    "requests_brightpearl": "requests to Brightpearl",
    "errors": "failed writes and refused records",
}


@step("watch-activity", RETRIED)
def watch_activity(pair: str) -> dict[str, Any]:
    """Judge the whole hours until now, keep and publish what was found.

    Raises: TransientError, ConfigError.
    """
    connections = connect(pair)
    now = connections.clock()
    mode = connections.pair.intelligence.anomalies
    document: dict[str, Any] = {"flow": FLOW, "pair": pair, "started_at": to_iso(now), "mode": mode}
    if mode == "off":
        return document | {"alarms": [], "agrees": True, "says": "Switched off in the settings."}
    until = now.replace(minute=0, second=0, microsecond=0)
    counted = hourly(connections.database, pair, until - timedelta(days=DAYS), until)
    zone = time_zone(connections)
    alarms: list[dict[str, Any]] = []
    parts = []
    for name in SERIES:
        series = Series.of(counted[name])
        found = open_alarms(detect(series, zone, sensitivity=SENSITIVITY.get(name, 1.0)), until)
        alarms += [{"series": name, **_document(one)} for one in found]
        if found:
            parts.append(chart(name, series, zone, found))
    document |= {"alarms": alarms, "agrees": not alarms, "says": says(alarms)}
    Runs(connections.database).keep(document, run_id=flow_run_id(), now=now)
    if flow_run_id():
        text = "\n\n".join((document["says"], *parts))
        publish(f"{FLOW}-{pair}", text, "Hours that do not fit their season")
    return document


def ended(document: dict[str, Any]) -> dict[str, Any]:
    """The document; Prefect shows what it says."""
    return concluded(document, document["says"])


def open_alarms(alarms: Sequence[Anomaly], until: datetime) -> list[Anomaly]:
    """Those whose last unusual hour is not long ago. Pure."""
    return [one for one in alarms if until - one.last <= OPEN_FOR]


def says(alarms: Sequence[Mapping[str, Any]]) -> str:
    """What was found, as a sentence. Pure."""
    if not alarms:
        return "Orders, refunds, stock, prices, requests and errors are as usual at this time."
    return " ".join(
        f"{TITLES[one['series']]}: {one['kind']} since {one['first']}, {one['reason']}."
        for one in alarms
    )


def chart(name: str, series: Series, zone: str, alarms: Sequence[Anomaly]) -> str:
    """The last hours as a table with bars, and the numbers behind each alarm. Pure."""
    verdicts = judge(series, zone)
    places = range(max(0, len(series.counts) - SHOWN_HOURS), len(series.counts))
    most = max((series.counts[place] for place in places), default=0) or 1
    rows = [
        (
            f"{series.at(place):%d %b %H:00}",
            f"{series.counts[place]:.0f}",
            f"{verdicts.expected[place]:.1f}",
            BAR * round(BARS * series.counts[place] / most),
            "unusual" if verdicts.unusual[place] else "",
        )
        for place in places
    ]
    lines = [f"- {one.kind} since {to_iso(one.first)}: {one.reason}" for one in alarms]
    header = ["hour (UTC)", "counted", "expected", "", ""]
    return "\n".join((f"## {TITLES[name].capitalize()}", *lines, "", table(header, rows)))


def findings(
    report: Mapping[str, Any] | None, now: datetime, usual: Collection[str] = ()
) -> Iterator[Finding]:
    """The alarms of the newest report, unless it is old. Pure.

    In: `usual` names of alarms that a person called usual.
    """
    if report is None or now - datetime.fromisoformat(report["started_at"]) > OPEN_FOR:
        return
    for name in SERIES:
        of_series = [
            one
            for one in report.get("alarms", ())
            if one["series"] == name and alarm_name(one) not in usual
        ]
        if of_series:
            yield Finding(
                "activity",
                name,
                says(of_series),
                f"See the artifact of {FLOW} in Prefect. If it is right (a sale, a holiday): "
                f"causeway check activity --series {name} --confirm usual; else it ends by itself.",
            )


def alarm_name(alarm: Mapping[str, Any]) -> str:
    """By which an alarm is the same one in later reports."""
    return f"{alarm['series']} {alarm['first']}"


def labels(database: Database, pair: str) -> dict[str, str]:
    """What people said of alarms, by their names: `usual` or `unusual`."""
    kept = Verdicts(database).newest(pair, FEATURE)
    return {one.subject: one.verdict for one in kept if one.entity == ENTITY}


def label(  # noqa: PLR0913 - who said what, and when
    database: Database,
    pair: str,
    alarms: Iterable[Mapping[str, Any]],
    verdict: Label,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Keep what a person says of alarms, with the numbers behind each."""
    for one in alarms:
        facts = {name: value for name, value in one.items() if name != "label"}
        kept = Verdict(FEATURE, ENTITY, alarm_name(one), verdict, actor, now, facts)
        Verdicts(database).add(pair, kept)


def _document(one: Anomaly) -> dict[str, Any]:
    return asdict(one) | {"first": to_iso(one.first), "last": to_iso(one.last + HOUR)}
