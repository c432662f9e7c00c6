"""The deployments: `prefect.yaml`, once for every configured pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from core.errors import ConfigError
from core.settings import Settings

PREFECT_YAML = Path(__file__).with_name("prefect.yaml")
"""A link to the file at the top of the repository, so that a wheel holds it as well."""
NOWHERE: Mapping[str, str] = {}
TAG = "causeway"
"""The tag of every deployment and run of Causeway; alerts match it."""


class _Part(BaseModel):
    """A part of the file; an unknown field is refused, for it would silently do nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Schedule(_Part):
    """When a deployment runs by itself: `interval` in seconds, or `cron` in a time zone."""

    slug: str
    """Names the schedule, so that pausing it in the UI survives the next deploy."""
    interval: int | None = None
    cron: str | None = None
    timezone: str = "UTC"
    active: bool = True

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.interval is None) == (self.cron is None):
            raise ValueError("a schedule has either interval or cron")
        return self

    def of_zone(self, zone: str) -> Schedule:
        """The same by the clock of a time zone, where it goes by a clock at all."""
        return self.model_copy(update={"timezone": zone}) if self.cron and zone else self

    def to_prefect(self, *, is_active: bool) -> DeploymentScheduleCreate:
        """The same, as Prefect's API takes it."""
        when: CronSchedule | IntervalSchedule
        if self.cron is not None:
            when = CronSchedule(cron=self.cron, timezone=self.timezone)
        else:
            when = IntervalSchedule(
                interval=timedelta(seconds=self.interval or 0), timezone=self.timezone
            )
        return DeploymentScheduleCreate(schedule=when, active=is_active, slug=self.slug)


class ConcurrencyLimit(_Part):
    """How many runs at once, and what becomes of one more."""

    limit: int
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]
    grace_period_seconds: int | None = None


class WorkPoolName(_Part):
    """The pool whose worker executes the runs."""

    name: str


class WorkPool(WorkPoolName):
    """A work pool that `causeway deploy` makes when it is missing."""

    type: str
    description: str = ""


class Deployment(_Part):
    """A flow with a trigger."""

    name: str
    entrypoint: str
    description: str = ""
    tags: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}
    schedules: tuple[Schedule, ...] = ()
    concurrency_limit: ConcurrencyLimit | None = None
    work_pool: WorkPoolName

    def of_pair(self, pair: str, settings: Settings, zone: str = "") -> Deployment:
        """The same deployment for one pair, in the pool that the settings name.

        What runs at night runs in the store's night, where its time `zone` is known.
        """
        return self.model_copy(
            update={
                "name": named(self.name, pair, settings),
                "parameters": {**self.parameters, "pair": pair},
                "tags": (*self.tags, f"pair:{pair}"),
                "work_pool": WorkPoolName(name=settings.worker.work_pool),
                "schedules": tuple(schedule.of_zone(zone) for schedule in self.schedules),
            }
        )


class PrefectFile(BaseModel):
    """What `causeway deploy` reads of prefect.yaml; Prefect's own command reads more."""

    work_pools: tuple[WorkPool, ...]
    deployments: tuple[Deployment, ...]

    def for_pairs(
        self, settings: Settings, zones: Mapping[str, str] = NOWHERE
    ) -> Iterator[Deployment]:
        """Every deployment of every configured pair. In: the stores' time zones that are known."""
        for pair in sorted(settings.pairs):
            for deployment in self.deployments:
                yield deployment.of_pair(pair, settings, zones.get(pair, ""))


def read_prefect_file(path: Path = PREFECT_YAML) -> PrefectFile:
    """The file, checked.

    Raises: ConfigError naming the file and the field.
    """
    try:
        return PrefectFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f", line {place.line + 1}" if place is not None else ""
        raise ConfigError(f"{path}{line} is not valid YAML.") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {where}: {first['msg']}.") from None


def on_event_name(settings: Settings, pair: str, entity: str) -> str:
    """The deployment that the keys of this pair and entity are processed by."""
    return f"sync-{entity}/{named('on-event', pair, settings)}"


def named(trigger: str, pair: str, settings: Settings) -> str:
    """A deployment's name: the default pair's carries no suffix."""
    return trigger if pair == settings.default_pair else f"{trigger}-{pair}"
