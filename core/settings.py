"""The only reader of the environment: what Causeway is told by whoever runs it.

Values come from `CAUSEWAY_*` variables and from the TOML file that `CAUSEWAY_CONFIG` names; a
variable wins over the file. Anything missing or malformed is a `ConfigError` of one line that
names the setting; no value of a secret ever appears in it.
"""

from __future__ import annotations

import logging
import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    model_validator,
)

from core.errors import ConfigError

PREFIX = "CAUSEWAY_"
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
}
"""Telemetry of the engines, off unless the operator set the variable himself."""


log = logging.getLogger("causeway.settings")


class Section(BaseModel):
    """A group of settings; a name we do not know is refused, for it is most likely a typo."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    renamed: ClassVar[Mapping[str, str]] = {}
    """Old names of settings that still work, and what each is called now."""

    @model_validator(mode="before")
    @classmethod
    def _accept_old_names(cls, values: Any) -> Any:  # noqa: ANN401 - before validation
        if not isinstance(values, dict) or not (old := values.keys() & cls.renamed.keys()):
            return values
        for name in sorted(old):
            log.warning(
                "The setting %s is deprecated: it is now called %s.",
                name.upper(),
                cls.renamed[name].upper(),
            )
        current = {cls.renamed[name]: values[name] for name in old}
        return {**current, **{name: value for name, value in values.items() if name not in old}}


Filled = Annotated[str, Field(min_length=1)]
FilledSecret = Annotated[SecretStr, Field(min_length=1)]
"""Required, and an empty variable does not count."""


class BigCommerceSettings(Section):
    """One store."""

    api_url: str = "https://api.bigcommerce.com"
    """Ends before `/stores/{hash}`."""
    store_hash: Filled
    access_token: FilledSecret
    client_secret: FilledSecret
    """Signs the store's webhooks."""


class BrightpearlSettings(Section):
    """One account."""

    api_url: Filled
    """Ends before `/{account}`, for example `https://euw1.brightpearlconnect.com/public-api`."""
    account: Filled
    app_ref: Filled
    account_token: FilledSecret
    instance_id: int = 4711
    """`installedIntegrationInstanceId`: one constant, half of the key against double orders."""


class WebhookSettings(Section):
    """Where and with which secret both systems reach the receiver."""

    public_url: HttpUrl | None = None
    secret: SecretStr | None = None
    """At least 16 characters; sent by BigCommerce as a header, by Brightpearl in the path."""


class SyncSettings(Section):
    """What every sync is told."""

    renamed = {"gather_s": "batch_window_s"}
    batch_size: int = Field(default=500, ge=1, le=2000)
    """Keys claimed at once."""
    batch_window_s: float = Field(default=0.0, ge=0)
    """How long the worker lets keys gather before it starts a run for them."""
    expire_after_days: int = Field(default=30, ge=1)
    """How long a record that cannot be synced yet is waited for."""
    sweep_overlap_minutes: int = Field(default=30, ge=1)
    audit_days: int = Field(default=2, ge=1)
    """How far back the scheduled audit compares."""


class OrderSettings(SyncSettings):
    """What the merchant decides about orders."""

    importable_statuses: tuple[int, ...] = (11, 9, 8, 7, 10, 2, 3)
    """BigCommerce status ids that are imported; 0 never is, whatever stands here."""
    rounding_cap: Decimal = Decimal("0.05")
    """The largest amount that one rounding row may carry, in the order's currency."""
    rounding_nominal_code: str = "7900"
    cancel_in_store: bool = True
    """Whether an order that staff cancel in Brightpearl is cancelled in BigCommerce as well."""


class ShipmentSettings(SyncSettings):
    """What the merchant decides about shipments."""

    unshipped_grace_minutes: int = Field(default=60, ge=0)
    """How long a shipment that was taken back in Brightpearl stands in BigCommerce before it is
    deleted there: most are sent off again, and the shopper has had the e-mail."""


class RefundSettings(SyncSettings):
    """What the merchant decides about refunds and returns."""

    close_credits: bool = True
    """Whether a sales credit is invoiced once its goods and money are booked."""
    staff_credits: Literal["review", "refund"] = "review"
    """What becomes of a sales credit that staff make: a case for a person, or a refund in
    BigCommerce at once."""


class StockSettings(SyncSettings):
    """What the merchant decides about stock."""

    renamed = {
        **SyncSettings.renamed,
        "masters": "bigcommerce_owned_locations",
        "flood_skus": "debounce_from_skus",
        "calm_s": "debounce_s",
        "rest_s": "debounce_limit_s",
        "zeroing_least": "zeroing_min_skus",
    }
    batch_size: int = Field(default=2000, ge=1, le=2000)
    batch_window_s: float = Field(default=0.5, ge=0)
    """A change of stock rarely comes alone, and the order that makes it goes first."""
    sales_location: str = "1"
    """BigCommerce's location that shoppers buy from."""
    bigcommerce_owned_locations: tuple[str, ...] = ()
    """Locations at which a count made in BigCommerce is right, and Brightpearl is corrected."""
    orders_window_minutes: int = Field(default=15, ge=1)
    """How far back orders are read that no event has named yet; longer than a sweep's interval."""
    visible_after_s: float = Field(default=30.0, ge=0)
    """How long the store may take to show an adjustment that it accepted."""
    verify_after_s: float = Field(default=2.0, gt=0)
    """How soon an adjustment is looked for."""
    debounce_from_skus: int = Field(default=30, ge=1)
    """From so many SKUs on that events name at once, those not running out wait a moment."""
    debounce_s: float = Field(default=10.0, ge=0)
    """They wait until no event has named them for so long …"""
    debounce_limit_s: float = Field(default=60.0, ge=0)
    """… and never longer than this."""
    scarce_units: int = Field(default=5, ge=0)
    """Where no more than this may be left on sale, a SKU never waits."""
    zeroing_percent: float = Field(default=20.0, ge=0, le=100)
    """A run that would take more of the catalogue off sale stops until a person releases it."""
    zeroing_min_skus: int = Field(default=20, ge=0)
    """So many SKUs may go off sale in one run whatever the share."""


