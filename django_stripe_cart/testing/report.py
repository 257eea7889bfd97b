"""What the prover found, as a person reads it: the shortest story that goes wrong, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Failure:
    """One way of delivering a story that goes wrong."""

    story: str
    steps: tuple[str, ...]
    wrongs: tuple[str, ...]

    def __str__(self) -> str:
        steps = [f"  {number}. {step}" for number, step in enumerate(self.steps, start=1)]
        return "\n".join([f"{self.story}:", *steps, *(f"  => {wrong}" for wrong in self.wrongs)])


@dataclass
class Report:
    """What came of it. ``failures`` holds the shortest one of each story, shortest first."""

    trials: int = 0
    failures: list[Failure] = field(default_factory=list)

    def assert_holds(self) -> None:
        """Raise ``AssertionError`` with the shortest failing story, if there is one."""
        if self.failures:
            raise AssertionError(f"The shortest story that goes wrong:\n{self.failures[0]}")


def in_words(seen: object) -> str:
    """Return states, or what was counted, as a phrase."""
    if isinstance(seen, list):
        return ", ".join(seen) or "none"
    counted = seen.items() if isinstance(seen, dict) else []
    return ", ".join(f"{number} x {name}" for name, number in sorted(counted)) or "none"
