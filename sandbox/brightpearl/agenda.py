"""What the account will do by itself later: invoices that are pending, rules of its own."""

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from itertools import count


class Agenda:
    """Acts by their moment (aware), the earliest first; acts of one moment as they were put."""

    def __init__(self) -> None:
        self._acts: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count()

    def put(self, moment: datetime, act: Callable[[], None]) -> None:
        """Do it once that moment has come."""
        heappush(self._acts, (moment, next(self._numbers), act))

    def settle(self, now: datetime) -> None:
        """Do what is due, and what that makes due."""
        while self._acts and self._acts[0][0] <= now:
            heappop(self._acts)[2]()