class Pair(Section):
    """One store with one account."""

    name: str = "default"
    bigcommerce: BigCommerceSettings
    brightpearl: BrightpearlSettings
    webhooks: WebhookSettings = WebhookSettings()
    orders: OrderSettings = OrderSettings()
    shipments: ShipmentSettings = ShipmentSettings()
    refunds: RefundSettings = RefundSettings()
    stock: StockSettings = StockSettings()

    def sync(self, entity: str) -> SyncSettings:
        """The settings of one entity's sync."""
        found: SyncSettings = getattr(self, entity)
        return found


class ReceiverSettings(Section):
    """Where the receiver listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8100, ge=0, le=65535)


class WorkerSettings(Section):
    """How the warm worker works."""

    renamed = {"look_every_s": "poll_interval_s"}
    work_pool: str = "causeway"
    poll_interval_s: float = Field(default=0.1, gt=0)
    """How often the inbox is looked at where the database cannot notify."""
    writes_at_once: int = Field(default=3, ge=1, le=20)
    """Simultaneous writes per account."""
    reads_at_once: int = Field(default=6, ge=1, le=50)


class Settings(Section):
    """Everything one installation is told."""

    database_url: str = "sqlite:///var/causeway.db"
    mappings_path: Path | None = None
    """A folder in place of the shipped `mappings/`."""
    pairs: dict[str, Pair] = {}
    default_pair: str = "default"
    receiver: ReceiverSettings = ReceiverSettings()
    worker: WorkerSettings = WorkerSettings()

    def pair(self, name: str | None = None) -> Pair:
        """The pair of that name, or the default one.

        Raises: ConfigError when it is not configured.
        """
        wanted = name or self.default_pair
        if (pair := self.pairs.get(wanted)) is not None:
            return pair
        known = ", ".join(sorted(self.pairs)) or "none"
        raise ConfigError(
            f"The pair {wanted!r} is not configured (configured: {known}).",
            remedy="Set CAUSEWAY_BIGCOMMERCE__STORE_HASH and the other variables of "
            "docs/settings.md, or add [pairs.NAME] to the file that CAUSEWAY_CONFIG names.",
        )


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the variables and the file.

    Raises: ConfigError naming the first missing or malformed setting.
    """
    variables = os.environ if environment is None else environment
    told = _from_file(variables.get(f"{PREFIX}CONFIG"))
    name = variables.get(f"{PREFIX}PAIR") or told.pop("default_pair", None) or "default"
    told["default_pair"] = name
    ours: dict[str, Any] = {}
    for key, value in variables.items():
        if key.startswith(PREFIX) and key not in {f"{PREFIX}CONFIG", f"{PREFIX}PAIR"}:
            _put(ours, key.removeprefix(PREFIX).lower().split("__"), value)
    of_pair = {key: ours.pop(key) for key in list(ours) if key in Pair.model_fields}
    pairs = told.setdefault("pairs", {})
    if of_pair:
        _merge(pairs.setdefault(name, {}), of_pair)
    _merge(told, {key: value for key, value in ours.items() if key in Settings.model_fields})
    for pair_name, pair in pairs.items():
        pair["name"] = pair_name
    return _checked(told)


def silence_telemetry() -> None:
    """Switch the engines' telemetry off before they are imported."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def prefect_api_url() -> str | None:
    """Where the Prefect server is, as Prefect itself defines the variable."""
    return os.environ.get("PREFECT_API_URL")


def _from_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"CAUSEWAY_CONFIG names {path}, which cannot be read: {error.strerror}.",
            remedy="Correct the path or unset CAUSEWAY_CONFIG.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"CAUSEWAY_CONFIG names {path}, which is not valid TOML: {error}.",
            remedy="Correct that line of the file.",
        ) from error


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    *groups, leaf = path
    for group in groups:
        found = tree.setdefault(group, {})
        tree = found if isinstance(found, dict) else {}
    tree[leaf] = value


def _merge(base: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value


def _checked(told: dict[str, Any]) -> Settings:
    _split_lists(told)
    try:
        return Settings.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = [str(part) for part in first["loc"]]
        is_missing = first["type"] in {"missing", "string_too_short", "too_short"}
        problem = "is missing" if is_missing else f"is wrong: {first['msg']}"
        raise ConfigError(
            f"The setting {_spoken(where, told['default_pair'])} {problem}.",
            remedy="See docs/settings.md.",
        ) from None


LISTS = (
    ("orders", "importable_statuses"),
    ("stock", "bigcommerce_owned_locations"),
    ("stock", "masters"),
)


def _split_lists(told: dict[str, Any]) -> None:
    """A variable holds a list as `11,9,8`; TOML holds it as a list already."""
    for pair in told.get("pairs", {}).values():
        for section, name in LISTS:
            group = pair.get(section, {}) if isinstance(pair, dict) else {}
            if isinstance(listed := group.get(name), str):
                group[name] = [part.strip() for part in listed.split(",") if part.strip()]


def _spoken(where: list[str], default_pair: str) -> str:
    """The name under which the user set it: a variable, or the table of a further pair."""
    if where[:1] == ["pairs"] and len(where) > 1:
        if where[1] != default_pair:
            return f"[pairs.{where[1]}] {'.'.join(where[2:])}"
        where = where[2:]
    return PREFIX + "__".join(where).upper()
