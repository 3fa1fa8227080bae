"""The demo's clock: it starts a year back and is moved forward by the story, never back."""

from datetime import UTC, date, datetime, time


class StoryClock:
    """Tells the time of the story; the last moment is the real one."""

    def __init__(self, start: date) -> None:
        self._now = _morning(start)

    def now(self) -> datetime:
        """Return the story's present instant."""
        return self._now

    def to(self, day: date) -> None:
        """Move to the evening of a day, or to the present where that lies ahead of it."""
        present = datetime.now(UTC)
        self._now = max(self._now, min(datetime.combine(day, time(23, 30), UTC), present))


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(8, 0), UTC)
