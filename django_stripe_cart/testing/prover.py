"""Test your receivers with webhooks in every sequence, with repetitions and with crashes::

    def test_receivers(db):
        def check_receivers():
            assert Parcel.objects.count() == Order.objects.filter(status="paid").count()

        prove(check_receivers).assert_holds()

Each scenario, a sequence of events at Stripe, is executed in a sandbox in this process. Then its
webhooks are delivered to the site in many different ways; each way is a trial. In the first trial,
every webhook arrives once and in the original sequence. A trial fails if its result differs from
the result of the first trial. The database is rolled back after each trial. ``on_commit`` callbacks
run where the shop commits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import WebhookEvent
from django_stripe_cart.testing import factories
from django_stripe_cart.testing.events import sign_event
from django_stripe_cart.testing.invariants import always, violations
from django_stripe_cart.testing.refund_log import RefundLog
from django_stripe_cart.testing.report import Failure, Report, describe
from django_stripe_cart.testing.rollback import rolled_back, run_on_commit
from django_stripe_cart.testing.sandbox import post_webhook, stripe_sandbox
from django_stripe_cart.testing.scenarios import SCENARIOS, Scenario, ScenarioRun
from django_stripe_cart.testing.signal_log import SignalLog
from django_stripe_cart.testing.trials import (
    Delivery,
    Outcome,
    Trial,
    trial_with_repetitions,
    trials_in_every_order,
    trials_with_kill,
)

Hook = Callable[[], None]


def prove(
    check_receivers: Hook | None = None,
    *,
    scenarios: Iterable[Scenario] = SCENARIOS,
    items: Callable[[], factories.Items] | None = None,
    reset: Hook | None = None,
) -> Report:
    """Deliver the webhooks of each scenario in many different ways, and report the failures.

    Each of these ways is a trial. ``check_receivers`` is a function that is called after each
    trial. It raises ``AssertionError`` if your receivers did something wrong. ``items`` is a
    function that returns what the shopper buys, a mapping of products to quantities. ``reset`` is a
    function that is called before each trial, to reset state outside the database.
    """
    report = Report()
    with _logging_disabled():
        for scenario in scenarios:
            with stripe_sandbox() as sandbox, rolled_back():
                sandbox.hold_deliveries = True
                cart = factories.make_cart(items() if items else {factories.make_product(): 1})
                run = ScenarioRun(sandbox, cart)
                with run_on_commit():
                    run.execute(scenario.steps)
                trials = _ScenarioTrials(scenario, run, check_receivers, reset)
                report.failures += trials.run_until_failure()
                report.trials += trials.count
    report.failures.sort(key=lambda failure: len(failure.deliveries))
    return report


@contextmanager
def _logging_disabled() -> Iterator[None]:
    """Disable logging, because each of hundreds of simulated crashes would log a traceback."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


class _ScenarioTrials:
    """The trials of a scenario that was executed, but whose webhooks were not sent yet."""

    def __init__(
        self,
        scenario: Scenario,
        run: ScenarioRun,
        check_receivers: Hook | None,
        reset: Hook | None,
    ) -> None:
        self._scenario, self._run = scenario, run
        self._check_receivers, self._reset = check_receivers, reset
        self._events = run.events
        self._expected: tuple[object, ...] | None = None
        self._signals: dict[Trial, list[tuple[str, ...]]] = {}  # sent during each delivery
        self.count = 0

    def run_until_failure(self) -> Iterator[Failure]:
        """Run the trials, simple ones first, until one fails. Yield the failure of that trial."""
        for trial in self._generate_trials():
            self.count += 1
            problems = self._run_trial(trial)
            if problems:
                steps = tuple(self._describe_delivery(delivery) for delivery in trial)
                yield Failure(str(self._scenario), steps, tuple(problems))
                return

    def _generate_trials(self) -> Iterator[Trial]:
        """Yield trials with reordered webhooks, then with crashes, then with repeated webhooks."""
        undisturbed = list(trials_in_every_order(len(self._events)))
        yield from undisturbed
        yield from self._trials_with_crashes(undisturbed)
        yield from map(trial_with_repetitions, undisturbed)

    def _trials_with_crashes(self, trials: list[Trial]) -> Iterator[Trial]:
        """Yield trials with a crash.

        If an event causes different sequences of signals in ``trials``, each of these sequences is
        tested with crashes.
        """
        seen = set()
        for trial in trials:
            for index, (delivery, signals) in enumerate(
                zip(trial, self._signals[trial], strict=True)
            ):
                if signals and (delivery.event, signals) not in seen:
                    seen.add((delivery.event, signals))
                    yield from trials_with_kill(trial, index, len(signals))

    def _run_trial(self, trial: Trial) -> list[str]:
        """Deliver the webhooks of a trial, and return the trial's problems as sentences."""
        if self._reset:
            self._reset()
        log, refund_log = SignalLog(), RefundLog()
        client = refund_log.watch(self._run.sandbox.http_client())
        with rolled_back(), log.recording(), transport(client):
            self._signals[trial] = [self._deliver_webhook(delivery, log) for delivery in trial]
            self._check_result(log)
        for sentence in always.report_unasked_refunds(refund_log.unasked):
            log.add_problem(sentence)
        return log.problems

    def _deliver_webhook(self, delivery: Delivery, log: SignalLog) -> tuple[str, ...]:
        """Deliver one webhook, and return the names of the signals sent during the delivery."""
        event, before = self._events[delivery.event], len(log.attempts)
        signed = sign_event(event)
        log.signals_until_crash = delivery.signals_until_crash
        try:
            with run_on_commit():
                status = post_webhook(signed.body, signed.headers)
        except Exception as error:
            log.add_problem(f"An on_commit callback raised {error!r}; it is not called again.")
            return tuple(log.attempts[before:])
        if delivery.outcome is Outcome.KILLED_AFTER_COMMIT:
            WebhookEvent.objects.filter(event_id=event["id"]).update(processed_at=None)
        if delivery.outcome is not Outcome.KILLED_BEFORE_COMMIT and status != 200:
            log.add_problem(f"{event['type']} was answered {status}.")
        return tuple(log.attempts[before:])

    def _check_result(self, log: SignalLog) -> None:
        """Record the problems that the deliveries of a trial have caused.

        A problem is a violated invariant, an ``AssertionError`` of ``check_receivers``, or a
        difference from the result of the first trial.
        """
        for sentence in self._find_violations():
            log.add_problem(sentence)
        try:
            if self._check_receivers:
                self._check_receivers()
        except AssertionError as error:
            log.add_problem(f"check_receivers failed: {error}")
        statuses = [order.status for order in self._run.orders]
        result = (statuses, log.committed, log.emails)
        self._expected = self._expected or result
        names = ("orders are", "signals were", "e-mails were")
        for name, actual, expected in zip(names, result, self._expected, strict=True):
            if actual != expected:
                log.add_problem(f"The {name} {describe(actual)}; expected {describe(expected)}.")

    def _find_violations(self) -> list[str]:
        """Return the sentences of ``violations`` that name one of this scenario's orders."""
        references = [str(order.reference) for order in self._run.orders]
        found = violations(self._run.sandbox)
        return [one for one in found if any(reference in one for reference in references)]

    def _describe_delivery(self, delivery: Delivery) -> str:
        """Return a delivery as text: its event type and its outcome."""
        return f"{self._events[delivery.event]['type']} {delivery.outcome.value}"
