"""One look at everything: what is set up, what is not, and what to type next."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_stripe_cart.doctor import Finding, State, run_all


class Command(BaseCommand):
    help = "Tell what is set up, what is not, and what to type next. Changes nothing."
    # They are among what is told, in the order in which it helps.
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        found = [self._show(part, findings) for part, findings in run_all()]
        troubles = sum(found)
        if troubles:
            raise CommandError(f"Things to mend, marked {State.WRONG}: {troubles}.")
        self.stdout.write("\nThe shop is set up.")

    def _show(self, part: str, findings: list[Finding]) -> int:
        """Write a part, and return how much in it is wrong."""
        self.stdout.write(f"\n{part}")
        for finding in findings:
            self.stdout.write(f"  {self._styled(finding.state)}{finding.text}")
            if finding.next:
                self.stdout.write(f"         Next: {finding.next}")
        return sum(finding.state is State.WRONG for finding in findings)

    def _styled(self, state: State) -> str:
        styles = {
            State.GOOD: self.style.SUCCESS,
            State.ADVICE: self.style.WARNING,
            State.WRONG: self.style.ERROR,
        }
        return styles[state](f"{state:<7}")
