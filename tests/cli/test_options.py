from datetime import UTC, datetime

import pytest

from cli.options import known_keys, moment, synced_entity
from core.errors import ConfigError
from core.ids import SYNCED

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24T09:30:00+01:00", datetime(2026, 11, 24, 8, 30, tzinfo=UTC)),
        ("2026-11-24T09:30:00Z", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ("90m", datetime(2026, 11, 24, 10, 30, tzinfo=UTC)),
        ("12h", datetime(2026, 11, 24, 0, 0, tzinfo=UTC)),
        ("3d", datetime(2026, 11, 21, 12, 0, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 10, 12, 0, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_date_a_time_or_how_long_ago(text, meant):
    assert moment(text, option="--since", now=NOW) == meant


@pytest.mark.parametrize("text", ["", "yesterday", "3", "3 d", "2026-13-01", "-3d", "999999w"])
def test_anything_else_is_refused_naming_the_option(text):
    with pytest.raises(ConfigError, match="--since") as caught:
        moment(text, option="--since", now=NOW)
    assert "3d" in caught.value.remedy


@pytest.mark.parametrize("entity", SYNCED)
def test_every_entity_of_this_version_is_synced(entity):
    assert synced_entity(entity) == entity


def test_a_word_that_is_no_entity_is_refused_with_those_that_are():
    with pytest.raises(ConfigError, match=r"'order'.*orders, refunds"):
        synced_entity("order")


@pytest.mark.parametrize("entity", ["orders", "shipments", "refunds"])
def test_what_is_no_id_of_an_order_is_refused_with_what_is_meant(entity):
    with pytest.raises(ConfigError, match="'abc' is not the id of a BigCommerce order") as caught:
        known_keys(entity, ["abc"])
    assert caught.value.remedy.startswith("Give it as in 250")
