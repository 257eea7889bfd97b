"""The prover's report: the shortest failing trial of each scenario, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Failure:
    """A trial that failed: the name of its scenario, its deliveries and its problems."""

    scenario: str
    deliveries: tuple[str, ...]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        deliveries = (f"  {number}. {one}" for number, one in enumerate(self.deliveries, start=1))
        problems = (f"  => {problem}" for problem in self.problems)
        return "\n".join([f"{self.scenario}:", *deliveries, *problems])


@dataclass
class Report:
    """The result of ``prove``: the number of trials, and at most one failure for each scenario."""

    trials: int = 0
    failures: list[Failure] = field(default_factory=list)

    def assert_holds(self) -> None:
        """Raise ``AssertionError`` if a trial has failed.

        The message describes the shortest failure.
        """
        if self.failures:
            raise AssertionError(f"The shortest failing scenario:\n{self.failures[0]}")


def describe(value: object) -> str:
    """Return a list as text, e.g. ``paid, expired``, or a counter, e.g. ``2 x order_paid``."""
    if isinstance(value, list):
        return ", ".join(value) or "none"
    counted = value.items() if isinstance(value, dict) else []
    return ", ".join(f"{number} x {name}" for name, number in sorted(counted)) or "none"
