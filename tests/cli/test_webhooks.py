import json

import pytest

from connectors.bigcommerce.store_models import Hook
from connectors.brightpearl.account_models import Webhook
from core.errors import ConfigError
from core.settings import load_settings
from tasks.subscriptions import (
    BODY,
    EVENTS,
    SCOPES,
    SECRET_HEADER,
    Change,
    Target,
    plan_bigcommerce,
    plan_brightpearl,
    subscription,
)

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


OURS = object()


def hook(number, scope, url, *, is_active=True, secret=OURS, **more):
    """A hook of the store; with our secret unless another one, or None, is given."""
    carried = target().secret if secret is OURS else secret
    headers = None if carried is None else {SECRET_HEADER.upper(): carried}
    document = {"id": number, "scope": scope, "destination": url, "is_active": is_active}
    return Hook.model_validate({**document, "headers": headers, **more})


def webhook(number, event, url):
    return Webhook.model_validate({"id": number, "subscribeTo": event, "uriTemplate": url})


def test_each_pair_has_an_address_of_its_own_on_each_side():
    ours = target()
    assert ours.bigcommerce == "https://causeway.example.com/webhooks/bigcommerce/default"
    address = "https://causeway.example.com/webhooks/brightpearl/default/"
    assert ours.brightpearl == f"{address}{ours.secret}"
    assert ours.brightpearl_shown == f"{address}…"
    assert len(ours.secret) == 64


def test_what_is_shown_of_an_address_holds_no_secret():
    assert target().secret not in target().brightpearl_shown


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
    assert plan_bigcommerce([], target()) == [
        Change("bigcommerce", scope, "create", "", "it is missing") for scope in SCOPES
    ]


def test_what_stands_is_kept():
    url = target().bigcommerce
    hooks = [hook(number, scope, url) for number, scope in enumerate(SCOPES)]
    assert {change.action for change in plan_bigcommerce(hooks, target())} == {"keep"}


def test_a_hook_that_was_switched_off_is_activated_again():
    url = target().bigcommerce
    hooks = [hook(n, scope, url, is_active=n != 1) for n, scope in enumerate(SCOPES)]
    assert plan_bigcommerce(hooks, target())[1] == Change(
        "bigcommerce", SCOPES[1], "activate", "1", "it was switched off"
    )


def test_hooks_to_other_places_do_not_count_and_are_left_alone():
    hooks = [hook(number, scope, "https://other.example") for number, scope in enumerate(SCOPES)]
    assert {c.action for c in plan_bigcommerce(hooks, target())} == {"create"}


def test_a_changed_secret_is_written_into_every_hook():
    url = target().bigcommerce
    hooks = [hook(number, scope, url) for number, scope in enumerate(SCOPES)]
    assert {c.action for c in plan_bigcommerce(hooks, target(), rotate=True)} == {"rewrite"}


def test_doubled_hooks_are_removed():
    url = target().bigcommerce
    hooks = [hook(n, scope, url) for n, scope in enumerate(SCOPES)] + [hook(9, SCOPES[0], url)]
    gone = Change("bigcommerce", SCOPES[0], "remove", "9", "it exists twice")
    assert gone in plan_bigcommerce(hooks, target())


def test_brightpearl_subscriptions_match_on_event_and_address():
    ours = target()
    hooks = [
        webhook(1, EVENTS[0], ours.brightpearl),
        webhook(2, EVENTS[1], "https://other.example/hook"),
    ]
    assert plan_brightpearl(hooks, ours) == [
        Change("brightpearl", EVENTS[0], "keep", "1"),
        *(Change("brightpearl", event, "create", "", "it is missing") for event in EVENTS[1:]),
    ]


def test_a_subscription_with_an_older_secret_is_replaced_after_the_new_one_exists():
    ours = target()
    old = ours.brightpearl.replace(ours.secret, "the-secret-before")
    changes = plan_brightpearl([webhook(1, EVENTS[0], old)], ours)
    assert (changes[0].action, changes[0].event) == ("create", EVENTS[0])
    assert (changes[-1].action, changes[-1].hook_id) == ("remove", "1")


@pytest.mark.parametrize("secret", ["another", "", None])
def test_a_hook_whose_secret_header_differs_is_written_again(secret):
    ours = target()
    hooks = [hook(n, scope, ours.bigcommerce) for n, scope in enumerate(SCOPES)]
    hooks[2] = hook(2, SCOPES[2], ours.bigcommerce, secret=secret)
    changes = plan_bigcommerce(hooks, ours)
    assert [c.action for c in changes] == [
        "rewrite" if n == 2 else "keep" for n in range(len(SCOPES))
    ]
    assert changes[2].why == "its secret header differs"


BEFORE = {"CAUSEWAY_WEBHOOKS__PUBLIC_URL": "https://before.example.com/hooks"}


@pytest.mark.parametrize("carried", ["made", "the setting itself"])
def test_subscriptions_to_an_earlier_address_are_ours_by_their_secret_and_are_replaced(carried):
    ours, earlier = target(), target(**BEFORE)
    secret = earlier.secret if carried == "made" else "a-long-random-secret"
    hooks = [hook(n, scope, earlier.bigcommerce, secret=secret) for n, scope in enumerate(SCOPES)]
    url = earlier.brightpearl.replace(earlier.secret, secret)
    subscriptions = [webhook(n, event, url) for n, event in enumerate(EVENTS)]

    changes = [*plan_bigcommerce(hooks, ours), *plan_brightpearl(subscriptions, ours)]

    count = len(SCOPES) + len(EVENTS)
    assert [c.action for c in changes].count("create") == count
    removed = [c for c in changes if c.action == "remove"]
    assert len(removed) == count
    assert {c.why for c in removed} == {
        "it leads to an earlier address, https://before.example.com/hooks"
    }
    assert ours.secret != earlier.secret


@pytest.mark.parametrize("secret", ["of another installation", None])
def test_those_of_another_installation_with_the_same_pair_are_left_alone_and_named(secret):
    ours, other = target(), target(**BEFORE)
    hooks = [hook(1, SCOPES[0], other.bigcommerce, secret=secret)]
    url = other.brightpearl.replace(other.secret, secret or "x")

    changes = [
        *plan_bigcommerce(hooks, ours),
        *plan_brightpearl([webhook(2, EVENTS[0], url)], ours),
    ]

    left = [c for c in changes if c.action == "leave"]
    assert [c.hook_id for c in left] == ["1", "2"]
    assert not [c for c in changes if c.action == "remove"]


def test_another_pair_with_a_longer_name_is_not_ours():
    ours = target()
    url = ours.brightpearl.replace("/default/", "/default-b2b/")
    changes = plan_brightpearl([webhook(1, EVENTS[0], url)], ours)
    assert {c.action for c in changes} == {"create"}


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
