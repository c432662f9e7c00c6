from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.settings import load_settings

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
    assert pair.orders.importable_statuses == ()
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


def test_keys_are_listed_the_first_one_first_and_a_wrong_one_is_named_without_its_value() -> None:
    keys = ["A" * 43 + "=", "B" * 42 + "A="]
    name = "CAUSEWAY_ENCRYPTION_KEYS"

    found = load_settings({**MINIMAL, name: ", ".join(keys)}).encryption_keys

    assert [key.get_secret_value() for key in found] == keys
    assert load_settings({**MINIMAL, name: ""}).encryption_keys == ()
    for wrong in ("too-short", "A" * 42 + "=", f"{keys[0]},é"):
        with pytest.raises(ConfigError, match=f"The setting {name} is wrong: ") as caught:
            load_settings({**MINIMAL, name: wrong})
        assert wrong not in str(caught.value)


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


def test_a_blank_address_of_the_receiver_is_said_to_be_blank() -> None:
    name = "CAUSEWAY_WEBHOOKS__PUBLIC_URL"
    with pytest.raises(ConfigError, match=f"The setting {name} is blank"):
        load_settings({**MINIMAL, name: " "})


def test_an_unknown_pair_names_those_that_exist_and_where_it_is_described(config: Path) -> None:
    unknown = r"'x' is not configured \(configured: default\)"
    with pytest.raises(ConfigError, match=unknown) as caught:
        load_settings(MINIMAL).pair("x")
    assert "--pair default" in caught.value.remedy
    assert "[pairs.x.bigcommerce]" in caught.value.remedy
    assert "STORE_HASH" not in caught.value.remedy
    with pytest.raises(ConfigError, match="configured: uk") as caught:
        load_settings({"CAUSEWAY_CONFIG": str(config)}).pair("x")
    assert f"in {config} (" in caught.value.remedy
    with pytest.raises(ConfigError, match=r"\(configured: none\)") as caught:
        load_settings({}).pair()
    assert "CAUSEWAY_BIGCOMMERCE__STORE_HASH" in caught.value.remedy


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
    others = {
        "CAUSEWAY_SHARED": "/data",
        "CAUSEWAY_DB_PASSWORD": "p",
        "OTHER": "1",
        "CAUSEWAY_RECEIVER_PORT": "tcp://10.0.0.7:8100",
        "CAUSEWAY_RECEIVER_PORT_8100_TCP_ADDR": "10.0.0.7",
        "CAUSEWAY_RECEIVER_SERVICE_HOST": "10.0.0.7",
    }

    assert load_settings({**MINIMAL, **others}).pair().name == "default"


def test_an_empty_path_means_no_file() -> None:
    assert load_settings({**MINIMAL, "CAUSEWAY_CONFIG": ""}).pair().name == "default"


TOKENS = [name for name in MINIMAL if name.endswith(("TOKEN", "SECRET", "HASH", "ACCOUNT", "REF"))]


