"""Both sides of a day against each other, to the cent: what differs, and why. Pure.

The differences account for everything: added up, they are what the totals of both sides differ by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from core.ids import credit_ref, external_ref
from core.money import ZERO
from core.times import Day
from tasks.money import reasons, sides
from tasks.money.reasons import Reason, SyncStates
from tasks.money.sides import AccountDay, BookedCredit, BookedOrder, Figure, StoreDay


@dataclass(frozen=True)
class MoneyDifference:
    """One thing that is not the same on both sides."""

    name: str
    """Of the order, or of its refund or credit, as both systems can be searched for it."""
    order_id: str
    group: sides.ChannelCurrency
    """Where in the totals its amounts are."""
    amounts: sides.Amounts
    reason: Reason
    because: str = ""
    """Why this is known already; "" for what nobody has explained."""
    detail: str = ""

    @property
    def is_explained(self) -> bool:
        """Whether it is known, and is being dealt with or needs nothing."""
        return bool(self.because)


@dataclass(frozen=True)
class Comparison:
    """Both sides of a day, and what decides whether a difference is explained."""

    store: StoreDay
    account: AccountDay
    known: SyncStates = field(default_factory=SyncStates)
    importable: Collection[str] = ()
    """The store's statuses whose orders are imported."""

    def orders(self) -> list[MoneyDifference]:
        """What differs about the day's orders, with all their refunds and credits."""
        store, account = self.store, self.account
        keys = sorted({*store.orders, *account.orders, *store.unreadable}, key=int)
        refunds = [one for one in store.refunds if one.order_id in store.orders]
        credits_ = [one for one in account.credits if one.order_id in store.orders]
        found = [difference for key in keys for difference in self._order(key)]
        return [*found, *self.refunds(refunds, credits_)]

    def refunds(
        self, refunds: Sequence[sides.StoreRefund], credits_: Sequence[BookedCredit]
    ) -> list[MoneyDifference]:
        """What differs about refunds and their credits."""
        left: dict[tuple[str, str], list[BookedCredit]] = {}
        for credit in credits_:
            left.setdefault((credit.order_id, credit.refund_id), []).append(credit)
        found: list[MoneyDifference] = []
        for refund in sorted(refunds, key=lambda one: int(one.refund_id)):
            own = left.pop((refund.order_id, refund.refund_id), [])
            found.extend(self._refund(refund, own))
        for rest in left.values():
            found.extend(self._credit(one, Reason.NO_REFUND) for one in rest)
        return found

    def refunds_of(self, day: Day) -> tuple[list[sides.StoreRefund], list[BookedCredit]]:
        """The refunds made on a day, and their credits, whenever these were entered.

        Also the credits entered on the day that are of no refund.
        """
        refunds = [one for one in self.store.refunds if day.holds(one.created_at)]
        of_day = {(one.order_id, one.refund_id) for one in refunds}
        of_all = {(one.order_id, one.refund_id) for one in self.store.refunds}
        credits_ = [
            one
            for one in self.account.credits
            if (refund := (one.order_id, one.refund_id)) in of_day
            or (refund not in of_all and day.holds(one.made_at))
        ]
        return refunds, credits_

    def _order(self, key: str) -> Iterator[MoneyDifference]:
        order, booked = self.store.orders.get(key), self.account.live(key)
        if order is None:
            yield from self._without_order(key, booked)
        elif booked is None:
            if order.is_sold:
                yield self._without_booking(order)
        elif not order.is_sold:
            because = reasons.because_ended(key, self.known)
            yield self._booked_alone(booked, Reason.CANCELLED_IN_STORE, because)
        elif order.group.currency_code != booked.currency_code:
            because = reasons.because_amounts(order, booked, self.known)
            detail = f"store {order.group.currency_code}, Brightpearl {booked.currency_code}"
            amounts = sides.differing(order.figures, {}, sides.ORDER)
            yield self._difference(order, amounts, Reason.CURRENCY, because, detail)
            yield self._booked_alone(booked, Reason.CURRENCY, because, detail)
        else:
            yield from self._rows(order, booked)
            yield from self._receipts(order, booked)
        unreadable = key in self.store.unreadable or key in self.account.unreadable
        if order is not None and booked is not None and unreadable:
            because = reasons.because_unreadable(self.known.refunds.get(key, reasons.UNKNOWN))
            yield self._difference(
                order, {}, Reason.UNREADABLE, because, "one of its refunds or credits"
            )

    def _without_order(self, key: str, booked: BookedOrder | None) -> Iterator[MoneyDifference]:
        """An order of Brightpearl's that the store's day lacks, or one that cannot be read."""
        if key in self.store.unreadable:
            because = reasons.because_unreadable(self.known.orders.get(key, reasons.UNKNOWN))
            if booked is not None:
                yield self._booked_alone(booked, Reason.UNREADABLE, because)
            else:
                name, group = external_ref(key), self.store.group(key)
                yield MoneyDifference(name, key, group, {}, Reason.UNREADABLE, because)
        elif key in self.store.gone and booked is not None:
            because = reasons.because_ended(key, self.known)
            yield self._booked_alone(booked, Reason.GONE_FROM_STORE, because)

    def _booked_alone(
        self, booked: BookedOrder, reason: Reason, because: str, detail: str = ""
    ) -> MoneyDifference:
        """An order's amounts in Brightpearl where the store has none."""
        amounts = sides.differing({}, booked.figures, sides.ORDER)
        return self._difference(booked, amounts, reason, because, detail)

    def _difference(
        self,
        one: sides.StoreOrder | BookedOrder,
        amounts: sides.Amounts,
        reason: Reason,
        because: str,
        detail: str = "",
    ) -> MoneyDifference:
        key, group = one.order_id, self.store.group_of(one)
        return MoneyDifference(external_ref(key), key, group, amounts, reason, because, detail)

    def _without_booking(self, order: sides.StoreOrder) -> MoneyDifference:
        """An order that Brightpearl lacks, or has cancelled."""
        key = order.order_id
        if key in self.account.orders:
            because = reasons.because_ended(key, self.known)
            reason = Reason.CANCELLED_IN_BRIGHTPEARL
        elif key in self.account.unreadable:
            reason, because = Reason.UNREADABLE, ""
        else:
            because = reasons.because_absent(order, self.known, self.importable)
            is_linked = key in self.known.agreed
            reason = Reason.DELETED_IN_BRIGHTPEARL if is_linked else Reason.NOT_IMPORTED
        return self._difference(
            order, sides.differing(order.figures, {}, sides.ORDER), reason, because
        )

    def _rows(self, order: sides.StoreOrder, booked: BookedOrder) -> Iterator[MoneyDifference]:
        amounts = sides.differing(order.figures, booked.figures, sides.ROWS)
        rounding = order.figures[Figure.ROUNDING]
        unsplit = order.unsplit_class or ("tax_code" if order.lacks_taxes else "")
        if not amounts:
            if rounding:
                because = f"a rounding row of {rounding} on both sides"
                yield self._difference(order, {}, Reason.ROUNDING, because)
        elif unsplit and not {Figure.ORDERS, Figure.TAXED, Figure.TOTAL} & amounts.keys():
            because = f"total and tax agree; class {unsplit}"
            yield self._difference(order, amounts, Reason.SPLIT, because)
        else:
            reason = reasons.why_amounts(order, booked, self.known)
            is_doubled = reason is Reason.DOUBLED
            because = "" if is_doubled else reasons.because_amounts(order, booked, self.known)
            yield self._difference(order, amounts, reason, because)

    def _receipts(self, order: sides.StoreOrder, booked: BookedOrder) -> Iterator[MoneyDifference]:
        amounts = sides.differing(order.figures, booked.figures, (Figure.PAID,))
        foreign = sides.foreign_money(booked.receipts)
        if amounts or (
            order.receipts is not None and sides.foreign_money(order.receipts) != foreign
        ):
            yield self._difference(order, amounts, *reasons.of_receipts(order, booked, self.known))
        # Whatever the sync takes for receipts: an order owes its total on either side, and what
        # went back of it.
        back = sum(
            (
                one.figures[Figure.PAID_BACK]
                for one in self.store.refunds
                if one.order_id == order.order_id
            ),
            ZERO,
        )
        total = max(order.figures[Figure.TOTAL], booked.figures[Figure.TOTAL])
        owed, paid = total + back, booked.figures[Figure.PAID]
        if paid > owed and Figure.PAID not in amounts:
            because = reasons.because_overpaid(booked, self.known)
            detail = f"received {paid}, owed {owed}"
            yield self._difference(order, {}, Reason.OVERPAID, because, detail)

    def _refund(
        self, refund: sides.StoreRefund, own: Sequence[BookedCredit]
    ) -> Iterator[MoneyDifference]:
        """What differs about one refund. The first credit is its own, any other is one too many."""
        key = refund.order_id
        group = self.store.group(key)
        credit = own[0] if own else None
        is_foreign = credit is not None and group.currency_code not in {"", credit.currency_code}
        booked = credit.figures if credit and not is_foreign else {}
        amounts = sides.differing(refund.figures, booked, sides.REFUND)
        reason = Reason.CURRENCY if is_foreign else reasons.why_refund(refund, credit)
        detail = reasons.other_tenders(refund, credit) if credit and not is_foreign else ""
        if amounts or detail or reason is Reason.CREDIT_OF_DECLINED or credit is None:
            ids = (refund.refund_id, credit.credit_id if credit else "")
            because = reasons.because_refund(reason, key, ids, self.known, self._absence(key))
            name = credit_ref(key, refund.refund_id)
            yield MoneyDifference(name, key, group, amounts, reason, because, detail)
        for other in own[0 if is_foreign else 1 :]:
            reason = Reason.CURRENCY if other is credit else Reason.DOUBLED
            yield self._credit(other, reason)

    def _absence(self, key: str) -> str:
        """Why an order is not in Brightpearl; "" where that is not known, or it is."""
        order = self.store.orders.get(key)
        if order is not None and order.is_sold and key not in self.account.orders:
            return reasons.because_absent(order, self.known, self.importable)
        other = self.store.other_orders.get(key)
        if other is not None and key not in self.account.other_orders:
            return reasons.because_absent(other, self.known, self.importable)
        return ""

    def _credit(self, credit: BookedCredit, reason: Reason) -> MoneyDifference:
        """A credit that has no amounts on the store's side."""
        key, title = credit.order_id, f"credit {credit.credit_id}"
        name = credit_ref(key, credit.refund_id) if credit.refund_id else ""
        is_alone = reason is Reason.NO_REFUND
        ids = (credit.refund_id if is_alone else "", credit.credit_id)
        return MoneyDifference(
            name=name or f"{external_ref(key)} {title}",
            order_id=key,
            group=self.store.group_of(credit),
            amounts=sides.differing({}, credit.figures, sides.REFUND),
            reason=reason,
            because=reasons.because_refund(reason, key, ids, self.known, ""),
            detail="" if is_alone else title,
        )
