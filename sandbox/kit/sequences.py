"""Id counters."""

from itertools import count


class Sequences:
    """One counter for each resource.

    Each starts at another number, so that an id of the wrong resource is found nowhere.
    """

    def __init__(self, **starts: int) -> None:
        self._counters = {name: count(start) for name, start in starts.items()}

    def next(self, name: str) -> int:
        """The next id of a resource."""
        return next(self._counters[name])
