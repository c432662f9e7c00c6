"""What a chaos run writes: `var/chaos.json` for scripts, a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agreement.differences import Kind
from agreement.verdict import Verdict
from chaos.ending import Ending
from cli.display import table

SHOWN = 40
OURS = frozenset({"unexpected"})
"""Classes of cases that no person can have caused: our own code failed."""


@dataclass(frozen=True)
class Outcome:
    """Everything that a chaos run found."""

    seed: int
    verdict: Verdict
    faults: Mapping[str, int]
    kills: Mapping[str, int]
    ending: Ending
    events: Counter[str] = field(default_factory=Counter)
    master_data: Sequence[str] = ()
    """What differs of customers, products and prices, as lines for people."""
    left_over: Sequence[str] = ()
    """Keys that are still due."""
    cases: Mapping[str, int] = field(default_factory=dict)
    """Open cases by entity and class."""
    requests: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def lost(self) -> list[str]:
        """Orders that are nowhere, and that nothing names."""
        return self.verdict.with_kind(Kind.MISSING)

    @property
    def duplicates(self) -> list[str]:
        """Documents, payments and contacts that exist twice."""
        return [*self.verdict.with_kind(Kind.DOUBLED), *self.verdict.doubled_contacts]

    @property
    def unexplained(self) -> list[str]:
        """Everything that differs or is left, as lines for people."""
        doubled = [
            f"contacts {', '.join(ids)} share an e-mail"
            for ids in self.verdict.doubled_contacts.values()
        ]
        failed = [f"{name}: {count} open" for name, count in self.cases.items() if _is_ours(name)]
        endless = [] if self.ending.is_quiet else ["it is written without end"]
        of_records = [*self.verdict.of_orders(), *self.master_data, *doubled]
        return [*of_records, *self.left_over, *failed, *endless]

    @property
    def closed_percent(self) -> float:
        """Of the faults that struck, how many of a hundred left nothing for a person."""
        struck = sum(self.faults.values())
        left = len(self.unexplained) + len(self.verdict.wrong_stock)
        return 100.0 if not struck else max(0.0, 100.0 * (struck - left) / struck)

    @property
    def is_good(self) -> bool:
        """Whether nothing is lost, twice, off or unexplained, and all stock is equal."""
        return not (
            self.lost
            or self.duplicates
            or self.verdict.unexplained_cents
            or self.unexplained
            or self.verdict.wrong_stock
        )

    def to_json(self) -> dict[str, Any]:
        """The document of `var/chaos.json`."""
        stock = self.verdict.stock
        return {
            "seed": self.seed,
            "orders": self.verdict.placed,
            "lost": len(self.lost),
            "duplicates": len(self.duplicates),
            "cents_off": self.verdict.unexplained_cents,
            "stock": {"skus": len(stock), "equal": len(stock) - len(self.verdict.wrong_stock)},
            "unexplained": len(self.unexplained),
            "faults": sum(self.faults.values()),
            "kills": sum(self.kills.values()),
            "faults_by_kind": dict(sorted(self.faults.items())),
            "kills_by_part": dict(sorted(self.kills.items())),
            "faults_closed_without_a_person_percent": round(self.closed_percent, 2),
            "in_brightpearl": self.verdict.in_brightpearl,
            "events": self.events.total(),
            "events_by_kind": dict(self.events.most_common()),
            "cases": dict(self.cases),
            "passes": self.ending.passes,
            "requests": dict(self.requests),
            "seconds": round(self.seconds, 1),
            "differences": [*self.unexplained, *self.verdict.of_stock()],
        }

    def to_text(self) -> str:
        """The same for people."""
        stock, wrong = self.verdict.stock, self.verdict.wrong_stock
        rows = [
            ("seed", self.seed),
            ("orders placed", self.verdict.placed),
            ("  in Brightpearl", self.verdict.in_brightpearl),
            ("things that people did meanwhile", self.events.total()),
            ("faults that struck", sum(self.faults.values())),
            ("processes killed, database away", sum(self.kills.values())),
            ("lost", len(self.lost)),
            ("duplicates", len(self.duplicates)),
            ("cents off", self.verdict.unexplained_cents),
            ("SKUs whose stock is right", f"{len(stock) - len(wrong)} of {len(stock)}"),
            ("unexplained", len(self.unexplained)),
            ("faults closed without a person, %", round(self.closed_percent, 2)),
            ("records that wait for a person", sum(self.cases.values())),
            ("passes over everything until quiet", self.ending.passes),
            ("seconds", round(self.seconds, 1)),
        ]
        parts = [
            table(["what", "figure"], rows),
            table(["fault", "struck"], sorted(self.faults.items())),
            table(["killed", "times"], sorted(self.kills.items())),
        ]
        lines = [*self.unexplained, *self.verdict.of_stock()]
        if lines:
            parts.append("The two systems differ:")
            parts += [f"  {line}" for line in lines[:SHOWN]]
            if len(lines) > SHOWN:
                parts.append(f"  … and {len(lines) - SHOWN} more")
        else:
            parts.append("Nothing is lost, nothing is twice, and both systems agree.")
        return "\n\n".join(parts[:3]) + "\n\n" + "\n".join(parts[3:])


def _is_ours(name: str) -> bool:
    """Whether a case, by entity and class, says that our own code failed."""
    return name.rpartition(" ")[2] in OURS
