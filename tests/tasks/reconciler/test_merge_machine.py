"""Two sides that people edit in any sequence, and the merge between them.

No edit of one side is lost, whoever owns a field wins, and what agrees stays as it is.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from mappings.rules import Owner
from tasks.reconciler.agreed import Merged, merge

NAMES = ("name", "phone", "company", "group")
SIDES = ("bigcommerce", "brightpearl")
FIELDS, VALUES = st.sampled_from(NAMES), st.sampled_from(["", "a", "b", "c"])
OWNERS: st.SearchStrategy[Owner] = st.sampled_from(
    ["bigcommerce", "brightpearl", "last agreed", "review"]
)


class MergeMachine(RuleBasedStateMachine):
    """One record on both sides."""

    def __init__(self) -> None:
        super().__init__()
        self.sides: dict[str, dict[str, str]] = {side: {} for side in SIDES}
        self.base: dict[str, str] = {}
        self.owners: dict[str, Owner] = {}

    @initialize(
        owners=st.fixed_dictionaries(dict.fromkeys(NAMES, OWNERS)),
        sides=st.tuples(*[st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))] * 2),
        is_linked=st.booleans(),
    )
    def begin(
        self,
        owners: dict[str, Owner],
        sides: tuple[dict[str, str], dict[str, str]],
        is_linked: bool,
    ) -> None:
        """Records that nobody compared before differ; linked ones begin alike."""
        self.owners = owners
        first, second = sides
        self.sides = {"bigcommerce": dict(first), "brightpearl": dict(first)}
        self.base = dict(first) if is_linked else {}
        if not is_linked:
            self.sides["brightpearl"] = dict(second)

    @rule(side=st.sampled_from(SIDES), name=FIELDS, value=VALUES)
    def somebody_edits(self, side: str, name: str, value: str) -> None:
        self.sides[side][name] = value

    @rule(name=FIELDS, value=VALUES)
    def a_person_decides(self, name: str, value: str) -> None:
        """By entering the same on both sides."""
        for side in SIDES:
            self.sides[side][name] = value

    def merged(self) -> Merged:
        return merge(self.base, self.sides["bigcommerce"], self.sides["brightpearl"], self.owners)

    @rule()
    def they_are_synced(self) -> None:
        before = {side: dict(values) for side, values in self.sides.items()}
        merged = self.merged()
        self.sides["bigcommerce"].update(merged.for_bigcommerce)
        self.sides["brightpearl"].update(merged.for_brightpearl)
        undecided = {one.name for one in merged.conflicts}
        for name in NAMES:
            self.check(name, before, is_conflict=name in undecided)
        settled = [name for name in NAMES if name not in undecided]
        self.base.update({name: self.sides["bigcommerce"][name] for name in settled})
        again = self.merged()
        assert not again.for_bigcommerce
        assert not again.for_brightpearl
        assert {one.name for one in again.conflicts} == undecided

    def check(self, name: str, before: dict[str, dict[str, str]], *, is_conflict: bool) -> None:
        """One field after a sync."""
        now = {side: self.sides[side][name] for side in SIDES}
        was = {side: before[side][name] for side in SIDES}
        if was["bigcommerce"] == was["brightpearl"]:
            assert (now, is_conflict) == (was, False)
            return
        owner, is_known = self.owners[name], name in self.base
        changed = [side for side in SIDES if not is_known or was[side] != self.base[name]]
        if len(changed) == 1:  # the newer state of the only side that was edited
            assert set(now.values()) == {was[changed[0]]}
        elif owner in SIDES:
            assert set(now.values()) == {was[owner]}
        elif owner == "last agreed" and is_known:
            assert set(now.values()) == {self.base[name]}
        else:
            assert (now, is_conflict) == (was, True)


@pytest.mark.hypothesis
def test_what_people_edit_on_either_side_is_never_lost_by_merging_in_whatever_sequence() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        MergeMachine, settings=settings(max_examples=100, stateful_step_count=20, deadline=None)
    )
