"""Fakes that tests share: written, not mocked."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that stands still until it is moved; each reading advances it by one microsecond."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the fake instant."""
        self.at += timedelta(microseconds=1)
        return self.at

    def advance(self, **span: float) -> None:
        """Move the clock forward (or back) by a timedelta's arguments."""
        self.at += timedelta(**span)


class NoProgress:
    """A progress that shows nothing."""

    def advance(self, n: int = 1) -> None:
        """Do nothing."""
