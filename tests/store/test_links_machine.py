"""Links under any sequence of keeping and forgetting: both systems' ids always find the same."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from store.database import Database
from store.links import Link, Links

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIRS = itertools.count()
ENTITIES = ("orders", "stock")
KEYS = st.sampled_from(["1", "2", "3", "é's", "a b"])
IDS = st.sampled_from(["", "101", "102", "103"])
LINKS = st.builds(Link, KEYS, IDS, st.dictionaries(st.sampled_from("xy"), st.integers(0, 9)))
ENTITY = st.sampled_from(ENTITIES)


class LinksMachine(RuleBasedStateMachine):
    """Links of one pair, and a dictionary that says what they are."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.links = Links(self.database)
        self.pair = f"pair{next(PAIRS)}"
        self.model: dict[str, dict[str, Link]] = {entity: {} for entity in ENTITIES}

    @rule(entity=ENTITY, links=st.lists(LINKS, max_size=4, unique_by=lambda one: one.key_bc))
    def keep(self, entity: str, links: list[Link]) -> None:
        self.links.put(self.pair, entity, links, now=NOW)
        self.model[entity] |= {one.key_bc: one for one in links}

    @rule(entity=ENTITY, keys=st.lists(KEYS, max_size=3))
    def forget(self, entity: str, keys: list[str]) -> None:
        self.links.drop(self.pair, entity, keys)
        for key in keys:
            self.model[entity].pop(key, None)

    @rule(entity=ENTITY, keys=st.lists(KEYS, max_size=4))
    def look_up_by_the_store(self, entity: str, keys: list[str]) -> None:
        known = self.model[entity]
        wanted = {key: known[key] for key in keys if key in known}
        assert self.links.get(self.pair, entity, keys) == wanted

    @rule(entity=ENTITY, ids=st.lists(IDS, max_size=4))
    def look_up_by_the_account(self, entity: str, ids: list[str]) -> None:
        found = self.links.get(self.pair, entity, ids, by="id_bp")
        assert set(found) == {one.id_bp for one in self.model[entity].values()} & set(ids)
        for number, link in found.items():
            assert self.model[entity][link.key_bc] == link
            assert link.id_bp == number

    @invariant()
    def every_link_is_kept_once(self) -> None:
        for entity, known in self.model.items():
            found = list(self.links.scan(self.pair, entity))
            assert {one.key_bc: one for one in found} == known
            assert len(found) == len(known) == self.links.count(self.pair, entity)


@pytest.mark.hypothesis
@pytest.mark.parametrize("size", [10, pytest.param(60, marks=pytest.mark.long)])
def test_links_are_what_was_kept_and_not_forgotten_in_whatever_sequence(
    shared_database: Database, size: int
) -> None:
    class OnThisDatabase(LinksMachine):
        database = shared_database

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        OnThisDatabase,
        settings=settings(max_examples=size, stateful_step_count=12, deadline=None),
    )
