"""People who are several contacts: found at night, merged once a person says so, and separated."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from people import ANN, HOME, People
from world import PAIR, World

from core.times import utc_now
from flows.duplicates import find_duplicates
from store.links import Links
from store.quarantine import Quarantine
from store.verdicts import Verdicts
from tasks.customers.frames import ENTITY
from tasks.reconciler.connections import connect, disconnect

OLD = {"line1": "1 High St", "line3": "Bath", "postal_code": "BA1 5AN"}


@pytest.fixture
def people(world: World) -> People:
    return People(world)


@pytest.fixture
def ann(people: People) -> str:
    """A customer in agreement with her contact."""
    key = people.register(**ANN, phone="01174960001", addresses=[HOME])
    people.sync(key)
    return key


@pytest.fixture
def twin(people: People, ann: str) -> int:
    """A contact of the same person, that staff made with another e-mail."""
    return people.enter(
        first_name="Ann",
        last_name="Lee",
        emails={"PRI": "ann.lee@work.example"},
        telephones={"PRI": "01174960001", "MOB": "07700900123"},
        tags=[9],
        addresses={"BIL": OLD, "DEF": OLD},
    )


def search() -> dict[str, Any]:
    return asyncio.run(find_duplicates.fn(PAIR))


def cases() -> list[Any]:
    found = Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY)
    return [one for one in found if one.field == "merge"]


def approve(actor: str = "kim") -> None:
    ids = [one.id for one in cases()]
    Quarantine(connect(PAIR).database).approve(ids, actor=actor, now=utc_now())


def test_a_merge_is_proposed_with_its_evidence_and_nothing_is_written(
    world: World, people: People, ann: str, twin: int
) -> None:
    world.forget_requests()

    document = search()
    search()

    kept = people.contact(ann).id
    (case,) = cases()
    assert case.key == f"merge:{kept}-{twin}"
    assert "the same first name; the same surname; the same phone number" in case.reason
    assert case.detail["proposal"] == {"kept": str(kept), "merged": str(twin)}
    assert (document["proposed"], document["waiting"], document["by_hand"]) == (1, 1, 0)
    assert world.writes() == 0
    assert "Lee" not in json.dumps(document) + case.reason + case.remedy
    assert "@" not in json.dumps(document) + case.reason + case.remedy


def test_an_approved_merge_moves_what_is_missing_and_can_be_undone(
    world: World, people: People, ann: str, twin: int
) -> None:
    search()
    approve()

    report = people.sync()

    kept, other = people.contact(ann), people.world.sandbox.account.contacts[twin]
    assert report["counts"]["merged"] == 1
    assert kept.emails == {"PRI": "ann@example.com", "SEC": "ann.lee@work.example"}
    assert kept.telephones == {"PRI": "01174960001", "SEC": "07700900123"}
    assert 9 in kept.tags
    assert other.emails == {"PRI": f"into-{kept.id}@merged.causeway.invalid"}
    assert cases() == []
    assert people.quiet(ann, f"contact:{twin}", f"merge:{kept.id}-{twin}")
    assert search()["proposed"] == 0

    people.sync(f"unmerge:{kept.id}-{twin}")

    assert kept.emails == {"PRI": "ann@example.com"}
    assert kept.telephones == {"PRI": "01174960001"}
    assert 9 not in kept.tags
    assert other.emails == {"PRI": "ann.lee@work.example"}
    assert other.telephones == {"PRI": "01174960001", "MOB": "07700900123"}
    assert people.quiet(ann, f"contact:{twin}")


def test_orders_of_the_other_e_mail_go_to_the_contact_that_is_kept(
    people: People, ann: str, twin: int
) -> None:
    search()
    approve()
    people.sync()

    key = people.register(**ANN | {"email": "ann.lee@work.example"}, addresses=[HOME])
    people.sync(key)

    link = Links(connect(PAIR).database).get(PAIR, ENTITY, [key])[key]
    assert (link.id_bp, link.detail["lead"]) == ("", ann)


def test_two_customers_share_a_contact_after_their_merge_and_have_two_again(
    people: People, ann: str
) -> None:
    other = people.register(
        **ANN | {"email": "ann.lee@work.example"}, phone="01174960001", addresses=[HOME]
    )
    people.sync(other)
    first, second = people.contact(ann).id, people.contact(other).id
    search()
    approve()
    people.sync()
    links = Links(connect(PAIR).database)

    assert links.get(PAIR, ENTITY, [other])[other].detail["lead"] == ann
    assert people.quiet(ann, other)

    people.sync(f"unmerge:{first}-{second}")

    assert links.get(PAIR, ENTITY, [other])[other].id_bp == str(second)
    assert people.contact(other).emails == {"PRI": "ann.lee@work.example"}
    assert people.quiet(ann, other)


def test_an_undo_gives_back_nothing_that_was_changed_since(
    people: People, ann: str, twin: int
) -> None:
    search()
    approve()
    people.sync()
    kept = people.contact(ann)
    people.change(kept.id, emails={"PRI": "ann@example.com", "SEC": "new@work.example"})

    people.sync(f"unmerge:{kept.id}-{twin}")

    other = people.world.sandbox.account.contacts[twin]
    assert kept.emails["SEC"] == "new@work.example"
    assert other.emails == {"PRI": f"into-{kept.id}@merged.causeway.invalid"}
    (case,) = Quarantine(connect(PAIR).database).list(pair=PAIR, entity=ENTITY)
    assert "was changed since the merge" in case.reason


def test_a_discarded_merge_is_never_proposed_again_and_is_a_label(
    people: People, ann: str, twin: int
) -> None:
    search()
    quarantine = Quarantine(connect(PAIR).database)
    quarantine.discard([one.id for one in cases()], "two people", actor="kim", now=utc_now())

    document = search()

    assert cases() == []
    (verdict,) = Verdicts(connect(PAIR).database).newest(PAIR, "duplicates")
    assert (verdict.verdict, verdict.actor) == ("discarded", "kim")
    assert verdict.facts["zone"] in {"certain", "review"}
    assert sum(one["decided"] for one in document["reviewed"].values()) == 1


def test_a_family_is_not_proposed(people: People, ann: str) -> None:
    people.enter(
        first_name="George",
        last_name="Lee",
        emails={"PRI": "george@example.com"},
        telephones={"PRI": "01174960001"},
        addresses={"BIL": OLD, "DEF": OLD},
    )

    assert search()["proposed"] == 0


def test_contacts_of_different_companies_are_left_to_a_person(
    people: People, ann: str, twin: int
) -> None:
    people.change(people.contact(ann).id, organisation="Acme")
    people.change(twin, organisation="Bmce")

    document = search()

    (case,) = cases()
    assert document["by_hand"] == 1
    assert case.detail["proposal"] == {}
    assert "different companies" in case.reason


@pytest.mark.parametrize(("mode", "merged"), [("merge", True), ("advise", False), ("off", False)])
def test_only_certain_merges_go_on_alone_and_only_where_the_settings_say_so(
    people: People, ann: str, twin: int, monkeypatch: pytest.MonkeyPatch, mode: str, *, merged: bool
) -> None:
    people.change(twin, emails={"PRI": "ann@example.com"})
    monkeypatch.setenv("CAUSEWAY_INTELLIGENCE__DUPLICATES", mode)
    disconnect()

    document = search()
    people.sync()

    other = people.world.sandbox.account.contacts[twin]
    assert ("invalid" in other.emails["PRI"]) is merged
    assert document.get("approved", 0) == merged
    assert Verdicts(connect(PAIR).database).newest(PAIR, "duplicates") == []
