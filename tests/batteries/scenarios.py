"""Scenarios: a shopper, the state of the shop, and the action that is interrupted or interleaved.

Each function below ``Scenario`` brings the shop into a state, and returns the action to run in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from django_stripe_cart import stock
from django_stripe_cart.models import Order, Product, WebhookEvent
from django_stripe_cart.payments import sync_order
from django_stripe_cart.testing.browser import Browser
from tests.batteries import actions
from tests.batteries.actions import Action
from tests.batteries.monitors import CartMonitor
from tests.batteries.shop import Shop
from tests.support.clock import age_rows

Sales = tuple[tuple[int, int], int]  # mugs and lamps sold, and the amount paid for them
NOTHING: Sales = ((0, 0), 0)
MUGS_AND_LAMP: Sales = ((2, 1), 70000)
REFUND_KEY = UUID(int=7)  # of the form that is sent, and sent again
MUGS: Sales = ((2, 0), 40000)


@dataclass
class Scenario:
    """A new shop with a shopper, ten mugs and ten lamps."""

    shop: Shop
    shopper: Browser
    mug: Product
    lamp: Product
    carts: CartMonitor = field(default_factory=CartMonitor)

    @classmethod
    def create(cls, shop: Shop) -> Scenario:
        shop.reset()
        mug = shop.add_product("Mug", price="200.00", stock=10)
        shopper = shop.create_shopper()
        return cls(shop, shopper, mug, shop.add_product("Lamp", price="300.00", stock=10))

    def violations(self) -> list[str]:
        """Return the violated invariants, if no cart has been changed since the last call."""
        return [*self.carts.violations(), *self.shop.violations()]

    def settled_violations(self) -> list[str]:
        return [*self.carts.violations(), *self.shop.settled_violations()]

    @property
    def order(self) -> Order:
        """The shopper's newest order."""
        return Order.objects.filter(user=self.shopper.user).latest("pk")

    def checkout_action(self) -> Action:
        return actions.check_out, (self.shopper.user.pk, self.shopper.open_cart())

    def check_out(self) -> str:
        """Check out, and return the URL of the payment page, or of the order if it is paid."""
        url = self.shopper.check_out().url
        assert self.shop.record_payment_url(url) or url == self.order.get_absolute_url()
        return str(url)

    def start_checkout(self) -> None:
        """Check out with two mugs."""
        self.shopper.add(self.mug, 2)
        self.check_out()

    def pay(self) -> None:
        self.shop.pay(self.order.session_url)

    def return_from_stripe(self) -> None:
        answer = self.shopper.client.get(f"/shop/checkout/return/{self.order.reference}/")
        assert answer.url == self.order.get_absolute_url()

    def buy(self) -> None:
        """Check out, pay unless the order is paid already, and return from Stripe."""
        url = self.check_out()
        if url in self.shop.payment_urls:
            self.shop.pay(url)
            self.return_from_stripe()

    def sales(self) -> Sales:
        return self._items_sold(), self._amount_paid()

    def _items_sold(self) -> tuple[int, int]:
        left = dict(Product.objects.values_list("pk", "stock"))
        return 10 - left[self.mug.pk], 10 - left[self.lamp.pk]

    def _amount_paid(self) -> int:
        paid = Order.objects.filter(status__in=("paid", "fulfilled"))
        return sum(order.amount_paid - order.amount_refunded for order in paid)


def checkout(scenario: Scenario) -> Action:
    scenario.shopper.add(scenario.mug, 2)
    scenario.shopper.add(scenario.lamp)
    return scenario.checkout_action()


def resume(scenario: Scenario) -> Action:
    checkout(scenario)
    scenario.check_out()
    return scenario.checkout_action()


def pay_from_order_page(scenario: Scenario) -> Action:
    """Pay from the order's page, after a checkout that did not get a session from Stripe."""
    scenario.shopper.add(scenario.mug, 2)
    sandbox = scenario.shop.sandbox
    sandbox.faults.add("POST /v1/checkout/sessions", kind="timeout_after", times=3)
    scenario.shopper.check_out()
    sandbox.faults.clear()
    assert scenario.order.session_id is None
    return actions.pay_from_order_page, (scenario.shopper.user.pk, str(scenario.order.reference))


def changed_cart(scenario: Scenario) -> Action:
    scenario.start_checkout()
    scenario.shopper.add(scenario.lamp)
    return scenario.checkout_action()


def cancel(scenario: Scenario) -> Action:
    scenario.start_checkout()
    return actions.cancel, (scenario.order.pk,)


