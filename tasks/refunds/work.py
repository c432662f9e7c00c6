"""One refund's credit, and one order, on their way through the writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.brightpearl.models import SalesCredit
from core.errors import CausewayError, RejectedError
from tasks.claim import Run
from tasks.deliver import Write, deliver
from tasks.outcome import Obstacle
from tasks.refunds.plan_models import CreditPlan, OrderPlan


@dataclass
class CreditWork:
    """What came of one plan so far."""

    plan: CreditPlan
    credit_id: str = ""
    there: SalesCredit | None = None
    """The credit as it stands after it was created."""
    error: CausewayError | None = None
    paid: dict[str, Decimal] = field(default_factory=dict)
    """Payments that were booked, by transaction reference."""
    taken_back: set[str] = field(default_factory=set)
    is_closed: bool = False
    is_cancelled: bool = False
    obstacles: list[Obstacle] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """Whether nothing stopped this credit so far."""
        return self.error is None

    def fail(self, error: CausewayError) -> None:
        """The first error counts."""
        self.error = self.error or error


@dataclass
class OrderWork:
    """One order on its way."""

    plan: OrderPlan
    credits: list[CreditWork]
    error: CausewayError | None = None
    """Of its stock, or of its refund in BigCommerce."""
    refund_id: str = ""
    """Of a refund that was made for staff's credit."""
    obstacles: list[Obstacle] = field(default_factory=list)

    @classmethod
    def of(cls, plan: OrderPlan) -> OrderWork:
        """Work that has not begun."""
        return cls(
            plan,
            [
                CreditWork(
                    one,
                    credit_id=one.credit.id if one.credit else "",
                    there=one.credit.document if one.credit else None,
                )
                for one in plan.credits
            ],
        )


Accept = Callable[[CreditWork, Write, RejectedError], bool]
"""Whether a refusal of a write means that it is done already."""


def send_each(
    run: Run,
    works: Sequence[CreditWork],
    writes: Callable[[CreditWork], Iterable[Write]],
    is_done: Accept,
) -> list[tuple[CreditWork, Write]]:
    """Send what each credit wants, together; an error stops its credit. What is done by now."""
    wanted = [(work, write) for work in works if work.goes_on for write in writes(work)]
    answers = deliver(run, [write for _, write in wanted])
    done: list[tuple[CreditWork, Write]] = []
    for work, write in wanted:
        answer = answers[write.message.label]
        if isinstance(answer, RejectedError) and is_done(work, write, answer):
            done.append((work, write))
        elif isinstance(answer, CausewayError):
            work.fail(answer)
        else:
            done.append((work, write))
    return done
