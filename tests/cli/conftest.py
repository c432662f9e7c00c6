"""A configured installation whose two systems are down: most commands need neither."""

import os
import shutil

import pytest

from mappings.bundle import SHIPPED
from store.database import open_database

PAIR = {
    "CAUSEWAY_BIGCOMMERCE__API_URL": "http://127.0.0.1:9",
    "CAUSEWAY_BIGCOMMERCE__STORE_HASH": "sandbox",
    "CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN": "the-store-token",
    "CAUSEWAY_BIGCOMMERCE__CLIENT_SECRET": "the-client-secret",
    "CAUSEWAY_BRIGHTPEARL__API_URL": "http://127.0.0.1:9/public-api",
    "CAUSEWAY_BRIGHTPEARL__ACCOUNT": "sandbox",
    "CAUSEWAY_BRIGHTPEARL__APP_REF": "causeway_app",
    "CAUSEWAY_BRIGHTPEARL__ACCOUNT_TOKEN": "the-account-token",
    "CAUSEWAY_WEBHOOKS__PUBLIC_URL": "http://127.0.0.1:9",
    "CAUSEWAY_WEBHOOKS__SECRET": "the-webhook-secret",
}


@pytest.fixture
def configured(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("CAUSEWAY_"):
            monkeypatch.delenv(name)
    for name, value in PAIR.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CAUSEWAY_DATABASE_URL", f"sqlite:///{tmp_path}/causeway.db")


@pytest.fixture
def unconfigured(configured, monkeypatch):
    for name in PAIR:
        monkeypatch.delenv(name)


@pytest.fixture
def database(configured):
    """The tables of the configured installation."""
    return open_database(os.environ["CAUSEWAY_DATABASE_URL"])


@pytest.fixture
def installed(world):
    """The tables of the installation whose two systems are sandboxes."""
    open_database(os.environ["CAUSEWAY_DATABASE_URL"]).close()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the shipped mappings, as an installation has it."""
    copy = tmp_path / "mappings"
    copy.mkdir()
    for file in SHIPPED.glob("*.yaml"):
        shutil.copy(file, copy)
    shutil.copytree(SHIPPED / "tables", copy / "tables")
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(copy))
    return copy
