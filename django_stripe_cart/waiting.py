"""How an order's page waits for the news of a payment: with growing pauses, and not for ever."""

from __future__ import annotations

from dataclasses import dataclass

PAUSES = (2, 4, 8, 15, 30)  # seconds; most payments are known long before the last


@dataclass(frozen=True)
class Wait:
    """What is left of the waiting after ``look`` looks that brought no news."""

    look: int

    @property
    def is_over(self) -> bool:
        return self.look >= len(PAUSES)

    @property
    def seconds(self) -> int:
        """int, how long until the next look."""
        return PAUSES[self.look]

    @property
    def query(self) -> str:
        """str, what the next look puts behind the order's address."""
        return f"?look={self.look + 1}"

    @classmethod
    def read(cls, text: str) -> Wait | None:
        """Return what an address says in ``look``; None if nobody waits there."""
        return cls(int(text)) if len(text) < 3 and text.isascii() and text.isdigit() else None
