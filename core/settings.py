"""The only reader of the environment: what whoever runs Causeway has decided.

Values come from `CAUSEWAY_*` variables and from the TOML file that `CAUSEWAY_CONFIG` names; a
variable wins over the file. Anything missing or malformed is a `ConfigError` of one line that
names the setting; no value of a secret ever appears in it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from core.errors import ConfigError
from core.settings_sources import (
    PREFIX,
    File,
    Section,
    Variables,
    did_you_mean,
    find_file,
    refuse_unknown,
    setting_paths,
    table_entry,
    variable,
)

SOURCES = "sources"
FERNET_BYTES = 32
FROM_VARIABLES = SettingsConfigDict(
    env_prefix=PREFIX, env_nested_delimiter="__", enable_decoding=False
)


def _split(value: object) -> object:
    """A variable holds a list as `11,9,8`; TOML holds it as a list already."""
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _printable(value: object) -> object:
    """Text that can stand in a header or a URL, without the blanks around it.

    The message names the place, not the character: it may be part of a secret.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text:
        raise PydanticCustomError("blank", "it is blank")
    place = next((place for place, char in enumerate(text, 1) if not " " <= char <= "~"), None)
    if place is not None:
        raise PydanticCustomError(
            "not_ascii",
            "its character {place} is no printable ASCII character; was a placeholder, or a "
            "shortened value, pasted?",
            {"place": place},
        )
    return text


def _filled(value: object) -> object:
    """A path or a name, which may hold any character but must hold one."""
    if isinstance(value, str) and not value.strip():
        raise PydanticCustomError("blank", "it is blank")
    return value


def _web_address(value: str) -> str:
    """An address without query or slash at its end.

    The message holds nothing of the value, into which a credential may have been pasted.
    """
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_address = is_address and (parts.port is None or parts.port > 0)
    except ValueError:
        is_address = False
    if not is_address:
        raise PydanticCustomError(
            "no_address", "it has to begin with https:// (or http://) and the name of a host"
        )
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise PydanticCustomError("no_address", "it has to be an address without ?, # and @")
    return value.rstrip("/")


def _encryption_key(secret: SecretStr) -> SecretStr:
    """A key of 32 bytes, as Fernet writes it. The message holds nothing of it."""
    try:
        is_key = len(urlsafe_b64decode(secret.get_secret_value())) == FERNET_BYTES
    except ValueError:
        is_key = False
    if not is_key:
        raise PydanticCustomError("no_key", "it has to be 32 bytes in URL-safe base64")
    return secret


Filled = Annotated[str, BeforeValidator(_printable)]
FilledSecret = Annotated[SecretStr, BeforeValidator(_printable)]
EncryptionKey = Annotated[FilledSecret, AfterValidator(_encryption_key)]
FilledName = Annotated[str, BeforeValidator(_filled)]
WebAddress = Annotated[str, BeforeValidator(_printable), AfterValidator(_web_address)]
Numbers = Annotated[tuple[int, ...], BeforeValidator(_split)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]


class BigCommerceSettings(Section):
    """One store."""

    api_url: WebAddress = "https://api.bigcommerce.com"
    """Ends before `/stores/{hash}`."""
    store_hash: Filled
    access_token: FilledSecret
    client_secret: FilledSecret
    """Signs the store's webhooks."""

    @field_validator("api_url")
    @classmethod
    def _ends_before_the_store(cls, url: str) -> str:
        if "/stores" in url:
            raise PydanticCustomError("too_long", "it has to end before /stores/…")
        return url


class BrightpearlSettings(Section):
    """One account."""

    api_url: WebAddress
    """Ends before `/{account}`, for example `https://euw1.brightpearlconnect.com/public-api`."""
    account: Filled
    app_ref: Filled
    account_token: FilledSecret
    instance_id: int = 4711
    """`installedIntegrationInstanceId`: one constant, half of the key against double orders."""

    @model_validator(mode="after")
    def _ends_before_the_account(self) -> Self:
        if self.api_url.endswith(f"/{self.account}"):
            raise PydanticCustomError(
                "too_long", "it has to end before the account's code", {"field": "api_url"}
            )
        return self


