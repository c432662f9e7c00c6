from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.settings import load_settings, silence_telemetry

MINIMAL = {
    "CAUSEWAY_BIGCOMMERCE__STORE_HASH": "abc",
    "CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN": "token-of-the-store",
    "CAUSEWAY_BIGCOMMERCE__CLIENT_SECRET": "secret-of-the-store",
    "CAUSEWAY_BRIGHTPEARL__API_URL": "http://127.0.0.1:8102/public-api",
    "CAUSEWAY_BRIGHTPEARL__ACCOUNT": "sandbox",
    "CAUSEWAY_BRIGHTPEARL__APP_REF": "causeway_app",
    "CAUSEWAY_BRIGHTPEARL__ACCOUNT_TOKEN": "token-of-the-account",
}
SECRETS = [value for name, value in MINIMAL.items() if "TOKEN" in name or "SECRET" in name]
FILE = """
default_pair = "uk"
database_url = "sqlite:///var/other.db"

[pairs.uk.bigcommerce]
store_hash = "uk"
access_token = "uk-token"
client_secret = "uk-secret"

[pairs.uk.brightpearl]
api_url = "https://example.test/public-api"
account = "uk"
app_ref = "app"
account_token = "uk-account-token"

[pairs.uk.orders]
importable_statuses = [11, 9]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "causeway.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_variables_describe_one_pair_with_the_documented_defaults() -> None:
    settings = load_settings(MINIMAL)

    pair = settings.pair()
    assert pair.name == "default"
    assert pair.bigcommerce.api_url == "https://api.bigcommerce.com"
    assert pair.bigcommerce.access_token.get_secret_value() == "token-of-the-store"
    assert pair.orders.importable_statuses == (11, 9, 8, 7, 10, 2, 3)
    assert pair.orders.rounding_cap == Decimal("0.05")
    assert settings.database_url == "sqlite:///var/causeway.db"


def test_a_list_and_an_amount_may_be_given_as_variables() -> None:
    orders = load_settings(
        {
            **MINIMAL,
            "CAUSEWAY_ORDERS__IMPORTABLE_STATUSES": "11, 9",
            "CAUSEWAY_ORDERS__ROUNDING_CAP": "0.02",
        }
    ).pair()

    assert orders.orders.importable_statuses == (11, 9)
    assert orders.orders.rounding_cap == Decimal("0.02")


def test_the_pair_that_variables_describe_can_be_named() -> None:
    settings = load_settings({**MINIMAL, "CAUSEWAY_PAIR": "wholesale"})

    assert settings.default_pair == "wholesale"
    assert settings.pair().name == "wholesale"
    assert settings.pair("wholesale") is settings.pair()


def test_a_file_may_hold_pairs_and_a_variable_wins_over_it(config: Path) -> None:
    settings = load_settings(
        {"CAUSEWAY_CONFIG": str(config), "CAUSEWAY_BIGCOMMERCE__STORE_HASH": "other"}
    )

    assert settings.default_pair == "uk"
    assert settings.pair().bigcommerce.store_hash == "other"
    assert settings.pair().bigcommerce.access_token.get_secret_value() == "uk-token"
    assert settings.pair().orders.importable_statuses == (11, 9)
    assert settings.database_url == "sqlite:///var/other.db"


def test_a_file_and_variables_may_describe_two_pairs(config: Path) -> None:
    settings = load_settings(
        {**MINIMAL, "CAUSEWAY_CONFIG": str(config), "CAUSEWAY_PAIR": "default"}
    )

    assert sorted(settings.pairs) == ["default", "uk"]
    assert settings.pair("uk").brightpearl.account == "uk"


@pytest.mark.parametrize("name", MINIMAL)
def test_a_missing_setting_is_one_line_that_names_it(name: str) -> None:
    variables = {key: value for key, value in MINIMAL.items() if key != name}

    with pytest.raises(ConfigError) as caught:
        load_settings(variables)

    assert caught.value.message == f"The setting {name} is missing."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAUSEWAY_ORDERS__BATCH_SIZE", "0"),
        ("CAUSEWAY_ORDERS__ROUNDING_CAP", "much"),
        ("CAUSEWAY_BIGCOMMERCE__STOREHASH", "typo"),
        ("CAUSEWAY_RECEIVER__PORT", "70000"),
        ("CAUSEWAY_WORKER", "fast"),
        ("CAUSEWAY_STOCK", '{"debounce_s": 1}'),
        ("CAUSEWAY_ORDERS__IMPORTABLE_STATUSES", "11,paid"),
    ],
)
def test_a_malformed_setting_is_one_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({**MINIMAL, name: value})

    assert name in caught.value.message
    assert "\n" not in str(caught.value)


def test_a_setting_of_a_further_pair_is_named_by_its_table(config: Path) -> None:
    text = config.read_text(encoding="utf-8").replace('store_hash = "uk"', "")
    config.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=r"\[pairs\.uk\] bigcommerce\.store_hash is missing"):
        load_settings({**MINIMAL, "CAUSEWAY_CONFIG": str(config), "CAUSEWAY_PAIR": "default"})


def test_no_secret_is_shown_by_an_error_or_by_printing_settings() -> None:
    settings = load_settings(MINIMAL)
    wrong = {**MINIMAL, "CAUSEWAY_WEBHOOKS__PUBLIC_URL": "token-of-the-store is no URL"}

    with pytest.raises(ConfigError) as caught:
        load_settings(wrong)

    for secret in SECRETS:
        assert secret not in repr(settings)
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot be read"), ("a = ", "not valid TOML"), (b"\xff\xfe", "not valid TOML")],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: str | bytes | None, says: str
) -> None:
    path = tmp_path / "causeway.toml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ConfigError, match=says) as caught:
        load_settings({"CAUSEWAY_CONFIG": str(path)})

    assert str(path) in caught.value.message


def test_an_unknown_pair_names_those_that_exist() -> None:
    with pytest.raises(ConfigError, match=r"'x' is not configured \(configured: default\)"):
        load_settings(MINIMAL).pair("x")
    with pytest.raises(ConfigError, match=r"\(configured: none\)"):
        load_settings({}).pair()


def test_telemetry_is_off_unless_the_operator_decided_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GX_ANALYTICS_ENABLED", raising=False)
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "")

    silence_telemetry()

    import os  # noqa: PLC0415 - only here

    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "true"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("STOCK__CALM_S", "stock.debounce_s"),
        ("STOCK__REST_S", "stock.debounce_limit_s"),
        ("STOCK__FLOOD_SKUS", "stock.debounce_from_skus"),
        ("STOCK__ZEROING_LEAST", "stock.zeroing_min_skus"),
        ("STOCK__MASTERS", "stock.bigcommerce_owned_locations"),
        ("STOCK__GATHER_S", "stock.batch_window_s"),
        ("ORDERS__GATHER_S", "orders.batch_window_s"),
        ("WORKER__LOOK_EVERY_S", "worker.poll_interval_s"),
    ],
)
def test_an_old_name_still_works_and_a_warning_says_the_new_one(
    old: str, new: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load_settings({**MINIMAL, f"CAUSEWAY_{old}": "7"})

    group, name = new.split(".")
    section = settings.worker if group == "worker" else getattr(settings.pair(), group)
    assert getattr(section, name) in {7, ("7",)}
    (line,) = caplog.messages
    assert f"CAUSEWAY_{old} is deprecated" in line
    assert f"CAUSEWAY_{new.upper().replace('.', '__')}." in line


def test_the_new_name_wins_over_the_old_one() -> None:
    variables = {"CAUSEWAY_STOCK__DEBOUNCE_S": "3", "CAUSEWAY_STOCK__CALM_S": "8"}

    assert load_settings({**MINIMAL, **variables}).pair().stock.debounce_s == 3


def test_an_old_name_in_the_file_is_named_by_its_table(
    config: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = f"{config.read_text(encoding='utf-8')}\n[pairs.uk.stock]\ncalm_s = 4\n"
    config.write_text(text + "\n[worker]\nlook_every_s = 2\n", encoding="utf-8")

    settings = load_settings({"CAUSEWAY_CONFIG": str(config)})

    assert (settings.pair().stock.debounce_s, settings.worker.poll_interval_s) == (4, 2)
    assert "[pairs.uk.stock] calm_s is deprecated" in caplog.text
    assert "[worker] poll_interval_s." in caplog.text


@pytest.mark.parametrize("name", ["CALM_S", "DEBOUNCE_S"])
@pytest.mark.parametrize("entry", ["calm_s", "debounce_s"])
def test_a_variable_wins_over_the_file_whichever_name_each_uses(
    config: Path, name: str, entry: str
) -> None:
    text = f"{config.read_text(encoding='utf-8')}\n[pairs.uk.stock]\n{entry} = 4\n"
    config.write_text(text, encoding="utf-8")

    settings = load_settings({"CAUSEWAY_CONFIG": str(config), f"CAUSEWAY_STOCK__{name}": "9"})

    assert settings.pair().stock.debounce_s == 9


def test_current_names_cause_no_warning(config: Path, caplog: pytest.LogCaptureFixture) -> None:
    load_settings({**MINIMAL, "CAUSEWAY_CONFIG": str(config), "CAUSEWAY_STOCK__DEBOUNCE_S": "1"})

    assert caplog.messages == []


def test_variables_of_others_are_left_alone() -> None:
    others = {"CAUSEWAY_NAME": "x", "CAUSEWAY_SHARED": "/data", "OTHER": "1"}

    assert load_settings({**MINIMAL, **others}).pair().name == "default"


def test_an_empty_path_means_no_file() -> None:
    assert load_settings({**MINIMAL, "CAUSEWAY_CONFIG": ""}).pair().name == "default"
