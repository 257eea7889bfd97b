"""A shopper, what stands in the shop, and the deeds that are interrupted or meet each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from django_stripe_cart import stock
from django_stripe_cart.models import Order, Product
from django_stripe_cart.testing.browser import Browser
from tests.batteries import actions
from tests.batteries.clock import age_rows
from tests.batteries.monitors import CartWatch
from tests.batteries.shop import Shop

Deed = tuple[Callable[..., Any], tuple[Any, ...]]

Sums = tuple[tuple[int, int], int]  # mugs and lamps sold, and what was paid for them
NOTHING: Sums = ((0, 0), 0)
BOTH: Sums = ((2, 1), 70000)
MUGS: Sums = ((2, 0), 40000)


@dataclass
class Case:
    """A shopper, what stands in the shop, and the deed that is to be interrupted."""

    shop: Shop
    shopper: Browser
    mug: Product
    lamp: Product
    carts: CartWatch = field(default_factory=CartWatch)

    @classmethod
    def open(cls, shop: Shop) -> Case:
        shop.start_again()
        mug = shop.sell("Mug", price="200.00", stock=10)
        return cls(shop, shop.shopper(), mug, shop.sell("Lamp", price="300.00", stock=10))

    def violations(self) -> list[str]:
        """What is wrong now. Nobody changes a cart by hand meanwhile."""
        return [*self.carts.violations(), *self.shop.violations()]

    def settled_violations(self) -> list[str]:
        return [*self.carts.violations(), *self.shop.settled_violations()]

    @property
    def order(self) -> Order:
        """The shopper's newest."""
        return Order.objects.filter(user=self.shopper.user).latest("pk")

    def press_checkout(self) -> Deed:
        return actions.press_checkout, (self.shopper.user.pk, self.shopper.open_cart())

    def check_out(self) -> str:
        """To Stripe, or to the order if it is paid already."""
        url = self.shopper.check_out().url
        assert self.shop.note_address(url) or url == self.order.get_absolute_url()
        return str(url)

    def begin(self) -> None:
        """Be at Stripe with two mugs."""
        self.shopper.add(self.mug, 2)
        self.check_out()

    def pay(self) -> None:
        self.shop.pay(self.order.session_url)

    def come_back(self) -> None:
        answer = self.shopper.client.get(f"/shop/checkout/return/{self.order.reference}/")
        assert answer.url == self.order.get_absolute_url()

    def buy(self) -> None:
        """Check out, pay, and come back: whatever was interrupted before."""
        url = self.check_out()
        if url in self.shop.handed_out:
            self.shop.pay(url)
            self.come_back()

    def sold(self) -> tuple[int, int]:
        """How many mugs and lamps left the shelf."""
        left = dict(Product.objects.values_list("pk", "stock"))
        return 10 - left[self.mug.pk], 10 - left[self.lamp.pk]

    def paid(self) -> int:
        paid = Order.objects.filter(status__in=("paid", "fulfilled"))
        return sum(order.amount_paid - order.amount_refunded for order in paid)


def checkout(case: Case) -> Deed:
    case.shopper.add(case.mug, 2)
    case.shopper.add(case.lamp)
    return case.press_checkout()


def resume(case: Case) -> Deed:
    checkout(case)
    case.check_out()
    return case.press_checkout()


def pay_after_all(case: Case) -> Deed:
    """From the order's page, after a checkout that never reached Stripe."""
    case.shopper.add(case.mug, 2)
    case.shop.sandbox.faults.add("POST /v1/checkout/sessions", kind="timeout_after", times=3)
    case.shopper.check_out()
    case.shop.sandbox.faults.clear()
    assert case.order.session_id is None
    return actions.pay_after_all, (case.shopper.user.pk, str(case.order.reference))


def changed_cart(case: Case) -> Deed:
    case.begin()
    case.shopper.add(case.lamp)
    return case.press_checkout()


def cancel(case: Case) -> Deed:
    case.begin()
    return actions.cancel, (case.order.pk,)


def webhook_paid(case: Case) -> Deed:
    case.begin()
    case.pay()
    return actions.ring, case.shop.letter("checkout.session.completed")


def webhook_expired(case: Case) -> Deed:
    case.begin()
    case.shop.sandbox.expire(case.order.session_id or "")
    return actions.ring, case.shop.letter("checkout.session.expired")


def webhook_bounced(case: Case) -> Deed:
    """A delayed payment that fails, days later."""
    case.begin()
    case.shop.sandbox.pay_by_bank_debit(case.order.session_id or "")
    case.come_back()
    case.shop.sandbox.settle(case.order.session_id or "", ok=False)
    return actions.ring, case.shop.letter("checkout.session.async_payment_failed")


def refund(case: Case) -> Deed:
    case.begin()
    case.pay()
    case.come_back()
    return actions.refund, (case.order.pk, 3000)


def sync(case: Case) -> Deed:
    """An order was paid, and in part refunded in the Dashboard, and no bell rang."""
    case.begin()
    case.pay()
    case.shop.sandbox.refund(case.shop.sandbox.payment_intents[0], amount=1000)
    age_rows(timedelta(minutes=40))
    return actions.sync, ()


def sync_refund(case: Case) -> Deed:
    """The answer to a refund never arrived."""
    case.begin()
    case.pay()
    case.come_back()
    case.shop.sandbox.faults.add("POST /v1/refunds", kind="timeout_after", times=3)
    actions.refund(case.order.pk, 3000)
    case.shop.sandbox.faults.clear()
    case.shop.sandbox.deliver()  # so that this is all there is to do
    age_rows(timedelta(minutes=40))
    return actions.sync, ()


def sync_cancel(case: Case) -> Deed:
    """Stripe could not be asked to close the session."""
    case.begin()
    case.shop.sandbox.faults.add("POST *expire", kind="unavailable", times=3)
    actions.cancel(case.order.pk)
    case.shop.sandbox.faults.clear()
    case.shop.sandbox.deliver()  # so that this is all there is to do
    age_rows(timedelta(minutes=40))
    return actions.sync, ()


def late_money(case: Case) -> Deed:
    """The order was closed behind our back, its stock is on the shelf again; then it is paid."""
    case.begin()
    order = case.order
    stock.give_back(order)
    order.mark_expired(at=timezone.now())
    order.save()
    order.events.create(kind="expired", from_status="pending", to_status="expired", source="system")
    case.pay()
    return actions.ring, case.shop.letter("checkout.session.completed")
