import json

from agreement.differences import Difference, Kind
from agreement.verdict import Verdict
from demo import summary
from demo.controls import Counted

REQUESTS = {"bigcommerce": Counted(12, 0, {}), "brightpearl": Counted(34, 1, {})}


def test_the_document_of_a_demo_has_the_promised_shape(tmp_path):
    verdict = Verdict(
        placed=5, eligible=4, in_brightpearl=3, parked=1, quarantined=1, latencies_s=[0.5, 0.75]
    )
    path = tmp_path / "var" / "demo.json"

    summary.write(summary.to_json(verdict, REQUESTS, 61.23), path)

    printed = json.loads(path.read_text())
    assert printed["orders"]["in_brightpearl"] == 3
    assert printed["money"]["cents_off"] == 0
    assert printed["latency_s"] == {"p50": 0.5, "p95": 0.75, "max": 0.75}
    assert printed["requests"] == {"bigcommerce": 12, "brightpearl": 34, "throttled": 1}
    assert printed["shipments"] == {"units_sent": 0, "units_in_store": 0, "orders_off": 0}
    assert printed["refunds"] == {"refunded": 0, "credited": 0, "cents_off": 0, "orders_off": 0}
    assert printed["seconds"] == 61.2
    assert printed["agrees"] is True


def test_the_summary_names_what_differs():
    missing = Difference(Kind.MISSING, "there is no sales order")
    verdict = Verdict(2, 2, 1, differences={"101": [missing]}, cents_off=3)
    shown = summary.to_text(summary.to_json(verdict, REQUESTS, 1.0))
    assert "The two systems differ:" in shown
    assert "101: there is no sales order" in shown


def test_a_demo_without_a_single_order_has_no_latency():
    printed = summary.to_json(Verdict(), REQUESTS, 1.0)
    assert printed["latency_s"] == {"p50": None, "p95": None, "max": None}
    assert "- / - / - s" in summary.to_text(printed)


def test_the_summary_names_every_case_that_waits_and_why_money_differs():
    line = {"channel": "3", "currency": "GBP", "bigcommerce": {}, "brightpearl": {}}
    for side in ("bigcommerce", "brightpearl"):
        line[side] = dict.fromkeys(summary.TIE_OUT_FIGURES, "1")
    tie_out = {
        "day": "2026-03-02",
        "agrees": True,
        "cents_off": 0,
        "says": "1 explained.\n\n2 orders were placed.\n\nthe table",
        "explained": {"order 7": "it waits in quarantine (channel)"},
        "unexplained": {},
        "orders": [line],
    }
    waiting = ["orders 7, channel: channel 3 is not mapped"]

    document = summary.to_json(Verdict(), REQUESTS, 1.0, [tie_out], waiting=waiting)
    shown = summary.to_text(document).splitlines()

    assert "  orders 7, channel: channel 3 is not mapped" in shown
    at = shown.index("1 explained.")
    assert shown[at + 1 : at + 3] == [
        "  explained: order 7: it waits in quarantine (channel)",
        "2 orders were placed.",
    ]
    assert "the table" not in shown
