"""Which deployments there are: `prefect.yaml`, once for every configured pair."""

from __future__ import annotations

from core.settings import Settings


def on_event_name(settings: Settings, pair: str, entity: str) -> str:
    """The deployment that the keys of this pair and entity are worked off by."""
    return f"sync-{entity}/{named('on-event', pair, settings)}"


def named(trigger: str, pair: str, settings: Settings) -> str:
    """A deployment's name: the default pair's carries no suffix."""
    return trigger if pair == settings.default_pair else f"{trigger}-{pair}"