@pytest.mark.parametrize("name", [*TOKENS, "CAUSEWAY_WEBHOOKS__SECRET"])
@pytest.mark.parametrize("value", ["v2-9f8…c1", "v2-9f8\xa0c1", "geheim-ß-e1", "v2\n9f8c1"])
def test_a_value_that_no_header_can_hold_is_one_line_without_any_part_of_it(
    name: str, value: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({**MINIMAL, name: value})

    assert f"The setting {name} is wrong: its character " in caught.value.message
    assert "\n" not in str(caught.value)
    assert not any(part in str(caught.value) for part in ("v2", "9f8", "c1", "geheim", "…"))


@pytest.mark.parametrize(
    "name",
    [
        *MINIMAL,
        "CAUSEWAY_WEBHOOKS__SECRET",
        "CAUSEWAY_DATABASE_URL",
        "CAUSEWAY_MAPPINGS_PATH",
        "CAUSEWAY_STOCK__SALES_LOCATION",
        "CAUSEWAY_WORKER__WORK_POOL",
    ],
)
@pytest.mark.parametrize("value", ["", "  \t"])
def test_a_blank_value_is_named_as_blank(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({**MINIMAL, name: value})

    assert caught.value.message == f"The setting {name} is blank."


def test_blanks_around_a_pasted_value_do_no_harm() -> None:
    pasted = {name: f" {value}\n" for name, value in MINIMAL.items()}

    pair = load_settings(pasted).pair()

    assert pair.bigcommerce.access_token.get_secret_value() == "token-of-the-store"
    assert pair.brightpearl.api_url == "http://127.0.0.1:8102/public-api"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CAUSEWAY_BIGCOMMERCE_STORE_HASH", "CAUSEWAY_BIGCOMMERCE__STORE_HASH"),
        ("CAUSEWAY_BIGCOMMERCE__STOREHASH", "CAUSEWAY_BIGCOMMERCE__STORE_HASH"),
        ("CAUSEWAY_BRIGHTPEARL_ACCOUNT_TOKEN", "CAUSEWAY_BRIGHTPEARL__ACCOUNT_TOKEN"),
        ("CAUSEWAY_DATABSE_URL", "CAUSEWAY_DATABASE_URL"),
        ("CAUSEWAY_WEBHOOK__SECRET", "CAUSEWAY_WEBHOOKS__SECRET"),
        ("CAUSEWAY_STOCK_ZEROING_PERCENT", "CAUSEWAY_STOCK__ZEROING_PERCENT"),
        ("CAUSEWAY_PAIRS", "CAUSEWAY_PAIR"),
    ],
)
def test_a_misspelt_variable_is_refused_with_what_is_meant(name: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({**MINIMAL, name: "a-secret-value"})

    assert caught.value.message == f"The setting {name} is unknown."
    assert f"Did you mean {meant}?" in caught.value.remedy
    assert "a-secret-value" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "entry", "meant"),
    [
        ("[receiver]\nprot = 8100", "[receiver] prot", "port"),
        (
            "[pairs.uk.stock]\nsale_location = '1'",
            "[pairs.uk.stock] sale_location",
            "sales_location",
        ),
        ("[workers]\nwork_pool = 'x'", "workers", "worker"),
    ],
)
def test_a_misspelt_entry_of_the_file_is_refused_with_what_is_meant(
    config: Path, line: str, entry: str, meant: str
) -> None:
    config.write_text(f"{config.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_settings({"CAUSEWAY_CONFIG": str(config)})

    assert caught.value.message == f"The setting {entry} is unknown."
    assert f"Did you mean {meant}?" in caught.value.remedy


@pytest.mark.parametrize(
    ("system", "url", "says"),
    [
        ("BIGCOMMERCE", "api.bigcommerce.com", "begin with https://"),
        ("BIGCOMMERCE", "localhost:8101", "begin with https://"),
        ("BRIGHTPEARL", "euw1.brightpearlconnect.com/public-api", "begin with https://"),
        ("BIGCOMMERCE", "https://api.bigcommerce.com/stores/abc", "end before /stores/"),
        ("BIGCOMMERCE", "https://api.bigcommerce.com/stores/abc/v3/", "end before /stores/"),
        ("BRIGHTPEARL", "https://euw1.brightpearlconnect.com/public-api/sandbox", "account's code"),
        ("BRIGHTPEARL", "https://user:pw@example.com/public-api", "without"),
    ],
)
def test_an_api_url_that_cannot_be_right_is_one_line(system: str, url: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({**MINIMAL, f"CAUSEWAY_{system}__API_URL": url})

    assert f"The setting CAUSEWAY_{system}__API_URL is wrong: " in caught.value.message
    assert says in caught.value.message


def test_a_slash_at_the_end_of_an_api_url_does_no_harm() -> None:
    url = "https://euw1.brightpearlconnect.com/public-api/"

    pair = load_settings({**MINIMAL, "CAUSEWAY_BRIGHTPEARL__API_URL": url}).pair()

    assert pair.brightpearl.api_url == url.rstrip("/")
