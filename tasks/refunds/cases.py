"""What about refunds a person has to decide, and what is proposed. Pure."""

from __future__ import annotations

from connectors.bigcommerce.refund_models import Refund
from core.ids import credit_ref
from core.money import two_places
from tasks.outcome import Obstacle, review
from tasks.refunds.goods import Release
from tasks.refunds.plan_models import CreditPlan
from tasks.refunds.standing import Standing, undoes_all
from tasks.refunds.states import Credit


def deleted(refund: Refund) -> Obstacle:
    """A credit that staff deleted in Brightpearl while its refund stands."""
    ref = credit_ref(refund.order_id, refund.id)
    return review(
        "deleted",
        ref,
        f"the sales credit {ref} was deleted in Brightpearl; it is not created again by itself",
        {"create": f"the sales credit {ref} anew, over {two_places(refund.total_amount)}"},
    )


def differs(standing: Standing, credit: Credit) -> Obstacle | None:
    """What staff changed in a credit since we wrote it, or nothing."""
    reason = _change(standing, credit)
    if not reason:
        return None
    ref = credit_ref(standing.refund.order_id, standing.refund.id)
    return Obstacle(
        "differs",
        "credit",
        ref,
        f"refund {standing.refund.id}: {reason}",
        f"Make sales credit {credit.id} agree with the refund, then: causeway quarantine release "
        f"--class differs --value {ref}. Or leave both as they are: causeway quarantine discard.",
    )


def _change(standing: Standing, credit: Credit) -> str:
    if credit.is_cancelled:
        return f"sales credit {credit.id} was cancelled in Brightpearl while the refund stands"
    theirs = two_places(credit.document.total.gross)
    ours = two_places(standing.memory.gross or standing.refund.total_amount)
    if theirs != ours and not undoes_all(credit, standing.refund.order_id):
        return f"BigCommerce gave back {ours}, sales credit {credit.id} says {theirs}"
    if missing := sorted(set(standing.memory.payments) - set(credit.paid)):
        return f"the payment {', '.join(missing)} was removed from sales credit {credit.id}"
    return ""


def undone(plan: CreditPlan, *, is_final: bool, is_staffs: bool) -> Obstacle:
    """A credit whose refund was taken back, and that cannot simply be called off."""
    credit_id = plan.credit.id if plan.credit else ""
    if is_staffs:
        why, rest = "was made by staff", "what becomes of the credit is for them"
    else:
        why = "is invoiced, or has goods booked on it" if is_final else "is open"
        rest = "the credit itself has to be reversed in Brightpearl by hand"
    proposal = {"take back": ", ".join(plan.take_back)} if plan.take_back else {}
    return review(
        "undo",
        plan.external_ref,
        f"refund {plan.refund_id} was taken back in BigCommerce, but sales credit {credit_id} "
        f"{why}: its payment can be taken back, {rest}",
        proposal,
    )


PICKED = "picked"


def picked(release: Release) -> Obstacle:
    """Units that were refunded and are picked already."""
    notes = ", ".join(release.picked)
    return review(
        PICKED,
        f"{release.sales_order_id} {notes}",
        f"units of sales order {release.sales_order_id} were refunded before they left, but "
        f"goods-out note {notes} is picked and holds them",
        {},
    )
