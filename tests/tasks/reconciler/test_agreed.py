"""The three-way merge: what each side takes over from the other."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tasks.reconciler.agreed import AgreedHashes, Conflict, Merged, merge, resolve
from tasks.reconciler.cases import Decisions

NAMES = ("name", "phone", "company")
VALUES = st.sampled_from(["", "a", "b"])
SIDE = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
OWNERS = st.fixed_dictionaries(
    dict.fromkeys(NAMES, st.sampled_from(["bigcommerce", "brightpearl", ""]))
)


def test_a_change_of_one_side_travels_to_the_other() -> None:
    merged = merge({"name": "a"}, {"name": "b"}, {"name": "a"}, {"name": "brightpearl"})
    assert merged.for_brightpearl == {"name": "b"}
    assert merged.for_bigcommerce == {}


def test_the_owner_wins_where_both_sides_changed_a_field() -> None:
    merged = merge({"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "brightpearl"})
    assert merged.for_bigcommerce == {"name": "c"}
    assert merged.for_brightpearl == {}


def test_a_field_that_nobody_owns_is_a_conflict() -> None:
    merged = merge({"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": ""})
    assert merged.conflicts == (Conflict("name", "a", "b", "c"),)


def test_sides_that_differ_with_nothing_agreed_are_a_conflict_or_the_owners() -> None:
    assert merge({}, {"name": "b"}, {"name": "c"}, {"name": ""}).conflicts
    merged = merge({}, {"name": "b"}, {"name": "c"}, {"name": "bigcommerce"})
    assert merged.for_brightpearl == {"name": "b"}


@given(base=SIDE, store=SIDE, account=SIDE, owners=OWNERS)
def test_what_is_merged_makes_both_sides_agree_but_for_conflicts(
    base: dict[str, str], store: dict[str, str], account: dict[str, str], owners: dict[str, str]
) -> None:
    merged = merge(base, store, account, owners)
    store = store | dict(merged.for_bigcommerce)
    account = account | dict(merged.for_brightpearl)
    differing = {name for name in NAMES if store[name] != account[name]}
    assert differing == {conflict.name for conflict in merged.conflicts}
    assert not merged.for_bigcommerce.keys() & merged.for_brightpearl.keys()


@given(base=SIDE, store=SIDE, account=SIDE, owners=OWNERS)
def test_nobody_loses_a_change_that_only_one_side_made(
    base: dict[str, str], store: dict[str, str], account: dict[str, str], owners: dict[str, str]
) -> None:
    merged = merge(base, store, account, owners)
    for name in NAMES:
        if account[name] == base[name] != store[name]:
            assert merged.for_brightpearl[name] == store[name]
        if store[name] == base[name] != account[name]:
            assert merged.for_bigcommerce[name] == account[name]


AGREED = AgreedHashes().with_values({"name": "a", "place": ("street", "NY")}, {})


def test_values_are_kept_as_hashes_and_a_side_that_reads_like_them_was_not_touched() -> None:
    assert "street" not in str(AGREED.detail())
    same = {"name": "a", "place": ("street", "NY")}
    assert AGREED.merge(same, same | {"name": "b"}, {"name": ""}).for_bigcommerce.keys() == {"name"}
    assert AGREED.merge(same | {"name": "b"}, same, {"name": ""}).for_brightpearl.keys() == {"name"}


def test_what_the_store_reads_in_the_place_of_a_value_is_no_change_of_it() -> None:
    written = AGREED.with_values({"place": ("street", "NY")}, {"place": ("street", "New York")})
    store, account = {"place": ("street", "New York")}, {"place": ("street", "NY")}
    assert written.differing(store, account) == []
    assert written.merge(store, account, {"place": ""}).conflicts == ()
    assert AGREED.differing(store, account) == ["place"]
    # Once the store has the value itself, nothing stands in its place.
    assert written.with_values({"place": ("street", "NY")}, {}).in_store == {}


def test_a_blank_is_no_change_where_nothing_was_agreed_on() -> None:
    merged = AgreedHashes().merge({"name": ""}, {"name": "b"}, {"name": "bigcommerce"})
    assert merged.for_bigcommerce.keys() == {"name"}
    assert AGREED.merge({"name": ""}, {"name": "a"}, {"name": ""}).for_brightpearl.keys() == {
        "name"
    }


def test_where_the_agreed_value_would_win_its_hash_cannot_be_put_back() -> None:
    merged = AGREED.merge({"name": "b"}, {"name": "c"}, {"name": "last agreed"})
    assert [one.name for one in merged.conflicts] == ["name"]


BOTH_CHANGED = Merged(
    {"phone": "3"}, {}, (Conflict("name", "a", "b", "c"), Conflict("place", "x", "y", "z"))
)


def test_a_conflict_that_a_person_decided_takes_the_value_that_its_case_proposes() -> None:
    name, _ = (one.case("7", "bigcommerce", shows=True) for one in BOTH_CHANGED.conflicts)
    decisions = Decisions(approved={("7", name.value)})

    merged, cases = resolve(BOTH_CHANGED, "7", "bigcommerce", decisions, shows=True)

    assert (merged.for_bigcommerce, merged.for_brightpearl) == ({"phone": "3"}, {"name": "b"})
    assert [one.name for one in merged.conflicts] == list(cases) == ["place"]
    other, _ = resolve(BOTH_CHANGED, "8", "bigcommerce", decisions, shows=True)
    assert other == BOTH_CHANGED
    name, _ = (one.case("7", "brightpearl", shows=True) for one in BOTH_CHANGED.conflicts)
    taken, _ = resolve(
        BOTH_CHANGED, "7", "brightpearl", Decisions(approved={("7", name.value)}), shows=True
    )
    assert taken.for_bigcommerce == {"phone": "3", "name": "c"}


def test_a_case_stands_with_both_values_and_says_them_where_they_may_be_shown() -> None:
    (_, place) = BOTH_CHANGED.conflicts
    shown = place.case("7", "bigcommerce", of="4.", shows=True)
    hidden = place.case("7", "", why="staff alone change it", shows=False)

    assert shown.reason == (
        "4.place differs, and nobody owns it: BigCommerce has 'y', Brightpearl 'z'"
    )
    assert shown.detail["proposal"] == {"field": "4.place", "takes": "bigcommerce"}
    assert hidden.reason == "place differs, and staff alone change it"
    assert hidden.detail["proposal"] == {}
    both = {"bigcommerce": "y", "brightpearl": "z"}
    assert shown.detail["values"] == hidden.detail["values"] == both
    weights = Conflict("weight_kg", "1", Decimal("1.5"), None).case("7", "brightpearl", shows=True)
    assert weights.detail["values"] == {"bigcommerce": "1.5", "brightpearl": "None"}
