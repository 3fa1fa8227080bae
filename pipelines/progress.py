"""Progress where nobody watches."""


class Silent:
    """Progress that shows nothing: no terminal, or somebody else who tells the steps."""

    def advance(self, n: int = 1) -> None:
        """Do nothing."""
