"""Who tries again, how often and how long: decided here once, used by every step.

Connectors send each request once and name what happened. A step wraps one request in `with_retries`
(tenacity, seconds); Prefect repeats a whole step after that (`RETRIED`, minutes). Only
`TransientError` is ever repeated, and a write whose answer was lost only where repeating it is
harmless: everything else is looked up first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from core.defects import DefectError
from core.errors import CausewayError, OutcomeUnknownError, PausedError, TransientError, UnreadError
from intelligence.errors import pauses_s

if TYPE_CHECKING:  # only a process that runs flows imports Prefect
    from prefect.client.schemas.objects import State, TaskRun
    from prefect.futures import PrefectFuture
    from prefect.tasks import Task

ATTEMPTS = 5
"""Tries of one request before the step gives up on it."""
LONGEST_WAIT_S = 60.0
GIVEN_UP_AFTER, GIVEN_UP_TRIES = timedelta(days=1), 20
"""What has failed for so long, and so often, waits for a person: it does not pass by itself."""

P = ParamSpec("P")
T = TypeVar("T")


def of_no_record() -> tuple[type[Exception], ...]:
    """Errors that no record of a batch is to blame for.

    What ours name otherwise, and what Prefect, the network and the machine end with.
    """
    prefect = sys.modules.get("prefect.exceptions")
    of_engine = (prefect.PrefectException,) if prefect else ()
    return (CausewayError, httpx.HTTPError, OSError, MemoryError, *of_engine)


def is_in_flow_run() -> bool:
    """Whether Prefect runs a flow here: a process that has not imported it runs none.

    Importing it takes a second or more, which commands that show one record do not have.
    """
    prefect = sys.modules.get("prefect.context")
    return prefect is not None and prefect.FlowRunContext.get() is not None


def with_retries(call: Callable[[], T], *, repeatable: bool = True, attempts: int = ATTEMPTS) -> T:
    """What `call` returns, after as many tries as a passing fault deserves.

    `repeatable=False` is for a write without a natural key: a lost answer is then not repeated
    but raised, for the caller to look the record up.

    Raises: whatever `call` raised last.
    """

    def deserves_retry(error: BaseException) -> bool:
        lost = isinstance(error, OutcomeUnknownError) and not repeatable
        return _may_pass(error) and not lost

    retrying = Retrying(
        retry=retry_if_exception(deserves_retry),
        stop=stop_after_attempt(attempts),
        wait=_wait,
        reraise=True,
    )
    return retrying(call)


def pause_s(class_: str, attempts: int) -> float:
    """How long a key rests after an error of this class: longer each time.

    In: how often it was tried before.
    """
    pauses = pauses_s(class_)
    return pauses[min(attempts, len(pauses) - 1)]


def is_given_up(failing_for: timedelta, attempts: int) -> bool:
    """Whether a key that failed by itself is not tried again. In: how often it was tried before."""
    return failing_for >= GIVEN_UP_AFTER and attempts + 1 >= GIVEN_UP_TRIES


def is_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether Prefect may repeat a failed step."""
    error = state.result(raise_on_failure=False) if state.is_failed() else None
    return _may_pass(error)


def _may_pass(error: object) -> bool:
    """Whether it is worth waiting for: what is paused or unread is asked again by a later run."""
    is_for_later = isinstance(error, PausedError | UnreadError)
    return isinstance(error, TransientError) and not is_for_later


RETRIED: Mapping[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [2, 10],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_transient,
}
"""For steps that read either system."""

PURE: Mapping[str, Any] = {}
"""For steps that only compute, and for those that must not be repeated as a whole."""


class Step(Generic[P, T]):
    """A function as a Prefect task: visible, repeatable by policy, cheap to call with frames.

    Prefect walks through every list, mapping and dataclass of a task's arguments to find futures;
    on a batch of five hundred orders that costs more than the work, so arguments are quoted.
    Outside of a flow run a step is the plain function: nothing is recorded, nothing repeated.
    """

    def __init__(self, function: Callable[P, T], name: str, policy: Mapping[str, Any]) -> None:
        def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
            try:
                return function(*args, **kwargs)
            except of_no_record():
                raise
            except Exception as error:  # noqa: BLE001 - raised as what may be shown
                raise DefectError(error) from None

        call.__name__ = call.__qualname__ = function.__name__
        call.__module__ = function.__module__
        self.fn = function
        self.__doc__ = call.__doc__ = function.__doc__
        self._call = call
        self._name = name
        self._policy = policy

    @cached_property
    def _task(self) -> Any:  # noqa: ANN401 - theirs
        from prefect import task  # noqa: PLC0415 - only where a flow runs
        from prefect.cache_policies import NO_CACHE  # noqa: PLC0415 - as above

        return task(
            name=self._name,
            task_run_name=self._name,
            cache_policy=NO_CACHE,
            persist_result=False,
            **self._policy,
        )(self._call)

    def _quoted(self, *arguments: object) -> list[Any]:
        from prefect.utilities.annotations import quote  # noqa: PLC0415 - as above

        return [quote(one) for one in arguments]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run it now, as one task run."""
        if not is_in_flow_run():
            return self.fn(*args, **kwargs)
        return cast("T", self._task(*self._quoted(args, kwargs)))

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> PrefectFuture[T] | Future[T]:
        """Run it in a thread of the flow's task runner."""
        if not is_in_flow_run():
            return _threads.submit(copy_context().run, lambda: self.fn(*args, **kwargs))
        return cast("PrefectFuture[T]", self._task.submit(*self._quoted(args, kwargs)))


def run_each(calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    """What each step gives, in the same order: several run at once, in the task runner's threads.

    In: tuples of a step and its arguments. Raises: the first error, once all have ended.
    """
    if len(calls) == 1:
        ((only, *args),) = calls
        return [only(*args)]
    futures = [one.submit(*args) for one, *args in calls]
    found: list[Any] = []
    errors: list[Exception] = []
    for future in futures:
        try:
            found.append(future.result())
        except Exception as error:  # noqa: BLE001 - raised below
            errors.append(error)
    if errors:
        raise errors[0]
    return found


def step(name: str, policy: Mapping[str, Any]) -> Callable[[Callable[P, T]], Step[P, T]]:
    """Make a function a step of that name (as it stands in Prefect's UI)."""
    return lambda function: Step(function, name, policy)


_threads = ThreadPoolExecutor(thread_name_prefix="step")
_jitter = wait_exponential_jitter(multiplier=0.2, max=20, jitter=0.3)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_s if isinstance(error, TransientError) else None
    own = _jitter(state)
    return min(LONGEST_WAIT_S, own if asked is None else asked + own)
