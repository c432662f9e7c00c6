"""The three-way merge: what each side takes over from the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.reconciler.agreed import AgreedHashes, Conflict, merge

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
