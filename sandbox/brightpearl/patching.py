"""JSON Patch as the vendor takes it: a list of operations, each path with its own allowed ones."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.brightpearl.refusals import HTTP_SERVER_ERROR, refuse
from sandbox.brightpearl.routing import Call, Incoming

Change = Callable[[Any], None]


class Operation(Incoming):
    """One operation of a patch."""

    op: str
    path: str
    value: Any = None


def operations(call: Call) -> list[Operation]:
    """The operations in the body.

    Raises: Refusal 400 when the body is not a list of them.
    """
    return call.read(list[Operation])


def illegal(operation: Operation) -> None:
    """Refuse an operation the way the vendor does: HTTP 500 with `CMNC-044`."""
    refuse(
        "CMNC-044",
        f"Invalid patch operation ({operation.op}) for path {operation.path[:80]}",
        HTTP_SERVER_ERROR,
    )


def apply_all(listed: list[Operation], paths: Mapping[str, Mapping[str, Change]]) -> None:
    """Check every operation, then carry all out; `paths` gives what each path allows.

    Raises: Refusal 500 `CMNC-044` for a path or operation not allowed; nothing is changed then.
        Refusal 400 for a value of the wrong kind.
    """
    changes = []
    for operation in listed:
        change = paths.get(operation.path, {}).get(operation.op)
        if change is None:
            illegal(operation)
        else:
            changes.append((change, operation.value))
    for change, value in changes:
        try:
            change(value)
        except (TypeError, ValueError, ArithmeticError):
            refuse("CMNC-913", "A value does not fit its path")
