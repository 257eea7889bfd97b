"""The sandbox's clock, which tests can advance and freeze."""

import time
from collections.abc import Callable


class Clock:
    """A clock that shows the real time, a shifted time or a frozen time, in Unix seconds."""

    def __init__(self) -> None:
        self._offset = 0
        self._frozen: int | None = None
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> int:
        """Return the sandbox's time, which may be shifted or frozen."""
        return self.wall() + self._offset if self._frozen is None else self._frozen

    def wall(self) -> int:
        """Return the real time.

        Webhooks are signed with the real time, because receivers compare it with their own clock.
        """
        return int(time.time())

    def advance(self, *, seconds: int = 0, minutes: int = 0, hours: int = 0, days: int = 0) -> None:
        """Move the clock forward, and run the tasks that become due."""
        step = seconds + 60 * (minutes + 60 * (hours + 24 * days))
        if self._frozen is None:
            self._offset += step
        else:
            self._frozen += step
        self._call_listeners()

    def freeze(self, at: int | None = None) -> None:
        """Stop the clock at the Unix time `at`, by default at the clock's current time.

        `advance` still moves the stopped clock.
        """
        self._frozen = self.now() if at is None else at
        self._call_listeners()

    def reset(self) -> None:
        """Set the clock to the real time, and let it run."""
        self._offset, self._frozen = 0, None
        self._call_listeners()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever the clock is advanced, frozen or reset."""
        self._listeners.append(listener)

    def _call_listeners(self) -> None:
        """Call the listeners that were passed to `on_change`."""
        for listener in self._listeners:
            listener()
