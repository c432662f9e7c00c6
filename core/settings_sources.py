"""Where settings come from: variables and a TOML file, each as a tree under current names."""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_settings import BaseSettings, EnvSettingsSource, TomlConfigSettingsSource

from core.errors import ConfigError

PREFIX = "CAUSEWAY_"
FILE_NAME = "causeway.toml"
NO_SETTINGS = ("CONFIG", "PAIR", "IMAGE", "DB_PASSWORD", "SHARED", "BENCH_VALIDATION_FILE")
"""Variables with our prefix that are not settings of the installation: for the file, the containers
and the tests."""
OF_KUBERNETES = re.compile(r".*(_SERVICE_HOST|_SERVICE_PORT(_\w+)?|_PORT_\d+_(TCP|UDP)(_\w+)?)")
"""Kubernetes describes a service called `causeway-…` to its neighbours in such variables."""
log = logging.getLogger("causeway.settings")


class Section(BaseModel):
    """A group of settings; a name we do not know is refused, for it is most likely a typo."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    renamed: ClassVar[Mapping[str, str]] = {}
    """Old names of settings that still work, and what each is called now."""


class Variables(EnvSettingsSource):
    """`CAUSEWAY_*` variables: those of the installation, and those of the pair they describe."""

    def __init__(
        self,
        installation: type[BaseSettings],
        described: type[BaseSettings],
        variables: Mapping[str, str],
        pair: str,
    ) -> None:
        super().__init__(installation)
        self.env_vars = {name.lower(): value for name, value in variables.items()}
        self._described = EnvSettingsSource(described)
        self._described.env_vars = self.env_vars
        self._pair = pair

    def __call__(self) -> dict[str, Any]:
        """The variables as a tree, under the settings' current names."""
        values = {**super().__call__(), "default_pair": self._pair, "pairs": {}}
        described = self._described()
        described.pop("name", None)
        if described:
            pair = with_current_names(self._described.settings_cls, described, variable)
            values["pairs"] = {self._pair: pair}
        return with_current_names(self.settings_cls, values, variable)


class File(TomlConfigSettingsSource):
    """The TOML file of settings, if there is one."""

    def __init__(
        self, installation: type[BaseSettings], described: type[BaseSettings], path: str | None
    ) -> None:
        self._described = described
        try:
            if path:  # the library passes over a file that is not there
                Path(path).open("rb").close()
            super().__init__(installation, toml_file=path or None)
        except OSError as error:
            raise ConfigError(
                f"The file of settings {path} cannot be read: {error.strerror}.",
                remedy="Correct its path in CAUSEWAY_CONFIG, or its permissions.",
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"The file of settings {path} is not valid TOML: {error}.",
                remedy="Correct that line of the file.",
            ) from error

    def __call__(self) -> dict[str, Any]:
        """The file as a tree, under the settings' current names."""
        values = super().__call__()
        pairs = values.get("pairs")
        if isinstance(pairs, dict):
            values["pairs"] = {
                name: with_current_names(
                    self._described, pair, partial(table_entry, f"pairs.{name}")
                )
                for name, pair in pairs.items()
            }
        return with_current_names(self.settings_cls, values, table_entry)


def find_file(variables: Mapping[str, str], folder: Path) -> Path | None:
    """The file of the installation whose folder we are in, or of this user, or of this machine."""
    home = variables.get("HOME", "")
    users = variables.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    machines = variables.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    candidates = [above / FILE_NAME for above in (folder, *folder.parents)]
    candidates += [Path(one, "causeway", FILE_NAME) for one in (users, *machines.split(":")) if one]
    return next((one for one in candidates if one.is_file()), None)


def setting_paths(*models: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """Group and name of every setting that a variable can set, old names included."""
    for model in models:
        if issubclass(model, Section):
            yield from ((name,) for name in model.renamed)
        for name, field in model.model_fields.items():
            section = field.annotation
            if isinstance(section, type) and issubclass(section, Section):
                yield from ((name, *path) for path in setting_paths(section))
            elif name not in {"pairs", "default_pair", "name"}:
                yield (name,)


def refuse_unknown(variables: Mapping[str, str], paths: Collection[tuple[str, ...]]) -> None:
    """Refuse variables with our prefix that set nothing: most likely they are misspelt.

    Raises: ConfigError naming the first, and what may be meant.
    """
    known = {variable(*path) for path in paths} | {PREFIX + name for name in NO_SETTINGS}
    for name, value in sorted(variables.items()):
        is_ours = name.upper().startswith(PREFIX) and name.upper() not in known
        if not is_ours or OF_KUBERNETES.fullmatch(name) or value.startswith(("tcp://", "udp://")):
            continue
        group = f"{name.upper()}__"
        if any(one.startswith(group) for one in known):
            raise ConfigError(f"The setting {name} is a group.", remedy=f"Set {group}… one by one.")
        raise ConfigError(f"The setting {name} is unknown.", remedy=did_you_mean(name, known))


def did_you_mean(name: str, known: Collection[str]) -> str:
    """A remedy for a name that we do not know."""
    if meant := get_close_matches(name.upper(), [one.upper() for one in known], n=1):
        found = meant[0] if name.isupper() else meant[0].lower()
        return f"Did you mean {found}? See docs/settings.md."
    return "See docs/settings.md."


def with_current_names(
    model: type[BaseModel], values: dict[str, Any], full_name: Callable[..., str]
) -> dict[str, Any]:
    """The values under the settings' current names; each old name is warned about.

    Where a setting has both, the current name wins.
    """
    if not isinstance(values, dict):
        return values
    renamed = model.renamed if issubclass(model, Section) else {}
    current: dict[str, Any] = {}
    for name, value in values.items():
        if (new := renamed.get(name)) is not None:
            log.warning(
                "The setting %s is deprecated: it is now %s.", full_name(name), full_name(new)
            )
            current.setdefault(new, value)
            continue
        field = model.model_fields.get(name)
        section = field.annotation if field else None
        if isinstance(section, type) and issubclass(section, Section):
            current[name] = with_current_names(section, value, partial(full_name, name))
        else:
            current[name] = value
    return current


def variable(*path: str) -> str:
    """The variable that holds a setting."""
    return PREFIX + "__".join(path).upper()


def table_entry(*path: str) -> str:
    """The entry of the file that holds a setting."""
    *tables, name = path
    return f"[{'.'.join(tables)}] {name}" if tables else name
