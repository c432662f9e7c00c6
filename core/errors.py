"""The errors of Causeway, named by who must act. Every one says what to do next."""

from __future__ import annotations

from core.refusals import sentence


class CausewayError(Exception):
    """Something a person or a retry has to answer; `remedy` says how.

    The text never holds a secret, a whole body or personal data: it may reach logs, Prefect's
    states and notifications verbatim.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """Give the message, followed by the remedy as a sentence of its own if it has one."""
        return f"{sentence(self.message)} {self.remedy}" if self.remedy else self.message


class TransientError(CausewayError):
    """Timeout, lost connection, throttling or their outage: the task tries again."""

    def __init__(
        self, message: str, *, remedy: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s
        """Seconds the other side asked us to wait, when it said so."""


class FaultError(TransientError):
    """They failed a read, or broke it off: nothing is known to be wrong with what was asked."""


class UnreadError(TransientError):
    """Of records that are read together a few cannot be read right now, and all others can.

    It is of no use to ask for the same ones again at once: the caller goes on without them.
    """


class PausedError(TransientError):
    """Nothing was sent: a part of the other side fails for a while, and is left alone meanwhile."""


class OutcomeUnknownError(TransientError):
    """A write was sent, and no answer proves that it was not done: read before writing again."""


class ConfigError(CausewayError):
    """A setting, credential or permission is missing or wrong: the operator acts, the run ends."""


class ContractError(CausewayError):
    """An answer (or a whole batch) breaks what we declared: a developer acts, the run ends."""


class BrokenAnswerError(FaultError, ContractError):
    """A read was answered well, with what cannot be read: cut off, empty, or of another shape.

    It is read again, as after any passing fault; where it stays so, a developer acts.
    """


class RejectedError(CausewayError):
    """They understood one record and refused it: the data's owner acts, the rest goes on."""

    def __init__(self, message: str, *, remedy: str = "", status: int = 0, code: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        """HTTP status of the refusal."""
        self.code = code
        """The vendor's own code, such as `ORDC-024`; empty when they gave none."""


class NotFoundError(RejectedError):
    """The record asked for does not exist (any more)."""
