"""Which kind of error a case is, whether it may pass by itself, and who gets it, from its opening.

Only codes, patterns, the gate's own classes and what people of the installation confirmed are asked
here: what they do not know is `unknown` until the classifier has compared it with others
(`classification.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from core.refusals import Refusal
from core.settings import Pair
from intelligence.errors import Problem, Triage, described, recognise, route
from store.database import Database
from store.verdicts import Verdicts
from tasks.policy import GIVEN_UP_AFTER
from tasks.reconciler.cases import FAILING, REVIEW
from tasks.reconciler.report import TRIAGE

FEATURE = "errors"
"""Under which the classes that people confirm are kept."""

VALUE = "value"
"""Where a verdict has what is at stake, for whoever finds the class later."""
HOUR = timedelta(hours=1)

_STATUS = re.compile(r"\b(?:HTTP |with |status )([45]\d\d)\b")
# Classes of refusals that our own gate gives → class of the error.
OWN_CLASSES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("order_status", "tax_code", "tax_class", "channel", "shipping_method"),
            *("payment_method", "currency", "price_list", "customer_group", "brand", "category"),
            *("product_type", "location", "company", "warehouse", "line_kind"),
        ),
        "config_mapping",
    ),
    **dict.fromkeys(("money", "document", "structure", "bundle", "image"), "invalid_value"),
    **dict.fromkeys(("address", "country"), "address_invalid"),
    "price": "missing_required",
    "contact": "duplicate",
    "sku": "not_found",
    "unexpected": "payload_schema",
}


def with_triage(
    refusal: Refusal,
    entity: str,
    confirmed: Mapping[str, str],
    *,
    value: Decimal | None = None,
    age_h: float = 0.0,
) -> Refusal:
    """The refusal whose detail also says class, retry, who gets it and how soon. Pure.

    In: `confirmed` classes by fingerprint; `value` what is at stake, of an order its total.
    """
    problem = problem_of(refusal.class_, refusal.reason)
    found = recognised(refusal.class_, problem, confirmed)
    kinds = kinds_of(refusal.class_, refusal.field, entity, found.class_)
    to = route(*kinds, confidence=found.confidence, value=float(value or 0), age_h=age_h)
    triage = {
        "class": found.class_,
        "confidence": found.confidence,
        "reason": found.reason,
        "retry": found.retry,
        "fingerprint": problem.fingerprint,
        "queue": to.queue,
        "act_within_h": to.act_within_h,
    }
    if value:
        triage[VALUE] = float(value)
    return replace(refusal, detail={**refusal.detail, TRIAGE: triage})


def recognised(class_: str, problem: Problem, confirmed: Mapping[str, str]) -> Triage:
    """The verdict on what a case of this class says. Pure."""
    if class_ == REVIEW:
        cause, action = "Both systems differ", "Compare both; approve or discard the case"
        return Triage(REVIEW, REVIEW, 1.0, cause, action, retry=False, reason="a person decides")
    own = OWN_CLASSES.get(class_)
    if own is None or problem.fingerprint in confirmed:
        return recognise(problem, confirmed)
    about = described(own)
    reason = f"the gate refused it for its {class_.replace('_', ' ')}"
    passes = about["retry"] == "yes"
    return Triage(own, own, 1.0, about["cause"], about["action"], passes, reason)


def kinds_of(class_: str, field: str, entity: str, of_error: str) -> Sequence[str]:
    """What the routing table may call a case, the closest first."""
    if class_ == REVIEW:
        return (f"{REVIEW} {field}", f"{REVIEW} {entity}")
    return (of_error,)


def problem_of(class_: str, reason: str) -> Problem:
    """A case as an error: its text, whose it is, and the HTTP status that it names."""
    source = "bc" if "bigcommerce" in reason.lower() else "bp"
    found = _STATUS.search(reason)
    if found is None and class_ in OWN_CLASSES:
        source = "py"
    return Problem(reason, source, found.group(1) if found else "")


def confirmed_classes(database: Database, pair: str) -> dict[str, str]:
    """The class that a person of this installation gave an error, by its fingerprint."""
    return {one.subject: one.verdict for one in Verdicts(database).newest(pair, FEATURE)}


def triage_all(
    database: Database,
    pair: Pair,
    entity: str,
    cases: Iterable[tuple[str, Refusal]],
    *,
    at_stake: Mapping[str, Decimal] | None = None,
) -> list[tuple[str, Refusal]]:
    """Cases, by record key, with what `with_triage` adds, unless the pair's settings say `off`."""
    found = list(cases)
    if pair.intelligence.errors == "off" or all(TRIAGE in one.detail for _, one in found):
        return found
    confirmed, values = confirmed_classes(database, pair.name), at_stake or {}

    def triaged(key: str, one: Refusal) -> Refusal:
        if TRIAGE in one.detail:
            return one
        age_h = GIVEN_UP_AFTER / HOUR if one.class_ == FAILING else 0.0
        return with_triage(one, entity, confirmed, value=values.get(key), age_h=age_h)

    return [(key, triaged(key, one)) for key, one in found]
