"""Answers that say no, as exceptions the handlers raise."""

from collections.abc import Sequence
from typing import NoReturn

from sandbox.kit import routing
from sandbox.kit.routing import Call, Reply

HTTP_BAD_REQUEST = 400
HTTP_NOT_FOUND = 404
HTTP_PRECONDITION_FAILED = 412
HTTP_SERVER_ERROR = 500
HTTP_UNAVAILABLE = 503


class Refusal(routing.Refusal):
    """One or more vendor errors with the HTTP status they travel under.

    Codes that the vendor or recorded traffic give are used as they are. Where neither gives one,
    the number is 900 or above, so that it is not mistaken for a documented code.
    """

    def __init__(self, status: int, errors: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{code}: {message}" for code, message in errors))
        self.status = status
        self.errors = tuple(errors)

    @property
    def body(self) -> dict[str, list[dict[str, str]]]:
        """The envelope `{"errors": [{"code", "message"}]}`."""
        return {"errors": [{"code": code, "message": text} for code, text in self.errors]}

    def reply(self, call: Call) -> Reply:  # noqa: ARG002 - the same for every call
        """The envelope under its status."""
        return Reply(self.status, self.body)


def refuse(code: str, message: str, status: int = HTTP_BAD_REQUEST) -> NoReturn:
    """Stop the request with one error (400 by default)."""
    raise Refusal(status, [(code, message)])


def not_found(message: str) -> NoReturn:
    """Stop the request with the vendor's 404 `CMNC-404`."""
    raise Refusal(HTTP_NOT_FOUND, [("CMNC-404", message)])


def stale(message: str) -> NoReturn:
    """Stop the request with 412: the `If-Match` version is not the present one."""
    raise Refusal(HTTP_PRECONDITION_FAILED, [("CMNC-912", message)])
