"""How merged contacts were before: kept once, and gone with the person."""

from __future__ import annotations

from core.times import utc_now
from store.database import Database
from store.merges import Merges
from store.personal_data import PersonalData, Subject

PAIR = "default"


def test_what_a_merge_found_first_stays_until_it_is_undone(database: Database) -> None:
    merges, now = Merges(database), utc_now()

    assert merges.start(PAIR, "201", "305", {"tags": ["9"]}, now=now) == {"tags": ["9"]}
    assert merges.start(PAIR, "201", "305", {"tags": []}, now=now) == {"tags": ["9"]}

    merges.end(PAIR, "201", "305", "undone", now=now)
    assert merges.start(PAIR, "201", "305", {"tags": []}, now=now) == {"tags": []}


def test_merges_of_an_erased_person_are_gone_and_no_others(database: Database) -> None:
    merges, now = Merges(database), utc_now()
    for kept, merged in (("201", "305"), ("202", "306")):
        merges.start(PAIR, kept, merged, {}, now=now)
    subject = Subject("name", "checks", records=[("customers", "contact:305")])

    assert PersonalData(database).erase(PAIR, subject) == {"customer_merges": 1}

    assert [one.merged for one in merges.list(PAIR)] == ["306"]
