"""Checks of new orders before anything is reserved or picked: addresses and risk.

What is found stands in a note on the sales order. Where the pair's settings say `hold`, a blocking
finding holds the order before it is created in Brightpearl: a case, which a person approves (the
order is imported as it is) or discards (it is not). What was scored is kept without anything
personal, so that the same order scores the same again, and a person's decision becomes its label.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from connectors.bigcommerce.models import Order
from core.money import two_places
from core.refusals import DISCARD, Refusal
from core.settings import CheckSettings
from core.times import from_text, to_iso
from intelligence.addresses import AddressRules, AddressVerdict, Finding, check_address
from intelligence.contact_details import check_email
from intelligence.order_history import OrderHistory
from intelligence.risk import OrderFacts, RiskRules, RiskVerdict, facts_of, score_order
from store.order_checks import CheckedOrder, Facts, OrderChecks
from tasks.orders.checkout import (
    accounts_made_at,
    checkout_of,
    delivery_addresses,
    written,
)
from tasks.orders.extract import Read
from tasks.policy import PURE, step, with_retries
from tasks.reconciler.cases import REVIEW, digest, review
from tasks.reconciler.run import Run

OFF, HOLD = "off", "hold"
ADDRESS, RISK = "address", "risk"
"""Kinds of cases."""


@dataclass(frozen=True)
class OrderCheck:
    """What the checks say of one order."""

    cases: tuple[Refusal, ...] = ()
    """Why it has to wait for a person."""
    note: str = field(default="", repr=False)
    """What staff read on the sales order; it may quote the address."""


@step("check orders", PURE)
def check_orders(run: Run, read: Read, known: Mapping[str, object]) -> dict[str, OrderCheck]:
    """What is to be said of the orders of a batch that are new. In: those that are not.

    Out: by order id; nothing of orders with which nothing is wrong.
    """
    settings = run.connections.pair.checks
    new = [
        order
        for key, order in read.orders.items()
        if key not in known and key not in run.refused_keys
    ]
    if not new or (settings.addresses == OFF and settings.risk == OFF):
        return {}
    addresses = {} if settings.addresses == OFF else _address_findings(new, settings)
    risks = {} if settings.risk == OFF else _risks(run, read, new, settings)
    found: dict[str, OrderCheck] = {}
    for order in new:
        findings, risk = addresses.get(order.id, ()), risks.get(order.id)
        run.report.notes.update(f"{ADDRESS}: {one.code}" for one in findings)
        if risk and risk.is_held:
            run.report.notes.update([f"{RISK}: {risk.hold_from} points or more"])
        one = order_check(order.id, findings, risk, settings)
        if one != OrderCheck():
            found[order.id] = one
    return found


def order_check(
    order_id: str,
    findings: Sequence[Finding],
    risk: RiskVerdict | None,
    settings: CheckSettings,
) -> OrderCheck:
    """The cases and the note of one order. Pure."""
    cases: list[Refusal] = []
    lines = [_finding_line(one) for one in findings]
    blocking = [one for one in findings if one.level == "block"]
    if blocking and settings.addresses == HOLD:
        why = "; ".join(one.message.rstrip(".") for one in blocking)
        cases.append(_case(ADDRESS, order_id, f"the address has to be read by a person: {why}"))
    if risk and risk.is_held:
        signs = "; ".join(reason.message for reason in risk.reasons)
        lines.append(f"Risk: {risk.points} points ({signs}).")
        if settings.risk == HOLD:
            reason = f"{risk.points} points of risk, of {risk.hold_from} that hold: {signs}"
            cases.append(_case(RISK, order_id, reason))
    return OrderCheck(tuple(cases), "\n".join(["Causeway's checks:", *lines]) if lines else "")


def _finding_line(finding: Finding) -> str:
    meant = f" Perhaps: {finding.suggestion}." if finding.suggestion else ""
    return f"{finding.part.capitalize()}: {finding.message}{meant}"


def _case(kind: str, order_id: str, reason: str) -> Refusal:
    case = review(kind, digest(kind, order_id), reason, {"import": f"order {order_id} as it is"})
    by = f"--class {REVIEW} --value {shlex.quote(case.value)}"
    remedy = (
        f"causeway check {kind} --order {order_id} says more. To import it as it is: causeway "
        f"quarantine release --apply {by}. Else cancel it in BigCommerce, and then: {DISCARD}."
    )
    return replace(case, remedy=remedy)


def _address_findings(
    orders: Sequence[Order], settings: CheckSettings
) -> dict[str, tuple[Finding, ...]]:
    """What is wrong with where the goods go, and with the e-mail address, by order."""
    rules = AddressRules(dict.fromkeys(settings.address_blocks, "block"))
    found: dict[str, tuple[Finding, ...]] = {}
    for order in orders:
        verdicts: list[AddressVerdict] = [
            check_address(written(one), rules) for one in delivery_addresses(order)
        ]
        findings = [one for verdict in verdicts for one in verdict.findings]
        findings += check_email(order.billing_address.email).findings
        if flagged := tuple(one for one in findings if one.level != "note"):
            found[order.id] = flagged
    return found


def _risks(
    run: Run, read: Read, orders: Sequence[Order], settings: CheckSettings
) -> dict[str, RiskVerdict]:
    """The verdict on each order with the history of those before it; kept unless nothing may be."""
    made_at = with_retries(lambda: accounts_made_at(run.bigcommerce, orders))
    facts = [
        facts_of(
            checkout_of(
                one,
                read.transactions.get(one.id, ()),
                account_made_at=made_at.get(one.customer_id),
            )
        )
        for one in orders
    ]
    checks = OrderChecks(run.database)
    verdicts = score_with_history(checks, run.pair, facts, settings)
    if not run.dry_run:
        keep_scored(checks, run.pair, facts, verdicts, now=run.now())
    return verdicts


def keep_scored(
    checks: OrderChecks,
    pair: str,
    facts: Sequence[OrderFacts],
    verdicts: Mapping[str, RiskVerdict],
    *,
    now: datetime,
) -> None:
    """Keep what orders were scored by, for those that come after them."""
    checks.keep(pair, [_checked(one, verdicts[one.order_id]) for one in facts], now=now)


def score_with_history(
    checks: OrderChecks, pair: str, facts: Sequence[OrderFacts], settings: CheckSettings
) -> dict[str, RiskVerdict]:
    """The verdict on each order, with what is known of those before it."""
    earlier = checks.before(pair, [_checked(one, None) for one in facts])
    rules = RiskRules(hold_from=settings.risk_hold_from)
    return score_in_sequence(facts, [facts_from(one) for one in earlier], rules)


def score_in_sequence(
    facts: Sequence[OrderFacts], earlier: Sequence[OrderFacts], rules: RiskRules
) -> dict[str, RiskVerdict]:
    """The verdict on each order, with all that were placed before it as its history. Pure."""
    wanted = {one.order_id for one in facts}
    others = [one for one in earlier if one.order_id not in wanted]
    history, verdicts = OrderHistory(), {}
    for one in sorted((*others, *facts), key=lambda one: (one.placed_at, one.order_id)):
        if one.order_id in wanted:
            verdicts[one.order_id] = score_order(one, history.before(one), rules)
        history.add(one)
    return verdicts


def _checked(facts: OrderFacts, verdict: RiskVerdict | None) -> CheckedOrder:
    return CheckedOrder(
        order_id=facts.order_id,
        placed_at=facts.placed_at,
        email_key=facts.email_key,
        ip_key=facts.ip_key,
        card_key=facts.card_key,
        facts=document_of(facts),
        verdict={"points": verdict.points, "reasons": [one.code for one in verdict.reasons]}
        if verdict
        else {},
    )


def document_of(facts: OrderFacts) -> dict[str, object]:
    """Facts as a document, which `facts_from` reads back."""
    plain = {"placed_at": to_iso(facts.placed_at), "total": str(two_places(facts.total))}
    return asdict(facts) | plain


def facts_from(document: Facts) -> OrderFacts:
    """Facts as they were kept."""
    placed_at: datetime = from_text(document["placed_at"])
    return OrderFacts(**{**document, "placed_at": placed_at, "total": Decimal(document["total"])})