class WebhookSettings(Section):
    """Where and with which secret both systems reach the receiver."""

    public_url: Annotated[HttpUrl | None, BeforeValidator(_filled)] = None
    secret: FilledSecret | None = None
    """At least 16 characters. What is made from it is sent by BigCommerce as a header, by
    Brightpearl in the path."""

    @property
    def base(self) -> str:
        """The public address, to which each system's path is added."""
        return str(self.public_url or "").rstrip("/")

    def secret_at(self, base: str) -> str:
        """What subscriptions to an address carry: whoever had an earlier one learned another."""
        secret = self.secret.get_secret_value() if self.secret else ""
        return hmac.new(secret.encode(), base.encode(), hashlib.sha256).hexdigest()

    def secrets_at(self, base: str) -> tuple[str, ...]:
        """What genuine deliveries to an address show; none without the setting.

        Subscriptions made before version 0.5 carry the setting itself.
        """
        if self.secret is None:
            return ()
        return self.secret_at(base), self.secret.get_secret_value()


class SyncSettings(Section):
    """What the operator decides about every sync."""

    renamed: ClassVar[Mapping[str, str]] = {"gather_s": "batch_window_s"}
    batch_size: int = Field(default=500, ge=1, le=2000)
    """Keys claimed at once."""
    batch_window_s: float = Field(default=0.0, ge=0)
    """How long the worker collects keys before it starts a run for them."""
    expire_after_days: int = Field(default=30, ge=1)
    """How long a record that cannot be synced yet is waited for."""
    sweep_overlap_minutes: int = Field(default=30, ge=1)
    audit_days: int = Field(default=2, ge=1)
    """How far back the scheduled audit compares."""


class DocumentSettings(SyncSettings):
    """What the operator decides about syncs of documents, which come with rows and money."""

    batch_size: int = Field(default=250, ge=1, le=2000)


class OrderSettings(DocumentSettings):
    """What the merchant decides about orders."""

    importable_statuses: Numbers = ()
    """BigCommerce status ids that are imported instead of those that the table `order_status` says;
    0 never is, whatever this says."""
    rounding_cap: Decimal = Decimal("0.05")
    """The largest amount that one rounding row may carry, in the order's currency."""
    rounding_nominal_code: Filled = "7900"
    several_addresses: Literal["split", "hold"] = "split"
    """What becomes of an order to several addresses: a sales order for each, or a single one on
    hold, with a note that says what goes where."""
    left_before: Literal["status", "note"] = "status"
    """How goods that left before the import are recorded: by the order's status and a text, which
    leaves Brightpearl's stock alone, or by a shipped goods-out note, which takes them out of it."""
    amendment_cap: Decimal = Decimal("0.05")
    """How much an amendment may make a paid order owe, more or less, before a person is asked."""
    cancel_in_store: bool = True
    """Whether an order that staff cancel in Brightpearl is cancelled in BigCommerce as well."""


class ShipmentSettings(DocumentSettings):
    """What the merchant decides about shipments."""

    unshipped_grace_minutes: int = Field(default=60, ge=0)
    """How long a shipment that was taken back in Brightpearl stays in BigCommerce before it is
    deleted there: most are sent off again, and the shopper has had the e-mail."""


class RefundSettings(DocumentSettings):
    """What the merchant decides about refunds and returns."""

    close_credits: bool = True
    """Whether a sales credit is invoiced once its goods and money are booked."""
    staff_credits: Literal["review", "refund"] = "review"
    """What becomes of a sales credit that staff make: a case for a person, or a refund in
    BigCommerce at once."""


class PriceSettings(SyncSettings):
    """What the merchant decides about prices."""

    batch_size: int = Field(default=1000, ge=1, le=2000)
    batch_window_s: float = Field(default=1.0, ge=0)
    """A change of prices rarely comes alone."""
    max_fall_percent: Decimal = Field(default=Decimal(50), ge=0, le=100)
    """A price that falls by more than this share waits for a person."""


