"""A chaos run from the first order to the verdict."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from agreement.differences import Case
from agreement.verdict import Sides, Verdict, judge
from chaos.ending import come_to_rest, left_over
from chaos.faults import Faults
from chaos.kills import Kills
from chaos.master_data import MasterData
from chaos.people import People
from chaos.report import Outcome
from core.errors import ContractError
from demo.controls import SYSTEMS
from demo.installation import PAIR, Installation
from demo.postgresql import PostgresServer
from mappings.bundle import load_bundle
from store.database import StoreUnavailableError
from store.quarantine import Entry, Quarantine
from tasks.bigcommerce.orders import importable_statuses


@dataclass(frozen=True)
class Size:
    """How much happens."""

    orders: int | None = None
    """Orders that are placed; None for all of the files."""
    at_once: int = 20
    """Orders of a round."""
    after: int = 6
    """Rounds after the last order."""
    share: float = 0.25
    """The share of the orders that something happens to in a round."""
    round_s: float = 3.0
    """From the beginning of a round to that of the next, where people are quick enough."""
    rest_s: float = 3.0
    """How long nobody does anything in a round, at least."""
    phase: int = 2
    """Rounds after which the faults change."""
    least_faults: int = 200
    """So many must strike: rounds are added, up to as many again, until they have."""
    kill_every: int = 2
    """Rounds between two kills; 0 for none."""
    first_kills: tuple[str, ...] = ()
    """What is killed first; the rest is drawn."""


NO_GRACE = {"CAUSEWAY_SHIPMENTS__UNSHIPPED_GRACE_MINUTES": "0"}
"""A shipment whose note was taken back is not waited for: a run takes minutes, not days."""
SHORT = Size(
    orders=24,
    at_once=8,
    after=7,
    least_faults=25,
    round_s=2.0,
    rest_s=2.0,
    kill_every=2,
    first_kills=("worker", "receiver", "prefect", "database"),
)
"""What a check of every change can afford."""


@dataclass
class Chaos:
    """One run on an installation."""

    installation: Installation
    seed: int
    size: Size
    postgresql: PostgresServer | None = None
    """The server that holds its database; None where that is a file of SQLite."""
    faults: Faults = field(init=False)
    kills: Kills = field(init=False)
    people: People = field(init=False)
    master_data: MasterData = field(init=False)

    def __post_init__(self) -> None:
        """Each part draws by itself, so that one more draw changes no other."""
        controls = self.installation.controls
        self.faults = Faults(controls, self._chance("faults"))
        self.kills = Kills(self.installation, self._chance("kills"), self.postgresql)
        self.people = People(self.installation, self._chance("people"), self.seed)
        self.master_data = MasterData(controls, self._chance("master data"), self.seed)

    def perform(self) -> Outcome:
        """Everything, then the verdict.

        Raises: CausewayError when something does not start, or work does not end.
        """
        began = time.monotonic()
        self._storm()
        self.faults.stop()
        self.kills.mend_all()
        self.installation.progress.step("faults stop; sweeps and audits run")
        requests = {str(name): self.installation.controls.counted(name).total for name in SYSTEMS}
        ending = come_to_rest(self.installation)
        lives = self.people.lives.lives
        keys = [life.key for life in lives]
        open_cases = Quarantine(self.installation.database).list(pair=PAIR)
        verdict = self.verdict(open_cases)
        self._keep_differing([*verdict.differences, *verdict.unreserved])
        return Outcome(
            seed=self.seed,
            verdict=verdict,
            faults=self.faults.struck,
            kills=self.kills.counts,
            ending=ending,
            events=Counter(step.name for life in lives for step in life.done)
            + self.master_data.events,
            master_data=self.master_data.differences(open_cases),
            left_over=left_over(self.installation, keys),
            cases=Counter(f"{one.entity} {one.class_}" for one in open_cases),
            requests=requests,
            seconds=time.monotonic() - began,
        )

    def verdict(self, open_cases: list[Entry]) -> Verdict:
        """Whether both systems agree, by their own state; what a case names waits for a person."""
        controls, settings = self.installation.controls, self.installation.settings
        store, account = controls.states()
        on_sale, levels = controls.levels()
        cases: dict[str, list[Case]] = defaultdict(list)
        for one in open_cases:
            cases[one.key].append(Case(one.entity, one.class_, one.field))
        sides = Sides(
            store,
            account,
            on_sale,
            levels,
            quarantined={one.key for one in open_cases if one.entity == "orders"},
            cases=cases,
            decided={life.key for life in self.people.lives.lives if life.is_decided},
        )
        importable = importable_statuses(
            settings.pair().orders, load_bundle(settings.mappings_path)
        )
        return judge(sides, importable=importable)

    def _keep_differing(self, keys: Sequence[str]) -> None:
        """Both sides of the orders that differ, and what happened to them, for whoever asks why."""
        lives = {life.key: life for life in self.people.lives.lives}
        found = self.people.lives.read() if keys else {}
        document = {
            key: {"life": str(lives[key]), **vars(found[key])} for key in keys if key in found
        }
        path = self.installation.services.folder / "differing.json"
        path.write_text(json.dumps(document, indent=1, default=str), "utf-8")

    def _storm(self) -> None:
        size, progress = self.size, self.installation.progress
        left = self.people.left if size.orders is None else size.orders
        total = -(-left // size.at_once) + size.after
        kills = list(size.first_kills)
        for moment in range(1, total + 1):
            began = time.monotonic()
            if moment % size.phase == 1 or size.phase == 1:
                self.faults.change()
            if left > 0:
                left -= len(self.people.order(min(size.at_once, left)))
            self._people_act(moment)
            if size.kill_every and moment % size.kill_every == 0:
                struck = self.kills.strike(kills.pop(0) if kills else "")
                progress.step(f"round {moment} of {total}: {struck or 'nothing'} is killed")
            self._rest(began)
        self._add_rounds(total)

    def _add_rounds(self, rounds: int) -> None:
        """Go on until enough faults have struck: a slow machine does little within a round."""
        for moment in range(rounds + 1, 2 * rounds + 1):
            began = time.monotonic()
            self.faults.change()
            if self.faults.total >= self.size.least_faults:
                return
            self._people_act(moment)
            self._rest(began)

    def _people_act(self, moment: int) -> None:
        try:
            self.people.act(moment, share=self.size.share)
            self.people.send_off()
            self.people.refund(2)
            self.people.move_stock()
            self.master_data.act()
        except ContractError as error:
            self.installation.progress.step(f"a sandbox refuses what somebody does: {error}")

    def _rest(self, began: float) -> None:
        """Let the rest of a round pass; what is down comes back in between."""
        until = max(began + self.size.round_s, time.monotonic() + self.size.rest_s)
        while time.monotonic() < until:
            self.kills.mend()
            with suppress(StoreUnavailableError):
                self.installation.pause(0.25)

    def _chance(self, what: str) -> Random:
        return Random(f"{self.seed} {what}")  # noqa: S311 - reproducible, not secret
