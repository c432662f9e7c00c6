"""What becomes of each key at the end of a run, in the inbox and in quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from new_entity import SetNumber
from reconciling import PAIR, WIDGETS, Reconciler

from core.refusals import Refusal
from core.times import utc_now
from intelligence.errors import UNKNOWN
from store.inbox import Claim
from store.quarantine import Entry
from store.verdicts import Verdict, Verdicts
from tasks.policy import GIVEN_UP_AFTER, GIVEN_UP_TRIES, pause_s
from tasks.reconciler.cases import (
    Outcome,
    parked,
    refusal_by_value,
    refusal_rows,
    retry,
    review,
    skipped,
)
from tasks.reconciler.operations import RecordPlan
from tasks.reconciler.run import Batch, Run
from tasks.reconciler.settle import WAITS_S, settle

SKU = Refusal("sku", "sku", "X-1", "the SKU is unknown", "Create it.")
CASE = review("differs", "1", "both were changed", {"write": "it"})


def cases(pair: Reconciler, state: str = "open") -> list[Entry]:
    return pair.run().quarantine.list(pair=PAIR, entity=WIDGETS.name, state=state)


def settled(pair: Reconciler, *outcomes: Outcome, keys: tuple[str, ...] = ("1",)) -> Run:
    """A run that claimed the keys and came to these outcomes."""
    run = pair.claimed(*keys)
    settle(run, [], outcomes)
    return run


def is_due_after(pair: Reconciler, seconds: float) -> bool:
    """Whether the key may be claimed after so long, and not a second earlier."""
    pair.clock.advance(seconds - 1)
    is_early = bool(pair.run().claim())
    pair.clock.advance(1)
    return not is_early and pair.run().claim().keys == ["1"]


def test_a_record_that_agrees_is_done_and_is_counted_by_its_result(pair: Reconciler) -> None:
    run = settled(pair, Outcome("1", "created"), Outcome("2", "unchanged"), keys=("1", "2"))

    assert pair.states("1", "2") == ["done", "done"]
    assert run.report.counts == {"created": 1, "unchanged": 1, "refused": 0}
    assert not run.batch


def test_a_record_that_cannot_be_worked_on_is_tried_again_after_a_pause(pair: Reconciler) -> None:
    settled(pair, retry("1", "nobody answers"))

    assert pair.states("1") == ["due"]
    assert is_due_after(pair, pause_s(UNKNOWN, 0))


def test_each_further_try_waits_longer(pair: Reconciler) -> None:
    settled(pair, retry("1", "nobody answers"))
    pair.clock.advance(pause_s(UNKNOWN, 0))
    run = pair.run()
    run.claim()
    settle(run, [], [retry("1", "nobody answers")])

    assert is_due_after(pair, pause_s(UNKNOWN, 1))


def test_the_pauses_grow_by_the_class_of_what_failed(pair: Reconciler) -> None:
    settled(pair, retry("1", "Brightpearl answered GET /order with 503: too many requests."))
    for _ in range(5):
        pair.clock.advance(pause_s("rate_limit", 99))
        run = pair.run()
        run.claim()
        settle(
            run, [], [retry("1", "Brightpearl answered GET /order with 503: too many requests.")]
        )

    assert pause_s("rate_limit", 99) < pause_s("server_error", 99)
    assert is_due_after(pair, pause_s("rate_limit", 99))


def fails(pair: Reconciler, times: int, over: timedelta) -> None:
    """Let the record fail so often at even distances, until so long after the first time."""
    for place in range(times):
        run = pair.claimed("1") if place == 0 else pair.run()
        if place:
            run.claim()
        settle(run, [], [retry("1", "BigCommerce answered PUT /v3/x with 500.")])
        pair.clock.advance(over.total_seconds() / times)


def test_what_has_failed_for_a_day_by_itself_waits_for_a_person(pair: Reconciler) -> None:
    fails(pair, GIVEN_UP_TRIES + 1, GIVEN_UP_AFTER * 1.2)

    assert pair.states("1") == ["dead"]
    (case,) = cases(pair)
    assert (case.class_, case.error_class) == ("failing", "server_error")
    assert case.queue == "operator"
    assert "500" in case.reason


def test_what_fails_often_within_an_hour_is_tried_again(pair: Reconciler) -> None:
    fails(pair, GIVEN_UP_TRIES * 2, timedelta(hours=20))

    assert pair.states("1") == ["due"]


def test_a_day_of_failures_counts_from_the_last_time_that_it_went_through(pair: Reconciler) -> None:
    fails(pair, GIVEN_UP_TRIES, timedelta(hours=20))
    run = pair.run()
    run.claim()
    settle(run, [], [Outcome("1", "unchanged")])
    fails(pair, GIVEN_UP_TRIES, timedelta(hours=20))

    assert pair.states("1") == ["due"]


def test_a_case_says_what_kind_of_error_it_is_and_who_gets_it(pair: Reconciler) -> None:
    refusal = Refusal("tax_code", "", "Z", "the tax code Z is unknown", "Add it.")
    run = settled(pair, Outcome("1", "refused", "", (refusal,)))

    (case,) = cases(pair)
    assert case.error_class == "config_mapping"
    assert case.queue == "mappings"
    assert case.triage["retry"] is False
    (refused,) = run.report.to_json()["refused"]
    assert (refused["queue"], refused["act_within_h"]) == ("mappings", 8)
    assert "For **mappings**, within 8 h." in run.report.to_markdown()


def test_a_record_about_more_money_is_more_urgent(pair: Reconciler) -> None:
    run = pair.claimed("1", "2")
    run.at_stake["2"] = Decimal(5000)
    refusal = Refusal("money", "", "", "the total differs", "Correct it.")
    settle(run, [], [Outcome(key, "refused", "", (refusal,)) for key in ("1", "2")])

    usual, urgent = cases(pair)
    assert (urgent.act_within_h, usual.act_within_h) == (4, 24)


def test_a_class_that_a_person_named_decides_about_the_next_equal_case(pair: Reconciler) -> None:
    refused = Refusal("rejected", "", "", "Brightpearl answered PUT /x with 400: gadget 7", "See.")
    settled(pair, Outcome("1", "rejected", "", (refused,)))
    (case,) = cases(pair)
    verdict = Verdict(
        "errors", case.entity, case.triage["fingerprint"], "stock", "jo", pair.clock()
    )
    Verdicts(pair.run().database).add(PAIR, verdict)

    settled(
        pair, Outcome("2", "rejected", "", (replace(refused, reason=refused.reason[:-1] + "9"),)),
        keys=("2",),
    )  # fmt: skip

    assert case.error_class == "unknown"
    assert cases(pair)[1].error_class == "stock"


def test_what_a_person_does_about_an_error_is_kept_as_a_label(pair: Reconciler) -> None:
    refused = Refusal("rejected", "", "", "Brightpearl answered PUT /x with 400: gadget 7", "See.")
    run = settled(pair, Outcome("1", "rejected", "", (refused,)))
    (case,) = cases(pair)

    run.quarantine.release(PAIR, ids=[case.id], actor="jo", now=pair.clock())

    (label,) = Verdicts(run.database).newest(PAIR, "triage")
    assert (label.verdict, label.actor, label.subject) == (
        "released",
        "jo",
        case.triage["fingerprint"],
    )
    assert label.facts["class"] == "unknown"


def test_a_value_that_a_table_lacks_comes_with_the_rows_that_are_like_it(pair: Reconciler) -> None:
    action = "Add `Bank transfer (BACS),<method>` to mappings/tables/payment_methods.csv"
    value = "Bank transfer (BACS)"
    refusal = refusal_by_value("payment_method", "", value, "the method is unknown", action)
    known = pair.run().bundle.tables["payment_methods"]
    like = known.get("Bank Deposit")

    run = settled(pair, Outcome("1", "refused", "", (refusal,)))

    (case,) = cases(pair)
    assert like in case.detail["nearest"]
    assert f"Perhaps what is meant: {like} (as " in case.remedy
    *_, commands = run.report.to_markdown().split("```\n", 1)
    assert "Perhaps" not in commands.split("```")[0]


def test_a_number_is_like_no_other(pair: Reconciler) -> None:
    action = "Add `99,<status>` to mappings/tables/order_status.csv"
    refusal = refusal_by_value("order_status", "", "99", "the status is unknown", action)

    settled(pair, Outcome("1", "refused", "", (refusal,)))

    (case,) = cases(pair)
    assert "nearest" not in case.detail


def test_what_is_released_by_itself_is_no_label(pair: Reconciler) -> None:
    run = settled(pair, Outcome("1", "refused", "", (SKU,)))

    run.quarantine.release(PAIR, class_="sku", now=pair.clock())

    assert Verdicts(run.database).newest(PAIR, "triage") == []


def test_a_record_that_nobody_says_anything_of_is_tried_again(pair: Reconciler) -> None:
    settled(pair)

    assert pair.states("1") == ["due"]


def test_a_parked_record_sleeps_until_its_condition_comes_true(pair: Reconciler) -> None:
    run = settled(pair, parked("1", "no stock", "stock:7"))

    assert pair.states("1") == ["parked"]
    assert run.inbox.wake(PAIR, ["stock:7"], now=pair.clock()) == 1
    assert pair.run().claim().keys == ["1"]


def test_a_parked_record_is_tried_again_by_the_clock_should_nothing_wake_it(
    pair: Reconciler,
) -> None:
    settled(pair, parked("1", "no stock", "stock:7"))

    assert is_due_after(pair, WAITS_S[0])


def test_a_record_that_knows_when_it_may_go_on_is_tried_at_that_moment(pair: Reconciler) -> None:
    at = pair.clock() + timedelta(seconds=90)
    settled(pair, Outcome("1", "held", waits_for=("payment",), wake_at=at))

    assert is_due_after(pair, 90)


def test_a_refused_record_is_dead_and_has_its_case_with_reason_and_remedy(
    pair: Reconciler,
) -> None:
    run = settled(pair, Outcome("1", "rejected", refusals=(SKU,)))

    assert pair.states("1") == ["dead"]
    (case,) = cases(pair)
    assert (case.key, case.class_, case.value, case.remedy) == ("1", "sku", "X-1", "Create it.")
    assert case.run_id == run.run_id
    assert run.report.counts["refused"] == 1


def test_rows_that_the_gate_refused_are_dead_without_an_outcome(pair: Reconciler) -> None:
    run = pair.claimed("1", "2")
    run.refuse(refusal_rows([("1", SKU)]))

    settle(run, [], [Outcome("2", "created")])

    assert pair.states("1", "2") == ["dead", "done"]
    assert [case.key for case in cases(pair)] == ["1"]


def test_a_case_is_closed_once_its_record_went_through(pair: Reconciler) -> None:
    settled(pair, Outcome("1", "rejected", refusals=(SKU,)))
    pair.run().quarantine.release(PAIR, class_="sku", now=pair.clock())
    settled(pair, Outcome("1", "rejected", refusals=(CASE,)))
    pair.run().quarantine.approve([case.id for case in cases(pair)], now=pair.clock())

    settled(pair, Outcome("1", "amended"))

    assert cases(pair) == cases(pair, "approved") == []


def test_a_case_that_is_over_is_closed_while_another_one_of_its_record_stays(
    pair: Reconciler,
) -> None:
    settled(pair, Outcome("1", "rejected", refusals=(SKU, CASE)))
    pair.run().inbox.put(PAIR, WIDGETS.name, ["1"], source="release", now=pair.clock())

    run = pair.run()
    run.claim()
    settle(run, [], [Outcome("1", "rejected", refusals=(CASE,))])

    assert [case.value for case in cases(pair)] == [CASE.value]


def test_a_case_that_comes_again_stays_the_same_case_and_is_counted(pair: Reconciler) -> None:
    settled(pair, Outcome("1", "rejected", refusals=(SKU,)))
    (before,) = cases(pair)
    pair.run().inbox.put(PAIR, WIDGETS.name, ["1"], source="release", now=pair.clock())
    run = pair.run()
    run.claim()

    settle(run, [], [Outcome("1", "rejected", refusals=(SKU,))])

    (after,) = cases(pair)
    assert (after.id, after.times) == (before.id, 2)


def test_cases_of_a_record_that_was_skipped_stay_open(pair: Reconciler) -> None:
    settled(pair, Outcome("1", "unchanged"))
    pair.run().open_cases([("1", CASE)])

    for outcome in (skipped("1", "not paid"), parked("1", "no stock", "stock:7")):
        settled(pair, outcome)
        assert [case.value for case in cases(pair)] == [CASE.value]
    settled(pair, Outcome("1", "unchanged"))

    assert cases(pair) == []


def test_a_difference_that_a_person_left_is_not_opened_again(pair: Reconciler) -> None:
    settled(pair, Outcome("1", "amended"))
    pair.run().open_cases([("1", CASE)])
    pair.run().quarantine.discard([cases(pair)[0].id], "it is right", now=pair.clock())

    run = settled(pair, Outcome("1", "held", refusals=(CASE,)))

    assert pair.states("1") == ["done"]
    assert cases(pair) == []
    assert run.report.counts == {"unchanged": 1, "refused": 0}


def test_a_case_with_another_value_is_opened_although_one_was_left(pair: Reconciler) -> None:
    pair.run().open_cases([("1", CASE)])
    pair.run().quarantine.discard([cases(pair)[0].id], "it is right", now=pair.clock())
    other = review("differs", "2", "they were changed again", {"write": "it"})

    settled(pair, Outcome("1", "held", refusals=(CASE, other)))

    assert pair.states("1") == ["dead"]
    assert [case.value for case in cases(pair)] == [other.value]


def test_a_record_whose_case_was_left_still_waits_for_what_it_waits_for(pair: Reconciler) -> None:
    pair.run().open_cases([("1", CASE)])
    pair.run().quarantine.discard([cases(pair)[0].id], "it is right", now=pair.clock())

    settled(pair, Outcome("1", "held", refusals=(CASE,), waits_for=("stock:7",)))

    assert pair.states("1") == ["parked"]


def test_a_record_that_an_event_named_is_read_a_few_times_before_it_is_given_up() -> None:
    batches = [Batch((Claim("1", attempts, utc_now(), "webhook"),)) for attempts in range(4)]
    assert [batch.may_be_stale("1") for batch in batches] == [True, True, True, False]
    assert [batches[at].missing(["1"])[0].result for at in (2, 3)] == ["again", "gone"]


def test_a_record_that_a_person_named_is_given_up_at_once() -> None:
    assert not Batch((Claim("1", 0, utc_now(), "operator"),)).may_be_stale("1")


def test_operations_are_counted_by_kind_and_records_by_what_they_need(pair: Reconciler) -> None:
    run = pair.claimed("1", "2", "3")
    note = SetNumber("1", "", "SO-1")
    plans = [
        RecordPlan(key="1", operations=(note, note)),
        RecordPlan(key="2", cases=(CASE,)),
        RecordPlan(key="3"),
    ]

    settle(run, plans, [Outcome(key, "unchanged") for key in ("1", "2", "3")])

    planned = {
        what: count for what, count in run.report.counts.items() if what.startswith("planned")
    }
    assert planned == {"planned: set number": 2, "planned: cases": 1, "planned: unchanged": 1}


def test_a_dry_run_settles_nothing_and_shows_what_would_become_of_each(pair: Reconciler) -> None:
    pair.run().inbox.put(PAIR, WIDGETS.name, ["1", "2", "3"], source="operator", now=pair.clock())
    run = pair.run(dry_run=True)
    run.claim()
    run.refuse(refusal_rows([("3", SKU)]))

    settle(run, [RecordPlan(key="1", result="created", reason="new")], [skipped("2", "not paid")])

    assert pair.states("1", "2", "3") == ["due"] * 3
    assert cases(pair) == []
    assert {line["record"]: line["outcome"] for line in run.report.preview} == {
        "1": "created",
        "2": "not paid",
        "3": "refused",
    }
    assert run.report.counts["would write: unchanged"] == 1
