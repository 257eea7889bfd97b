"""Report what is set up, what is not, and what to do next."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_stripe_cart.doctor import Finding, State, run_all


class Command(BaseCommand):
    """The command that diagnoses the shop's setup."""

    help = "Report what is set up, what is not, and what to run next. Changes nothing."
    # The doctor reports them itself, in the order in which they should be fixed.
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write all findings; raise ``CommandError`` if anything is wrong."""
        problems = sum(self._show_part(title, findings) for title, findings in run_all())
        if problems:
            raise CommandError(f"Problems, marked {State.WRONG}: {problems}.")
        self.stdout.write("\nThe shop is set up.")

    def _show_part(self, title: str, findings: list[Finding]) -> int:
        """Write the findings of a part, and return how many are wrong."""
        self.stdout.write(f"\n{title}")
        for finding in findings:
            self.stdout.write(f"  {self._colored(finding.state)}{finding.text}")
            if finding.next:
                self.stdout.write(f"         Next: {finding.next}")
        return sum(finding.state is State.WRONG for finding in findings)

    def _colored(self, state: State) -> str:
        """Return the word for a state in its color, padded with spaces."""
        styles = {
            State.GOOD: self.style.SUCCESS,
            State.ADVICE: self.style.WARNING,
            State.WRONG: self.style.ERROR,
        }
        return styles[state](f"{state:<7}")
