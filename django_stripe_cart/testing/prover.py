"""Your receivers against every order of delivery, every duplicate and a crash at every step::

    def test_our_receivers_stand_whatever_stripe_does(db):
        def are_fine():
            assert Parcel.objects.count() == Order.objects.filter(status="paid").count()

        prove(are_fine).assert_holds()

Each story happens at Stripe, in a box in this process; then its webhooks arrive, in one way after
the other, at the site as it is. What differs from the undisturbed story is a failure. Everything is
undone in the database after each trial. Callbacks of ``on_commit`` run when the shop commits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django_stripe_cart.models import WebhookEvent
from django_stripe_cart.sandbox.http import Object
from django_stripe_cart.testing import deliveries, factories
from django_stripe_cart.testing.deliveries import Fate, Step, Trial
from django_stripe_cart.testing.events import sign_event
from django_stripe_cart.testing.invariants import violations
from django_stripe_cart.testing.report import Failure, Report, in_words
from django_stripe_cart.testing.rollback import commits, undone
from django_stripe_cart.testing.sandbox import ring, stripe_in_a_box
from django_stripe_cart.testing.scenarios import STORIES, Scene, Story
from django_stripe_cart.testing.signal_log import Heard

Hook = Callable[[], None]


def prove(
    receivers_are_fine: Hook | None = None,
    *,
    stories: Iterable[Story] = STORIES,
    items: Callable[[], factories.Items] | None = None,
    start_over: Hook | None = None,
) -> Report:
    """Run the receivers of this site through ``stories``, disturbed in every way.

    ``receivers_are_fine`` is called after each trial and raises ``AssertionError`` if they are
    not. ``items`` makes what is bought, quantities by product; ``start_over`` resets what is not
    in the database, before each trial.
    """
    report = Report()
    with _quietly():
        for story in stories:
            with stripe_in_a_box() as sandbox, undone():
                sandbox.hold_deliveries = True
                cart = factories.make_cart(items() if items else {factories.make_product(): 1})
                scene = Scene(sandbox, cart)
                with commits():
                    scene.play(story.acts)
                stage = _Stage(story, scene, receivers_are_fine, start_over)
                report.failures += stage.rehearse()
                report.trials += stage.trials
    report.failures.sort(key=lambda failure: len(failure.steps))
    return report


@contextmanager
def _quietly() -> Iterator[None]:
    """Processes will die here by the hundred, and each would be logged."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


class _Stage:
    """One story, all of which has happened at Stripe, and of which nothing has arrived yet."""

    def __init__(
        self, story: Story, scene: Scene, are_fine: Hook | None, start_over: Hook | None
    ) -> None:
        self._story, self._scene = story, scene
        self._are_fine, self._start_over = are_fine, start_over
        self._events = scene.events
        self._undisturbed: tuple[object, ...] | None = None
        self._told: dict[Trial, list[tuple[str, ...]]] = {}  # what, over each delivery
        self.trials = 0

    def rehearse(self) -> Iterator[Failure]:
        """Yield the first failure, from the simplest trial to the hardest."""
        for trial in self._trials():
            self.trials += 1
            wrongs = self._perform(trial)
            if wrongs:
                yield Failure(str(self._story), tuple(map(self._describe, trial)), tuple(wrongs))
                return

    def _trials(self) -> Iterator[Trial]:
        simple = list(deliveries.in_any_order(len(self._events)))
        yield from simple
        yield from self._deaths(simple)
        yield from map(deliveries.all_again, simple)

    def _deaths(self, simple: list[Trial]) -> Iterator[Trial]:
        """One over each event that tells the host something, in each way in which it does."""
        seen = set()
        for trial in simple:
            for at, (step, told) in enumerate(zip(trial, self._told[trial], strict=True)):
                if told and (step.event, told) not in seen:
                    seen.add((step.event, told))
                    yield from deliveries.with_a_death(trial, at, len(told))

    def _perform(self, trial: Trial) -> list[str]:
        if self._start_over:
            self._start_over()
        heard = Heard()
        with undone(), heard.listening():
            self._told[trial] = [self._deliver(step, heard) for step in trial]
            self._judge(heard)
        return heard.wrongs

    def _deliver(self, step: Step, heard: Heard) -> tuple[str, ...]:
        """Let one webhook arrive, and return what was told over it."""
        event, before = self._events[step.event], len(heard.attempts)
        heard.lives = step.lives
        try:
            with commits():
                status = _arrive(event)
        except Exception as error:
            heard.note(f"A callback of on_commit raised {error!r}: nobody will call it again.")
            return tuple(heard.attempts[before:])
        if step.fate is Fate.DIES_AFTER_COMMIT:
            WebhookEvent.objects.filter(event_id=event["id"]).update(processed_at=None)
        if step.fate is not Fate.DIES_BEFORE_COMMIT and status != 200:
            heard.note(f"{event['type']} was answered {status}.")
        return tuple(heard.attempts[before:])

    def _judge(self, heard: Heard) -> None:
        """Note whatever is not as it was when nothing was disturbed."""
        for sentence in self._broken_invariants():
            heard.note(sentence)
        try:
            if self._are_fine:
                self._are_fine()
        except AssertionError as error:
            heard.note(f"The receivers are not fine: {error}")
        states = [order.status for order in self._scene.orders]
        result = (states, heard.told, heard.mails)
        self._undisturbed = self._undisturbed or result
        names = ("orders are", "signals were", "e-mails were")
        for name, seen, usual in zip(names, result, self._undisturbed, strict=True):
            if seen != usual:
                heard.note(f"The {name} {in_words(seen)}, and undisturbed {in_words(usual)}.")

    def _broken_invariants(self) -> list[str]:
        references = [str(order.reference) for order in self._scene.orders]
        found = violations(self._scene.sandbox)
        return [one for one in found if any(reference in one for reference in references)]

    def _describe(self, step: Step) -> str:
        return f"{self._events[step.event]['type']} {step.fate.value}"


def _arrive(event: Object) -> int:
    signed = sign_event(event)
    return ring(signed.body, signed.headers)
