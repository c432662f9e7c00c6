"""Uncertain or adjustable facts about a vendor as switches, each with its meaning in a line."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pydantic import TypeAdapter


def switch(default: Any, meaning: str) -> Any:  # noqa: ANN401 - a dataclass field of any kind
    """A switch that starts as `default`."""
    return field(default=default, metadata={"meaning": meaning})


@dataclass
class Switches:
    """What both systems' switches can do. They are set at construction, or while serving."""

    def document(self) -> dict[str, Any]:
        """Value and meaning of every switch."""
        return {
            item.name: {"value": getattr(self, item.name), "meaning": item.metadata["meaning"]}
            for item in fields(self)
        }

    def change(self, changes: dict[str, Any]) -> None:
        """Set the switches named, all or none.

        Raises: ValueError for an unknown switch or a value of another kind.
        """
        unknown = sorted(set(changes) - {item.name for item in fields(self)})
        if unknown:
            raise ValueError(f"there is no switch {', '.join(unknown)}")
        checked = TypeAdapter(type(self)).validate_python(asdict(self) | changes)
        for name in changes:
            setattr(self, name, getattr(checked, name))