def webhook_paid(scenario: Scenario) -> Action:
    scenario.start_checkout()
    scenario.pay()
    return actions.deliver_webhook, scenario.shop.signed_event("checkout.session.completed")


def webhook_expired(scenario: Scenario) -> Action:
    scenario.start_checkout()
    scenario.shop.sandbox.expire(scenario.order.session_id or "")
    return actions.deliver_webhook, scenario.shop.signed_event("checkout.session.expired")


def webhook_failed(scenario: Scenario) -> Action:
    """A delayed payment fails days after the checkout."""
    scenario.start_checkout()
    scenario.shop.sandbox.pay_by_bank_debit(scenario.order.session_id or "")
    scenario.return_from_stripe()
    scenario.shop.sandbox.settle(scenario.order.session_id or "", ok=False)
    event = scenario.shop.signed_event("checkout.session.async_payment_failed")
    return actions.deliver_webhook, event


def refund(scenario: Scenario) -> Action:
    scenario.start_checkout()
    scenario.pay()
    scenario.return_from_stripe()
    return actions.refund, (scenario.order.pk, 3000, REFUND_KEY)


def refund_by_item(scenario: Scenario) -> Action:
    """Refund one of two mugs, which comes back."""
    scenario.start_checkout()
    scenario.pay()
    scenario.return_from_stripe()
    order = scenario.order
    return actions.refund_items, (order.pk, {order.items.get().pk: 1}, True)


def sync(scenario: Scenario) -> Action:
    """An order is paid and partly refunded in the Dashboard, and all webhooks are missed."""
    scenario.start_checkout()
    scenario.pay()
    sandbox = scenario.shop.sandbox
    sandbox.refund(sandbox.payment_intents[0], amount=1000)
    age_rows(timedelta(minutes=40))
    return actions.sync, ()


def sync_refund(scenario: Scenario) -> Action:
    """The response to a refund is lost."""
    scenario.start_checkout()
    scenario.pay()
    scenario.return_from_stripe()
    scenario.shop.sandbox.faults.add("POST /v1/refunds", kind="timeout_after", times=3)
    actions.refund(scenario.order.pk, 3000)
    scenario.shop.sandbox.faults.clear()
    scenario.shop.sandbox.deliver()  # leaves nothing else to sync
    age_rows(timedelta(minutes=40))
    return actions.sync, ()


def sync_refund_that_was_not_made(scenario: Scenario) -> Action:
    """The request of a refund is lost, and one complete list lacks it already."""
    scenario.start_checkout()
    scenario.pay()
    scenario.return_from_stripe()
    scenario.shop.sandbox.faults.add("POST /v1/refunds", kind="timeout_before", times=3)
    actions.refund(scenario.order.pk, 3000)
    scenario.shop.sandbox.faults.clear()
    scenario.shop.sandbox.deliver()  # leaves nothing else to sync
    sync_order(scenario.order)
    age_rows(timedelta(minutes=40))
    return actions.sync, ()


def sync_dispute(scenario: Scenario) -> Action:
    """Two disputes, of which one is lost, and all webhooks are missed.

    One event leads to all of it: the others would only repeat the same points.
    """
    scenario.start_checkout()
    scenario.pay()
    sandbox = scenario.shop.sandbox
    sandbox.deliver()
    for _time in range(2):
        sandbox.open_dispute(sandbox.payment_intents[0])
    sandbox.close_dispute(sandbox.disputes[0], won=False)
    for event in sandbox.events[:-1]:
        row, _is_new = WebhookEvent.objects.get_or_create(event_id=event["id"])
        WebhookEvent.objects.filter(pk=row.pk).update(processed_at=timezone.now())
    age_rows(timedelta(minutes=40))
    return actions.sync, ()


def sync_cancel(scenario: Scenario) -> Action:
    """Stripe was unavailable when the session was to be expired."""
    scenario.start_checkout()
    scenario.shop.sandbox.faults.add("POST *expire", kind="unavailable", times=3)
    actions.cancel(scenario.order.pk)
    scenario.shop.sandbox.faults.clear()
    scenario.shop.sandbox.deliver()  # leaves nothing else to sync
    age_rows(timedelta(minutes=40))
    return actions.sync, ()


def late_payment(scenario: Scenario) -> Action:
    """The order is paid after it was closed in the database and its stock was given back."""
    scenario.start_checkout()
    order = scenario.order
    stock.give_back(order)
    order.mark_expired(at=timezone.now())
    order.save()
    order.events.create(kind="expired", from_status="pending", to_status="expired", source="system")
    scenario.pay()
    return actions.deliver_webhook, scenario.shop.signed_event("checkout.session.completed")
