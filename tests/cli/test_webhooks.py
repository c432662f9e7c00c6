import json

import pytest

from cli.webhooks import (
    BODY,
    EVENTS,
    SCOPES,
    Change,
    Target,
    of_pair,
    plan_bigcommerce,
    plan_brightpearl,
    subscription,
)
from connectors.bigcommerce.store_models import Hook
from connectors.brightpearl.account_models import Webhook
from core.errors import ConfigError
from core.settings import load_settings

ENVIRONMENT = {
    "CAUSEWAY_BIGCOMMERCE__STORE_HASH": "abc",
    "CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN": "bigcommerce-token",
    "CAUSEWAY_BIGCOMMERCE__CLIENT_SECRET": "client-secret",
    "CAUSEWAY_BRIGHTPEARL__API_URL": "http://127.0.0.1:1/public-api",
    "CAUSEWAY_BRIGHTPEARL__ACCOUNT": "acme",
    "CAUSEWAY_BRIGHTPEARL__APP_REF": "app",
    "CAUSEWAY_BRIGHTPEARL__ACCOUNT_TOKEN": "brightpearl-token",
}
PUBLIC = {
    "CAUSEWAY_WEBHOOKS__PUBLIC_URL": "https://causeway.example.com/",
    "CAUSEWAY_WEBHOOKS__SECRET": "a-long-random-secret",
}


def target(**more):
    return Target.of(load_settings(ENVIRONMENT | PUBLIC | more).pair())


def hook(number, scope, url, *, is_active=True):
    return Hook.model_validate(
        {"id": number, "scope": scope, "destination": url, "is_active": is_active}
    )


def webhook(number, event, url):
    return Webhook.model_validate({"id": number, "subscribeTo": event, "uriTemplate": url})


def test_each_pair_has_an_address_of_its_own_on_each_side():
    ours = target()
    assert ours.bigcommerce == "https://causeway.example.com/webhooks/bigcommerce/default"
    assert ours.brightpearl == (
        "https://causeway.example.com/webhooks/brightpearl/default/a-long-random-secret"
    )


def test_what_is_shown_of_an_address_holds_no_secret():
    assert "secret" not in target().brightpearl_shown


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "PUBLIC_URL"),
        ({"CAUSEWAY_WEBHOOKS__PUBLIC_URL": "https://x.example"}, "SECRET"),
        (PUBLIC | {"CAUSEWAY_WEBHOOKS__SECRET": "short"}, "SECRET"),
    ],
)
def test_a_missing_setting_is_named(settings, named):
    with pytest.raises(ConfigError, match=named) as caught:
        Target.of(load_settings(ENVIRONMENT | settings).pair())
    assert "short" not in str(caught.value).replace("shorter", "")


def test_everything_is_created_in_an_empty_store():
    assert plan_bigcommerce([], target().bigcommerce) == [
        Change("bigcommerce", scope, "create") for scope in SCOPES
    ]


def test_what_stands_is_kept():
    url = target().bigcommerce
    hooks = [hook(number, scope, url) for number, scope in enumerate(SCOPES)]
    assert {change.action for change in plan_bigcommerce(hooks, url)} == {"keep"}


def test_a_hook_that_was_switched_off_is_activated_again():
    url = target().bigcommerce
    hooks = [hook(n, scope, url, is_active=n != 1) for n, scope in enumerate(SCOPES)]
    assert plan_bigcommerce(hooks, url)[1] == Change("bigcommerce", SCOPES[1], "activate", "1")


def test_hooks_to_other_places_do_not_count_and_are_left_alone():
    hooks = [hook(number, scope, "https://other.example") for number, scope in enumerate(SCOPES)]
    assert {c.action for c in plan_bigcommerce(hooks, target().bigcommerce)} == {"create"}


def test_a_changed_secret_is_written_into_every_hook():
    url = target().bigcommerce
    hooks = [hook(number, scope, url) for number, scope in enumerate(SCOPES)]
    assert {c.action for c in plan_bigcommerce(hooks, url, rotate=True)} == {"rewrite"}


def test_doubled_hooks_are_removed():
    url = target().bigcommerce
    hooks = [hook(n, scope, url) for n, scope in enumerate(SCOPES)] + [hook(9, SCOPES[0], url)]
    assert Change("bigcommerce", SCOPES[0], "remove", "9") in plan_bigcommerce(hooks, url)


def test_brightpearl_subscriptions_match_on_event_and_address():
    ours = target()
    hooks = [
        webhook(1, EVENTS[0], ours.brightpearl),
        webhook(2, EVENTS[1], "https://other.example/hook"),
    ]
    assert plan_brightpearl(hooks, ours) == [
        Change("brightpearl", EVENTS[0], "keep", "1"),
        *(Change("brightpearl", event, "create") for event in EVENTS[1:]),
    ]


def test_a_subscription_with_an_older_secret_is_replaced_after_the_new_one_stands():
    ours = target()
    old = ours.brightpearl.replace("a-long-random-secret", "the-secret-before")
    hooks = [webhook(1, EVENTS[0], old)]
    changes = plan_brightpearl(hooks, ours)
    assert changes[0] == Change("brightpearl", EVENTS[0], "create")
    assert changes[-1] == Change("brightpearl", EVENTS[0], "remove", "1")


def test_another_pair_with_a_longer_name_is_not_ours():
    ours = target()
    url = ours.brightpearl.replace("/default/", "/default-b2b/")
    assert of_pair([webhook(1, EVENTS[0], url)], ours) == []


def test_a_subscription_asks_for_id_sets_at_least_once():
    printed = subscription("order.modified.order-status", "https://x.example")
    assert printed["idSetAccepted"] is True
    assert printed["qualityOfService"] == 1
    filled = BODY.replace("${resource-id}", "1-5,99")
    assert json.loads(filled)["id"] == "1-5,99"


@pytest.mark.parametrize(
    "name", ["account-code", "resource-type", "resource-id", "lifecycle-event"]
)
def test_the_body_names_what_brightpearl_insists_on(name):
    assert f"${{{name}}}" in BODY
