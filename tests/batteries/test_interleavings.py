"""All interleavings of two actions: the second runs at each tracepoint of the first.

The interleavings are deterministic. test_stripe_mutants.py and test_database_mutants.py remove the
guards, and show that these interleavings then break an invariant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from django_stripe_cart.models import CartItem, Order
from tests.batteries import actions
from tests.batteries.actions import Action
from tests.batteries.interleaving import Interleaving, interleave
from tests.batteries.monitors import CartMonitor
from tests.batteries.scenarios import MUGS, NOTHING, Scenario, pay_from_order_page
from tests.batteries.shop import Shop
from tests.support.clock import advance_time, age_rows

Actions = tuple[Action, Action]

MAX_POINTS = 200


@dataclass(frozen=True)
class Pair:
    """Two actions, and a check after both are done. The invariants are checked in any case."""

    prepare: Callable[[Scenario], Actions]
    check: Callable[[Scenario, Interleaving], None]


# --- the pairs of actions -------------------------------------------------------------------------


def checkout_and_checkout(scenario: Scenario) -> Actions:
    """Check out in two tabs."""
    scenario.shopper.add(scenario.mug, 2)
    return scenario.checkout_action(), scenario.checkout_action()


def resume_and_cancel(scenario: Scenario) -> Actions:
    scenario.start_checkout()
    return scenario.checkout_action(), (actions.cancel, (scenario.order.pk,))


def pay_after_all_and_cancel(scenario: Scenario) -> Actions:
    """Cancel in one tab an order that is paid from its page in another tab."""
    action = pay_from_order_page(scenario)
    return action, (actions.cancel_own_order, action[1])


def pay_after_all_and_checkout(scenario: Scenario) -> Actions:
    return pay_from_order_page(scenario), scenario.checkout_action()


def changed_cart_and_pay(scenario: Scenario) -> Actions:
    """Pay at the old payment URL, which is still open in another tab."""
    scenario.start_checkout()
    scenario.shopper.add(scenario.lamp)
    return scenario.checkout_action(), pay(scenario)


def changed_cart_and_changed_cart(scenario: Scenario) -> Actions:
    scenario.start_checkout()
    scenario.shopper.add(scenario.lamp)
    return scenario.checkout_action(), scenario.checkout_action()


def cancel_and_pay(scenario: Scenario) -> Actions:
    scenario.start_checkout()
    return (actions.cancel, (scenario.order.pk,)), pay(scenario)


def cancel_and_webhook(scenario: Scenario) -> Actions:
    scenario.start_checkout()
    scenario.pay()
    return (actions.cancel, (scenario.order.pk,)), webhook(scenario)


def webhook_and_return_page(scenario: Scenario) -> Actions:
    scenario.start_checkout()
    scenario.pay()
    return webhook(scenario), return_from_stripe(scenario)


def webhook_and_webhook(scenario: Scenario) -> Actions:
    scenario.start_checkout()
    scenario.pay()
    return webhook(scenario), webhook(scenario)


def refund_and_refund(scenario: Scenario) -> Actions:
    """Refund twice as staff, with only enough left for one refund."""
    scenario.start_checkout()
    scenario.pay()
    scenario.return_from_stripe()
    return (actions.refund, (scenario.order.pk, 30000)), (
        actions.refund,
        (scenario.order.pk, 30000),
    )


def refund_and_webhook(scenario: Scenario) -> Actions:
    scenario.start_checkout()
    scenario.pay()
    scenario.return_from_stripe()
    return (actions.refund, (scenario.order.pk, 30000)), webhook(scenario)


def checkout_and_add(scenario: Scenario) -> Actions:
    scenario.shopper.add(scenario.mug, 2)
    return scenario.checkout_action(), (actions.add, (scenario.shopper.user.pk, scenario.lamp.pk))


def sync_and_webhook(scenario: Scenario) -> Actions:
    scenario.start_checkout()
    scenario.pay()
    age_rows(timedelta(minutes=40))
    return (actions.sync, ()), webhook(scenario)


def sync_and_sync(scenario: Scenario) -> Actions:
    scenario.start_checkout()
    scenario.pay()
    age_rows(timedelta(minutes=40))
    return (actions.sync, ()), (actions.sync, ())


def sync_and_pay(scenario: Scenario) -> Actions:
    """The session has expired by the shop's clock, but not yet by Stripe's."""
    scenario.start_checkout()
    age_rows(timedelta(minutes=61))
    return (actions.sync, ()), pay(scenario)


def webhook_expired_and_checkout(scenario: Scenario) -> Actions:
    scenario.start_checkout()
    scenario.shop.sandbox.expire(scenario.order.session_id or "")
    return (
        actions.deliver_webhook,
        scenario.shop.signed_event("checkout.session.expired"),
    ), scenario.checkout_action()


def pay(scenario: Scenario) -> Action:
    return scenario.shop.sandbox.pay, (scenario.order.session_url,)


def webhook(scenario: Scenario) -> Action:
    return actions.deliver_webhook, scenario.shop.signed_event("checkout.session.completed")


def return_from_stripe(scenario: Scenario) -> Action:
    return actions.return_from_stripe, (scenario.shopper.user.pk, str(scenario.order.reference))


# --- the checks -----------------------------------------------------------------------------------


def is_one_order(scenario: Scenario, interleaving: Interleaving) -> None:
    order = scenario.order
    assert Order.objects.filter(status="pending").count() == 1
    for answer in (interleaving.first, interleaving.second):
        assert answer.url == order.session_url or answer.messages
    assert order.session_url in (interleaving.first.url, interleaving.second.url)
    assert len([one for one in scenario.shop.sandbox.sessions if one["status"] == "open"]) == 1


def has_valid_payment_urls(scenario: Scenario, interleaving: Interleaving) -> None:
    """Each payment URL that was returned belongs to an order."""
    for answer in (interleaving.first, interleaving.second):
        if getattr(answer, "url", "").startswith(scenario.shop.services.stripe):
            assert Order.objects.filter(session_url=answer.url).exists()


def is_paid_once(scenario: Scenario, interleaving: Interleaving) -> None:
    assert scenario.sales() == MUGS
    assert scenario.order.events.filter(kind="paid").count() == 1
    assert not CartItem.objects.exists()


def is_paid_or_canceled(scenario: Scenario, interleaving: Interleaving) -> None:
    was_paid = interleaving.second.status == "paid"
    scenario.shop.sandbox.deliver()
    assert scenario.sales() == (MUGS if was_paid else NOTHING)
    assert scenario.order.status == ("paid" if was_paid else "canceled")


def is_paid(scenario: Scenario, interleaving: Interleaving) -> None:
    assert interleaving.second.status == "paid"
    scenario.shop.sandbox.deliver()
    assert scenario.sales() == MUGS


def is_refunded_once(scenario: Scenario, interleaving: Interleaving) -> None:
    failed = Counter(bool(answer.messages) for answer in (interleaving.first, interleaving.second))
    assert failed == {True: 1, False: 1}
    assert scenario.shop.amount_refunded() == scenario.order.amount_refunded == 30000


def is_refunded(scenario: Scenario, interleaving: Interleaving) -> None:
    assert scenario.shop.amount_refunded() == scenario.order.amount_refunded == 30000


def is_charged_as_shown(scenario: Scenario, interleaving: Interleaving) -> None:
    """The order has the two mugs of the page; or there is no order, but an error message."""
    assert interleaving.second.status == 303
    if Order.objects.exists():
        assert scenario.order.total == 40000
        assert interleaving.first.url == scenario.order.session_url
    else:
        assert interleaving.first.messages


PAIRS = [
    Pair(checkout_and_checkout, is_one_order),
    Pair(resume_and_cancel, has_valid_payment_urls),
    Pair(pay_after_all_and_cancel, has_valid_payment_urls),
    Pair(pay_after_all_and_checkout, is_one_order),
    Pair(changed_cart_and_pay, has_valid_payment_urls),
    Pair(changed_cart_and_changed_cart, is_one_order),
    Pair(cancel_and_pay, is_paid_or_canceled),
    Pair(cancel_and_webhook, is_paid_once),
    Pair(webhook_and_return_page, is_paid_once),
    Pair(webhook_and_webhook, is_paid_once),
    Pair(refund_and_refund, is_refunded_once),
    Pair(refund_and_webhook, is_refunded),
    Pair(checkout_and_add, is_charged_as_shown),
    Pair(sync_and_webhook, is_paid_once),
    Pair(sync_and_sync, is_paid_once),
    Pair(sync_and_pay, is_paid),
    Pair(webhook_expired_and_checkout, has_valid_payment_urls),
]


def run(shop: Shop, pair: Pair, *, point: int) -> tuple[Scenario, Interleaving]:
    scenario = Scenario.create(shop)
    first, second = pair.prepare(scenario)
    pk = scenario.shopper.user.pk
    scenario.carts = CartMonitor()
    if second[0] is actions.add:
        scenario.carts.changed_users.add(pk)
    interleaving = interleave(
        shop.sandbox, first, second, at=lambda number, name: number == point, users=(pk, pk)
    )
    for answer in (interleaving.first, interleaving.second):
        if isinstance(answer, Exception):
            raise answer
        assert getattr(answer, "status", 0) != 500, answer
    return scenario, interleaving


def record_payment_urls(shop: Shop, interleaving: Interleaving) -> None:
    for answer in (interleaving.first, interleaving.second):
        shop.record_payment_url(getattr(answer, "url", ""))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.prepare.__name__)
def test_no_interleaving_breaks_an_invariant(
    shop: Shop, pair: Pair, request: pytest.FixtureRequest
) -> None:
    for point in range(MAX_POINTS):
        scenario, interleaving = run(shop, pair, point=point)
        if not interleaving.has_met:  # the first action has no more tracepoints
            break
        name = interleaving.points[point]
        record_payment_urls(shop, interleaving)

        assert scenario.violations() == [], name
        pair.check(scenario, interleaving)

        shop.sandbox.deliver()
        advance_time(shop.sandbox, timedelta(hours=2))
        assert actions.sync().status == 200, name
        assert scenario.settled_violations() == [], name
    request.node.user_properties.append(("tracepoints", point))
    assert 5 < point < MAX_POINTS - 1
