"""The one clock of the sandbox, which can be moved."""

import time
from collections.abc import Callable


class Clock:
    """Seconds since 1970, plus what a test or a demo added."""

    def __init__(self) -> None:
        self._offset = 0
        self._frozen: int | None = None
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> int:
        """Return the time in the sandbox."""
        return self.wall() + self._offset if self._frozen is None else self._frozen

    def wall(self) -> int:
        """Return the time that everybody else has.

        Webhooks are signed with it: the receiver compares it with a clock of its own.
        """
        return int(time.time())

    def advance(self, *, seconds: int = 0, minutes: int = 0, hours: int = 0, days: int = 0) -> None:
        """Move the clock on; what falls due on the way happens before this returns."""
        step = seconds + 60 * (minutes + 60 * (hours + 24 * days))
        if self._frozen is None:
            self._offset += step
        else:
            self._frozen += step
        self._tell()

    def freeze(self, at: int | None = None) -> None:
        """Stand still, at `at` or now; `advance` still moves the clock."""
        self._frozen = self.now() if at is None else at
        self._tell()

    def reset(self) -> None:
        """Show the real time again."""
        self._offset, self._frozen = 0, None
        self._tell()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` each time the clock is moved."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
