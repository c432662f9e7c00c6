"""Images by the address in a custom field of Brightpearl: only public ones are handed over."""

from __future__ import annotations

from typing import Any

import pytest
from products import in_store, made, sync
from world import World

from tasks.bigcommerce.images import problem_of

GOOD = "https://cdn.example.com/lamp.jpg"


@pytest.fixture(autouse=True)
def image_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_PRODUCTS__IMAGE_FIELD", "PCF_IMAGE")


def lamp(world: World, url: str, **fields: Any) -> str:
    fields = {"sku": "LAMP-1", "name": "Desk lamp", **fields}
    return made(world, custom_fields={"PCF_IMAGE": url}, **fields)


def images(world: World, sku: str = "LAMP-1") -> list[str]:
    return [one["image_file"].rpartition("/")[2] for one in in_store(world, sku)[0].images.values()]


def address(world: World, url: str) -> None:
    world.brightpearl("products", edit="LAMP-1", custom_fields={"PCF_IMAGE": url})


@pytest.mark.parametrize(
    ("url", "is_public"),
    [
        (GOOD, True),
        ("http://93.184.216.34/a.png", True),
        ("https://cdn.example.com:8443/a.png?v=2", True),
        ("http://127.0.0.1/a.png", False),
        ("http://127.1/a.png", False),
        ("http://2130706433/a.png", False),
        ("http://0x7f.0.0.1/a.png", False),
        ("http://10.1.2.3/a.png", False),
        ("http://169.254.169.254/latest/meta-data", False),
        ("http://172.16.9.9/a.png", False),
        ("http://192.168.1.1/a.png", False),
        ("http://100.64.0.1/a.png", False),
        ("http://0.0.0.0/a.png", False),
        ("http://[::1]/a.png", False),
        ("http://[::ffff:10.0.0.1]/a.png", False),
        ("http://[fd00::1]/a.png", False),
        ("http://localhost/a.png", False),
        ("http://LOCALHOST./a.png", False),
        ("http://nas/a.png", False),
        ("http://printer.local/a.png", False),
        ("http://metadata.google.internal/a.png", False),
        ("https://user:secret@cdn.example.com/a.png", False),
        ("https://cdn.example.com@127.0.0.1/a.png", False),
        ("file:///etc/passwd", False),
        ("ftp://cdn.example.com/a.png", False),
        ("javascript:alert(1)", False),
        ("//cdn.example.com/a.png", False),
        ("lamp.jpg", False),
        ("https://cdn.example.com/a b.png", False),
        ("http://[bad/a.png", False),
        ("http://cdn.example.com:99999/a.png", False),
    ],
)
def test_only_public_web_addresses_are_handed_over(url: str, is_public: bool) -> None:
    assert (problem_of(url) == "") is is_public


def test_hosts_of_the_settings_are_the_only_ones_then() -> None:
    assert not problem_of("https://a.cdn.example.com/x.png", ("cdn.example.com",))
    assert problem_of("https://evilcdn.example.com/x.png", ("cdn.example.com",))
    assert problem_of("http://localhost/x.png", ("localhost",))


def test_an_image_is_set_once_replaced_by_another_address_and_taken_away(world: World) -> None:
    key = lamp(world, GOOD)
    sync(world, key)
    assert images(world) == ["lamp.jpg"]
    world.forget_requests()
    sync(world, key)
    assert world.writes() == 0

    address(world, "https://cdn.example.com/lamp-2.jpg")
    sync(world, key)
    assert images(world) == ["lamp-2.jpg"]

    address(world, "")
    sync(world, key)
    assert images(world) == []
    world.forget_requests()
    sync(world, key)
    assert world.writes() == 0


def test_images_of_the_store_are_left_alone(world: World) -> None:
    key = lamp(world, GOOD)
    sync(world, key)
    product, _ = in_store(world, "LAMP-1")
    product.images[999] = {"id": 999, "image_file": "s/999/own.jpg"}

    address(world, "https://cdn.example.com/other.jpg")
    sync(world, key)

    assert sorted(images(world)) == ["other.jpg", "own.jpg"]


@pytest.mark.parametrize("url", ["http://169.254.169.254/x.jpg", "file:///etc/passwd"])
def test_an_address_within_a_network_is_refused_and_the_product_goes_through(
    world: World, url: str
) -> None:
    key, good = lamp(world, url), lamp(world, GOOD, sku="LAMP-2", name="Other lamp")

    for _ in range(2):
        world.forget_requests()
        report = sync(world, key, good)

    (refused,) = report["refused"]
    assert refused["class"] == "image"
    assert "Correct the address" in refused["remedy"]
    assert images(world) == []
    assert images(world, "LAMP-2") == ["lamp.jpg"]
    assert world.writes() == 0
    assert not any("/images" in one for one in world.requests("bigcommerce"))

    address(world, GOOD)
    sync(world, key)
    assert images(world) == ["lamp.jpg"]
    assert world.states(key, entity="products") == ["done"]


def test_an_image_that_is_not_found_waits_for_a_person_and_is_not_asked_for_again(
    world: World,
) -> None:
    key = lamp(world, GOOD)
    sync(world, key)
    address(world, "https://cdn.example.com/missing.jpg")
    world.brightpearl("products", edit="LAMP-1", name="Reading lamp")

    report = sync(world, key)

    assert "could not fetch the image" in report["refused"][0]["reason"]
    assert "quarantine release --apply" in report["refused"][0]["remedy"]
    product, _ = in_store(world, "LAMP-1")
    assert (product.name, images(world)) == ("Reading lamp", ["lamp.jpg"])
    world.forget_requests()
    assert sync(world, key)["refused"]
    assert world.writes() == 0

    address(world, "https://cdn.example.com/found.jpg")
    sync(world, key)
    assert images(world) == ["found.jpg"]
    assert world.states(key, entity="products") == ["done"]


def test_an_image_whose_answer_was_lost_is_set_once(world: World) -> None:
    key = lamp(world, "")
    sync(world, key)
    address(world, GOOD)
    rule = {"kind": "broken_answer", "as": "lost", "method": "POST", "path": "/images", "times": 1}
    world.fault("bigcommerce", rule)

    sync(world, key)
    sync(world, key)

    assert images(world) == ["lamp.jpg"]
