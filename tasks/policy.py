"""Who tries again, how often and how long: decided here once, used by every step.

Connectors send each request once and name what happened. A step wraps one request in `patiently`
(tenacity, seconds); Prefect repeats a whole step after that (`PATIENT`, minutes). Only
`TransientError` is ever repeated, and a write whose answer was lost only where repeating it is
harmless: everything else looks first.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Generic, ParamSpec, Protocol, TypedDict, TypeVar, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import FlowRunContext
from prefect.tasks import Task
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from core.errors import OutcomeUnknownError, TransientError

ATTEMPTS = 5
"""Tries of one request before the step gives up on it."""
LONGEST_WAIT_S = 60.0

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class TaskPolicy(TypedDict):
    """The keyword arguments that our `@task` decorators share."""

    cache_policy: Any
    persist_result: bool
    retries: int
    retry_delay_seconds: list[float]
    retry_jitter_factor: float
    retry_condition_fn: Callable[[Task[..., Any], TaskRun, State[Any]], bool]


class Plain(TypedDict):
    """The keyword arguments of steps that are not repeated."""

    cache_policy: Any
    persist_result: bool


def patiently(call: Callable[[], T], *, repeatable: bool = True, attempts: int = ATTEMPTS) -> T:
    """What `call` gives, after as many tries as a passing fault deserves.

    `repeatable=False` is for a write without a natural key: a lost answer is then not repeated
    but raised, for the caller to look.

    Raises: whatever `call` raised last.
    """

    def worth_it(error: BaseException) -> bool:
        lost = isinstance(error, OutcomeUnknownError) and not repeatable
        return isinstance(error, TransientError) and not lost

    retrying = Retrying(
        retry=retry_if_exception(worth_it),
        stop=stop_after_attempt(attempts),
        wait=_wait,
        reraise=True,
    )
    return retrying(call)


def is_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether Prefect may repeat a failed step."""
    error = state.result(raise_on_failure=False) if state.is_failed() else None
    return isinstance(error, TransientError)


PATIENT: TaskPolicy = {
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "retries": 2,
    "retry_delay_seconds": [2, 10],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_transient,
}
"""For steps that touch the world."""

PURE: Plain = {"cache_policy": NO_CACHE, "persist_result": False}
"""For steps that only compute, and for those that must not be repeated as a whole."""


class _Box:
    """Arguments that Prefect hands on without walking through them.

    Prefect looks into every list, mapping and dataclass of a task's arguments for futures; on a
    batch of five hundred orders that costs more than the work. A plain object is left alone.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs


class Pending(Protocol[T_co]):
    """What a submitted step will give."""

    def result(self) -> T_co:
        """Wait for it. Raises: whatever the step raised."""


class Step(Generic[P, T]):
    """A function as a Prefect task: visible, repeatable by policy, cheap to call with frames.

    Outside of a flow run it is the plain function: nothing is recorded, nothing repeated.
    """

    def __init__(self, function: Callable[P, T], name: str, policy: TaskPolicy | Plain) -> None:
        def boxed(box: _Box) -> T:
            return function(*box.args, **box.kwargs)

        boxed.__name__ = boxed.__qualname__ = function.__name__
        boxed.__module__ = function.__module__
        self.fn = function
        self.__doc__ = boxed.__doc__ = function.__doc__
        self._task: Any = task(name=name, task_run_name=name, **policy)(boxed)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run it now, as one task run."""
        if not in_flow_run():
            return self.fn(*args, **kwargs)
        return cast("T", self._task(_Box(args, kwargs)))

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> Pending[T]:
        """Run it in a thread of the flow's task runner."""
        if not in_flow_run():
            return _threads.submit(copy_context().run, lambda: self.fn(*args, **kwargs))
        return cast("Pending[T]", self._task.submit(_Box(args, kwargs)))


def in_flow_run() -> bool:
    """Whether Prefect watches what is done here."""
    return FlowRunContext.get() is not None


def step(name: str, policy: TaskPolicy | Plain) -> Callable[[Callable[P, T]], Step[P, T]]:
    """Make a function a step of that name (as it stands in Prefect's UI)."""
    return lambda function: Step(function, name, policy)


_threads = ThreadPoolExecutor(thread_name_prefix="step")
_jitter = wait_exponential_jitter(multiplier=0.2, max=20, jitter=0.3)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_s if isinstance(error, TransientError) else None
    own = _jitter(state)
    return min(LONGEST_WAIT_S, own if asked is None else asked + own)
