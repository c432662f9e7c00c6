"""How both sandboxes misbehave, drawn phase by phase; each fault that struck is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from demo.controls import SYSTEMS, Controls, System

Rule = dict[str, Any]
TRANSIENT: Mapping[str, Mapping[str, Any]] = {
    "lost_answer": {"rate": 0.08},
    "error_after_commit": {"rate": 0.08},
    "truncated_json": {"rate": 0.06},
    "empty_answer": {"rate": 0.06},
    "http_500": {"rate": 0.1},
    "http_502_html": {"rate": 0.1},
    "http_503": {"rate": 0.1},
    "http_504": {"rate": 0.08},
    "maintenance": {"rate": 0.06},
    "drop_connection": {"rate": 0.08},
    "slow": {"rate": 0.1, "ms": 1200},
    "throttle_without_headers": {"rate": 0.05, "times": 2},
    "extra_fields": {"rate": 0.1},
}
"""Faults that pass, with how often they strike; nobody has to do anything about one of them."""
AT_ONCE = 4
"""Kinds of faults that a system has during one phase."""
UNRELIABLE: Mapping[str, float] = {
    "loss_rate": 0.1,
    "duplicate_rate": 0.25,
    "reorder_rate": 0.3,
    "reorder_s": 3.0,
    "delay_s": 0.2,
    "retry_time_scale": 0.02,
}
"""Webhooks are lost, repeated, late and out of order; a vendor's minutes are seconds."""
RELIABLE: Mapping[str, float] = {
    **dict.fromkeys(UNRELIABLE, 0.0),
    "retry_time_scale": UNRELIABLE["retry_time_scale"],
}


@dataclass
class Faults:
    """The faults of both systems."""

    controls: Controls
    chance: Random
    kinds: Sequence[str] = tuple(TRANSIENT)
    struck: Counter[str] = field(default_factory=Counter)
    """Faults that struck, by `system kind`."""

    @property
    def total(self) -> int:
        """Faults that struck, up to the last change."""
        return self.struck.total()

    def change(self) -> None:
        """Another phase: other kinds of faults, and unreliable webhooks."""
        for system in SYSTEMS:
            kinds = self.chance.sample(self.kinds, min(AT_ONCE, len(self.kinds)))
            self._configure(system, [{"kind": kind, **TRANSIENT[kind]} for kind in kinds])
            self.controls.call(system, "PUT", "deliveries", UNRELIABLE)

    def stop(self) -> None:
        """Both systems work again, and webhooks come once and in order."""
        for system in SYSTEMS:
            self._configure(system, [])
            self.controls.call(system, "PUT", "deliveries", RELIABLE)

    def _configure(self, system: System, rules: Sequence[Rule]) -> None:
        for rule in self.controls.call(system, "GET", "faults"):
            if rule["struck"]:
                self.struck[f"{system} {rule['kind']}"] += int(rule["struck"])
        self.controls.call(system, "PUT", "faults", list(rules))