class StockSettings(SyncSettings):
    """What the merchant decides about stock."""

    renamed: ClassVar[Mapping[str, str]] = {
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
    sales_location: Filled = "1"
    """BigCommerce's location that shoppers buy from."""
    bigcommerce_owned_locations: Names = ()
    """Locations at which a count made in BigCommerce is right, and Brightpearl is corrected."""
    orders_window_minutes: int = Field(default=15, ge=1)
    """How long an order that holds nothing yet is listed again while newer ones are placed."""
    visible_after_s: float = Field(default=30.0, ge=0)
    """How long the store may take to show an adjustment that it accepted."""
    verify_after_s: float = Field(default=2.0, gt=0)
    """How soon it is checked whether an adjustment can be seen."""
    debounce_from_skus: int = Field(default=30, ge=1)
    """From so many SKUs on that events name at once, those not running out wait a moment."""
    debounce_s: float = Field(default=10.0, ge=0)
    """They wait until no event has named them for so long …"""
    debounce_limit_s: float = Field(default=60.0, ge=0)
    """… and never longer than this."""
    scarce_units: int = Field(default=5, ge=0)
    """Where no more than this may be left on sale, a SKU never waits."""
    product_gone: Literal["off_sale", "review"] = "off_sale"
    """What becomes of a SKU of which Brightpearl keeps stock no longer: archived, deleted, renamed,
    not tracked. It is taken off sale in the store, or a person decides."""
    zeroing_percent: float = Field(default=20.0, ge=0, le=100)
    """A run that would take more of the catalogue off sale stops until a person releases it."""
    zeroing_min_skus: int = Field(default=20, ge=0)
    """So many SKUs may go off sale in one run whatever the share."""


class CustomerSettings(SyncSettings):
    """What the merchant decides about customers."""

    create_customers: Literal["tagged", "never"] = "tagged"
    """Which contacts of Brightpearl become customers of the store: those that staff gave a tag
    which stands for a customer group, or none."""


class ProductSettings(SyncSettings):
    """What the merchant decides about products."""

    create_in_bigcommerce: bool = True
    """Whether a live product that only Brightpearl has is created in BigCommerce."""
    create_in_brightpearl: bool = False
    """Whether a product that only BigCommerce has is created in Brightpearl."""
    price_list: Filled = "2"
    """Brightpearl's price list that a product's price is taken from when it is created."""
    channels: Numbers = ()
    """BigCommerce's channels that new products are assigned to, besides the default one."""
    duplicate_names: Literal["append_sku", "refuse"] = "append_sku"
    """What becomes of a name that another product of the store has."""
    image_field: str = ""
    """The code of Brightpearl's custom field that holds the address of a product's image."""
    image_hosts: Names = ()
    """Hosts that images may come from; none means every public one."""
    weight_unit: Literal["kg", "g", "lb", "oz"] = "kg"
    length_unit: Literal["cm", "mm", "m", "in"] = "cm"
    """Brightpearl's units, which its answers do not name."""

    @property
    def kilograms(self) -> Decimal:
        """How many kilograms one of Brightpearl's units of weight is."""
        known = {"kg": "1", "g": "0.001", "lb": "0.45359237", "oz": "0.028349523125"}
        return Decimal(known[self.weight_unit])

    @property
    def centimetres(self) -> Decimal:
        """How many centimetres one of Brightpearl's units of length is."""
        return Decimal({"cm": "1", "mm": "0.1", "m": "100", "in": "2.54"}[self.length_unit])


class CheckSettings(Section):
    """What the merchant decides about checks of new orders (docs/intelligence.md)."""

    addresses: Literal["off", "advise", "hold"] = "advise"
    """Whether addresses are checked, and whether blocking findings hold an order."""
    address_blocks: Names = ()
    """Findings that block besides those of the table, such as `po_box` or `city_spelling`."""
    risk: Literal["off", "advise", "hold"] = "off"
    """Whether the risk of orders is scored, and whether a high one holds an order."""
    risk_hold_from: int = Field(default=39, ge=1)
    """Points from which on a person sees an order."""


class IntelligenceSettings(Section):
    """What follows from what the checks of `intelligence` find."""

    anomalies: Literal["off", "advise"] = "advise"
    """Whether hours that do not fit their season are found and reported."""
    duplicates: Literal["off", "advise", "merge"] = "advise"
    """Whether customers and contacts of one person are searched for at night: not at all, each
    proposed merge is a case for a person, or certain ones are also carried out."""
    errors: Literal["off", "advise", "hold"] = "hold"
    """Whether cases in quarantine are given a class, and someone who acts; with `hold` a record
    that has failed for a day although others went through is one as well, and is left alone."""
    mapping: Literal["off", "advise"] = "advise"
    """Whether a value that a lookup table lacks comes with the rows that are like it."""
    products: Literal["off", "advise", "hold"] = "advise"
    """Whether an unknown SKU names those that may be meant, and what becomes of products that share
    a SKU while their other identifiers differ: nothing, a note, or a person decides first."""
    stock: Literal["off", "advise", "hold"] = "advise"
    """What a run of stock does that breaks an invariant: nothing, a note, or it stops until a
    person releases it."""
    stock_changed_percent: float = Field(default=60.0, ge=0, le=100)
    """A run that changes more of the catalogue than this breaks one."""
    prices: Literal["off", "advise", "hold"] = "advise"
    """The same of a run of prices."""
    prices_changed_percent: float = Field(default=60.0, ge=0, le=100)
    """The same."""
    llm_model: str = ""
    """A language model such as `openai:gpt-5-mini`; blank for none."""
    llm_api_key: SecretStr | None = None
    """Without it no model is asked."""
    llm_purposes: Names = ()
    """What a model may be asked about: `errors`. Nothing by default."""
    llm_calls_a_day: int = Field(default=100, ge=0)
    """Questions a day, over all processes."""


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
    customers: CustomerSettings = CustomerSettings()
    intelligence: IntelligenceSettings = IntelligenceSettings()
    products: ProductSettings = ProductSettings()
    checks: CheckSettings = CheckSettings()
    prices: PriceSettings = PriceSettings()

    def sync(self, entity: str) -> SyncSettings:
        """The settings of one entity's sync: its section, or what every sync has."""
        found = getattr(self, entity, None)
        return found if isinstance(found, SyncSettings) else SyncSettings()


class ReceiverSettings(Section):
    """Where the receiver listens."""

    host: Filled = "127.0.0.1"
    port: int = Field(default=8100, ge=0, le=65535)


class WorkerSettings(Section):
    """How the warm worker works."""

    renamed: ClassVar[Mapping[str, str]] = {"look_every_s": "poll_interval_s"}
    work_pool: FilledName = "causeway"
    poll_interval_s: float = Field(default=0.1, gt=0)
    """How often the inbox is polled where the database cannot notify."""
    writes_at_once: int = Field(default=3, ge=1, le=20)
    """Simultaneous writes per account."""
    reads_at_once: int = Field(default=6, ge=1, le=50)


class TestingSettings(Section):
    """What only tests set."""

    crash_at: str = ""
    """A crash point (`core/crash_points.py`); blank for every real installation."""


class WatchdogSettings(Section):
    """When a state becomes an alert."""

    every_s: float = Field(default=15.0, gt=0)
    """How often the worker examines the installation."""
    inbox_age_minutes: int = Field(default=15, ge=1)
    """For how long a key may be due."""
    failing_attempts: int = Field(default=8, ge=2)
    """How often a key may fail."""
    drift_records: int = Field(default=10, ge=0)
    """How many records an audit may find that differ."""


class RetentionSettings(Section):
    """For how many days our own tables keep what nobody needs for the work itself."""

    done_keys_days: int = Field(default=30, ge=1)
    """Settled keys: their next event makes them anew."""
    runs_days: int = Field(default=30, ge=1)
    """Reports of runs; the newest of each flow stay."""
    cases_days: int = Field(default=180, ge=1)
    """Cases of the quarantine after they were resolved or released; open ones stay."""
    ledger_days: int = Field(default=400, ge=1)
    """What was written when: a financial year and the time to close its books."""
    counts_days: int = Field(default=400, ge=1)
    """Counters per day, and how accurate stock was."""


class Settings(Section):
    """Everything that is decided for one installation."""

    database_url: FilledName = "sqlite:///var/causeway.db"
    encryption_keys: Annotated[tuple[EncryptionKey, ...], BeforeValidator(_split)] = ()
    """Fernet keys for what cases keep of records: the first one encrypts, every one decrypts."""
    mappings_path: Annotated[Path | None, BeforeValidator(_filled)] = None
    """A folder in place of the shipped `mappings/`."""
    pairs: dict[str, Pair] = Field(default={})
    default_pair: str = "default"
    receiver: ReceiverSettings = ReceiverSettings()
    worker: WorkerSettings = WorkerSettings()
    testing: TestingSettings = TestingSettings()
    watchdogs: WatchdogSettings = WatchdogSettings()
    retention: RetentionSettings = RetentionSettings()
    _file: Path | None = PrivateAttr(default=None)
    _folder: Path = PrivateAttr(default_factory=Path)

    @property
    def file(self) -> Path | None:
        """The file that was read, if there was one."""
        return self._file

    @property
    def folder(self) -> Path:
        """Where relative paths of settings begin, and where `up` keeps its files in `var`."""
        return self._folder

    @field_validator("pairs", mode="before")
    @classmethod
    def _name_pairs(cls, pairs: object) -> object:
        """A pair is called what its table is called."""
        if not isinstance(pairs, dict):
            return pairs
        return {
            name: {**pair, "name": name} if isinstance(pair, dict) else pair
            for name, pair in pairs.items()
        }

    def beginning_at(self, folder: Path) -> Self:
        """The same settings with relative paths that begin at a folder."""
        scheme, _, path = self.database_url.partition(":///")
        changed: dict[str, object] = {}
        if scheme.startswith("sqlite") and path and not path.startswith("/"):
            changed["database_url"] = f"{scheme}:///{folder / path}"
        if self.mappings_path is not None:
            changed["mappings_path"] = folder / self.mappings_path
        settings = self.model_copy(update=changed)
        settings._folder = folder  # noqa: SLF001 - of our own class
        return settings

    def pair(self, name: str | None = None) -> Pair:
        """The pair of that name, or the default one.

        Raises: ConfigError when it is not configured.
        """
        wanted = name or self.default_pair
        if (pair := self.pairs.get(wanted)) is not None:
            return pair
        if not self.pairs:
            raise ConfigError(
                f"The pair {wanted!r} is not configured (configured: none).",
                remedy="Set CAUSEWAY_BIGCOMMERCE__STORE_HASH and the other variables of "
                "docs/settings.md, or add [pairs.NAME] to the file that CAUSEWAY_CONFIG names.",
            )
        known = sorted(self.pairs)
        file = self.file or "a file of settings that CAUSEWAY_CONFIG names"
        raise ConfigError(
            f"The pair {wanted!r} is not configured (configured: {', '.join(known)}).",
            remedy=f"Say --pair {' or '.join(known)}, or describe it by "
            f"[pairs.{wanted}.bigcommerce] and [pairs.{wanted}.brightpearl] in {file} "
            "(docs/settings.md, Several pairs).",
        )


def load_settings(
    environment: Mapping[str, str] | None = None, *, folder: Path | None = None
) -> Settings:
    """Read the variables and the file.

    The file is the one that `CAUSEWAY_CONFIG` names. Without that variable it is `causeway.toml`
    in `folder` (the one we are in, where `environment` is not given) or above it, then in
    `causeway/` of XDG's folders of configuration. Relative paths then begin at the file's folder.

    Raises: ConfigError naming the first missing or malformed setting.
    """
    variables = os.environ if environment is None else environment
    if environment is None and folder is None:
        folder = Path.cwd()
    path, is_named = variables.get(f"{PREFIX}CONFIG"), f"{PREFIX}CONFIG" in variables
    found = find_file(variables, folder) if folder is not None and not is_named else None
    known = [*setting_paths(_Installation, _DescribedPair)]
    refuse_unknown(variables, known)
    file = File(_Installation, _DescribedPair, str(found) if found else path)
    pair = (variables.get(f"{PREFIX}PAIR") or "").strip()
    pair = pair or str(file.toml_data.get("default_pair") or "default")
    # The library asks the class for its sources, which finds them among the arguments.
    sources: dict[str, Any] = {
        SOURCES: (Variables(_Installation, _DescribedPair, variables, pair), file)
    }
    try:
        settings: Settings = _Installation(**sources)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        # A variable holds the whole of a list: the number of an item is no part of its name.
        where = [part for part in first["loc"] if isinstance(part, str)]
        if first["type"] == "extra_forbidden":  # variables were checked before: it is of the file
            group = where[2:-1] if where[0] == "pairs" else where[:-1]
            depth = len(group)
            names = [path[depth] for path in known if [*path[:depth]] == group]
            raise ConfigError(
                f"The setting {table_entry(*where)} is unknown.",
                remedy=did_you_mean(where[-1], names),
            ) from None
        where += [first["ctx"]["field"]] if "field" in first.get("ctx", {}) else []
        problems = {"missing": "is missing", "blank": "is blank"}
        problem = problems.get(first["type"], f"is wrong: {first['msg']}")
        raise ConfigError(
            f"The setting {_setting_of(where, pair)} {problem}.", remedy="See docs/settings.md."
        ) from None
    if found is not None:
        settings = settings.beginning_at(found.parent)
    settings._file = found or (Path(path) if path else None)  # noqa: SLF001 - of our own class
    return settings


def prefect_api_url() -> str | None:
    """Where the Prefect server is, as Prefect itself defines the variable."""
    return os.environ.get("PREFECT_API_URL")


class _Installation(BaseSettings, Settings):
    """The settings as they are read: a variable wins over the file."""

    model_config = FROM_VARIABLES

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - same
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Those that `load_settings` chose, the one that wins first."""
        chosen: tuple[PydanticBaseSettingsSource, ...] = init_settings()[SOURCES]
        return chosen


class _DescribedPair(BaseSettings, Pair):
    """The pair that variables describe."""

    model_config = FROM_VARIABLES


def _setting_of(where: list[str], described: str) -> str:
    """The name under which a setting is set: a variable, or an entry of a further pair."""
    if where[:1] == ["pairs"] and len(where) > 1:
        if where[1] != described:
            return f"[pairs.{where[1]}] {'.'.join(where[2:])}"
        where = where[2:]
    return variable(*where)
