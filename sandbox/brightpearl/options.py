"""OPTIONS of a resource: ready-made GET paths that hold only ids which exist."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from sandbox.brightpearl.idset import format_id_set
from sandbox.brightpearl.routing import Call, answer
from sandbox.kit.routing import Reply

R = TypeVar("R")

IDS_IN_A_PATH = 200


def options_answer(
    existing: Mapping[int, R],
    call: Call,
    resource: str,
    fits: Callable[[R], bool] | None = None,
) -> Reply:
    """`getUris` for the existing ids of the set (or of the account), at most 200 to a path."""
    ids = call.id_set().among(existing, existing) if "ids" in call.params else sorted(existing)
    if fits is not None:
        ids = [number for number in ids if fits(existing[number])]
    chunks = [ids[start : start + IDS_IN_A_PATH] for start in range(0, len(ids), IDS_IN_A_PATH)]
    return answer({"getUris": [f"/{resource}/{format_id_set(chunk)}" for chunk in chunks]})
