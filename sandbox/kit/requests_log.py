"""How many requests came, by method and path template."""

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counts:
    """Requests of one kind. `failed` includes throttled ones."""

    count: int = 0
    throttled: int = 0
    failed: int = 0


class RequestsLog:
    """Counts since the last `clear`."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], Counts] = {}

    def record(self, method: str, template: str, *, throttled: bool, failed: bool) -> None:
        """Note one request."""
        counts = self._counts.setdefault((method, template), Counts())
        counts.count += 1
        counts.throttled += throttled
        counts.failed += failed

    def clear(self) -> None:
        """Start again."""
        self._counts = {}

    def count(self, method: str | None = None, template: str | None = None) -> int:
        """Requests, all or those of a method or a path template."""
        return sum(
            counts.count
            for (verb, path), counts in self._counts.items()
            if method in {None, verb} and template in {None, path}
        )

    def writes(self) -> int:
        """Requests that were no reads."""
        return sum(
            counts.count
            for (verb, _), counts in self._counts.items()
            if verb not in {"GET", "HEAD", "OPTIONS"}
        )

    def document(self) -> dict[str, object]:
        """`total`, `throttled`, `failed`, and `requests` by `METHOD /path/{template}`."""
        every = self._counts.values()
        return {
            "total": sum(counts.count for counts in every),
            "throttled": sum(counts.throttled for counts in every),
            "failed": sum(counts.failed for counts in every),
            "requests": {
                f"{method} {template}": asdict(counts)
                for (method, template), counts in sorted(self._counts.items())
            },
        }
