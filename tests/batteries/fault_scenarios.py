"""Scenarios of shoppers, staff and cron in which requests to Stripe fail.

Each scenario is a generator that yields twice: before the requests that fail, and after them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse

from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.models import Order, OrderItem, Product
from django_stripe_cart.payments import sync_open_orders
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser, messages_of
from tests.batteries.convergence import run_sync
from tests.support.clock import advance_time, age_rows
from tests.support.orders import issues

CREATE = "POST /v1/checkout/sessions"
RETRIEVE = "GET /v1/checkout/sessions/*"
EXPIRE = "POST /v1/checkout/sessions/*/expire"
REFUND = "POST /v1/refunds"
REFUNDS = "GET /v1/refunds"
DISPUTES = "GET /v1/disputes"
EVENTS = "GET /v1/events"

FORM = UUID(int=7)  # the key of a form
PAID = ("paid", "fulfilled", "refunded")


class FaultShop:
    """A shopper, two products, and the payment URLs, messages and webhook responses so far."""

    def __init__(self, browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product) -> None:
        self.browser, self.sandbox = browser, sandbox
        self.mug, self.lamp = mug, lamp
        self.stock = dict(Product.objects.values_list("pk", "stock"))
        self.payment_urls: list[str] = []
        self.messages: list[str] = []
        self.webhook_statuses: list[int] = []

    @property
    def order(self) -> Order:
        return self.browser.order

    def check_out(self) -> str | None:
        """Check out, and return the payment URL; or None after an error message."""
        answer = self.browser.check_out()
        assert answer.status_code == 303
        if answer.url.startswith(self.sandbox.base_url):
            self.payment_urls.append(answer.url)
            return answer.url
        assert messages_of(answer)
        self.open_page(answer.url)
        return None

    def pay(self) -> None:
        """Check out, in up to three attempts, and pay unless the order is paid already."""
        for _attempt in range(3):
            url = self.check_out()
            if url is not None:
                self.sandbox.pay(url)
                return
            if self.order.status in PAID:
                return
        raise AssertionError("No payment URL after three attempts.")

    def open_page(self, url: str) -> str:
        answer: HttpResponse = self.browser.client.get(url, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    def return_from_stripe(self) -> None:
        page = self.open_page(f"/shop/checkout/return/{self.order.reference}/")
        assert self.order.number in page

    def open_order_page(self) -> None:
        Order.objects.update(synced_at=None)
        assert self.order.number in self.open_page(self.order.get_absolute_url())

    def cancel(self) -> None:
        """Cancel as staff, and record the error message if Stripe can not be reached."""
        try:
            cancel_order(self.order)
        except PaymentError as error:
            self.messages.append(str(error))

    def refund(self, amount: int, key: UUID | None = None) -> None:
        try:
            refund_order(self.order, amount, key=key)
        except PaymentError as error:
            self.messages.append(str(error))

    def sync(self) -> None:
        advance_time(self.sandbox)
        assert run_sync()

    def deliver_webhooks(self) -> None:
        """Deliver the webhooks held back; Stripe retries those that are not answered with 200."""
        self.sandbox.hold_deliveries = False
        self.webhook_statuses = [delivery["answer"] for delivery in self.sandbox.deliver()]
        assert {*self.webhook_statuses} <= {200, 500}

    def assert_bought(self, *products: Product, refunded: int = 0) -> None:
        """Check that exactly ``products`` were sold and paid once, and have left the cart."""
        lines = OrderItem.objects.filter(order__status__in=PAID)
        sold: Counter[Any] = Counter()
        for pk, quantity in lines.values_list("product", "quantity"):
            sold[pk] += quantity
        assert sold == Counter(product.pk for product in products)
        for pk, number in self.stock.items():
            assert Product.objects.get(pk=pk).stock == number - sold[pk]
        assert self.browser.user is not None
        assert not self.browser.user.stripe_cart.items.exists()
        intents = self.sandbox.payment_intents
        received = sum(intent["amount_received"] for intent in intents)
        assert received == sum(int(product.price * 100) for product in products)
        assert sum(order.amount_refunded for order in Order.objects.all()) == refunded
        assert sum(refund["amount"] for refund in self.sandbox.refunds) == refunded

    def assert_nothing_bought(self) -> None:
        assert not Order.objects.filter(status__in=PAID).exists()
        assert not self.sandbox.payment_intents
        assert dict(Product.objects.values_list("pk", "stock")) == self.stock


FaultScenario = Callable[[FaultShop], Iterator[None]]


def first_checkout(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    yield
    shop.check_out()
    yield
    shop.pay()
    shop.assert_bought(shop.mug)


def resumed_checkout(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.check_out()
    yield
    assert shop.check_out() == shop.payment_urls[0]
    yield
    shop.pay()
    assert len(shop.sandbox.sessions) == 1
    shop.assert_bought(shop.mug)


def resumed_checkout_after_missed_payment(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.sandbox.hold_deliveries = True
    shop.sandbox.pay(shop.check_out() or "")
    yield
    shop.check_out()
    yield
    shop.check_out()
    shop.assert_bought(shop.mug)
    shop.deliver_webhooks()


def changed_cart(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.check_out()
    shop.browser.add(shop.lamp)
    yield
    shop.check_out()
    yield
    shop.pay()
    shop.assert_bought(shop.mug, shop.lamp)


def changed_cart_after_expiry(shop: FaultShop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.check_out()
    shop.sandbox.expire(shop.order.session_id or "")
    shop.browser.add(shop.lamp)
    yield
    shop.check_out()
    yield
    shop.deliver_webhooks()
    shop.pay()
    shop.assert_bought(shop.mug, shop.lamp)


def changed_cart_after_missed_payment(shop: FaultShop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.sandbox.pay(shop.check_out() or "")
    shop.browser.add(shop.lamp)
    yield
    shop.check_out()
    yield
    shop.deliver_webhooks()
    shop.pay()
    shop.assert_bought(shop.mug, shop.lamp)


def return_page(shop: FaultShop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.sandbox.pay(shop.check_out() or "")
    yield
    shop.return_from_stripe()
    yield
    shop.return_from_stripe()
    shop.assert_bought(shop.mug)
    shop.deliver_webhooks()


def order_page(shop: FaultShop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.sandbox.pay(shop.check_out() or "")
    yield
    shop.open_order_page()
    yield
    shop.open_order_page()
    shop.assert_bought(shop.mug)
    shop.deliver_webhooks()


def order_page_without_a_session(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.sandbox.faults.add(CREATE, kind="unavailable", times=3)
    assert shop.check_out() is None
    yield
    shop.open_order_page()
    yield
    shop.open_order_page()
    shop.pay()
    shop.assert_bought(shop.mug)


def webhook_that_syncs(shop: FaultShop) -> Iterator[None]:
    """The payment is refunded in the Dashboard, and disputed."""
    shop.browser.add(shop.mug)
    shop.pay()
    shop.sandbox.hold_deliveries = True
    shop.sandbox.refund(shop.order.payment_intent_id or "", amount=100)
    shop.sandbox.open_dispute(shop.order.payment_intent_id or "")
    yield
    shop.deliver_webhooks()
    yield
    advance_time(shop.sandbox)  # Stripe retries the webhooks
    shop.assert_bought(shop.mug, refunded=100)
    assert [dispute.status for dispute in shop.order.disputes.all()] == ["needs_response"]
    assert issues(shop.order) == ["disputed"]


def cancel(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.check_out()
    yield
    shop.cancel()
    yield
    shop.cancel()
    assert shop.order.status == "canceled"
    shop.assert_nothing_bought()


def cancel_after_expiry(shop: FaultShop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.check_out()
    shop.sandbox.expire(shop.order.session_id or "")
    yield
    shop.cancel()
    yield
    shop.cancel()
    assert shop.order.status == "canceled"
    shop.assert_nothing_bought()
    shop.deliver_webhooks()


def refund(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.pay()
    shop.sandbox.hold_deliveries = True
    yield
    shop.refund(100)
    yield
    shop.deliver_webhooks()
    shop.sync()
    shop.sync()
    if not shop.order.amount_refunded:  # Stripe refused it, or it was given up
        shop.refund(100)
    shop.assert_bought(shop.mug, refunded=100)
    assert issues(shop.order) == []


def refund_sent_again(shop: FaultShop) -> Iterator[None]:
    """The request of a refund is lost, and staff sends the same form again."""
    shop.browser.add(shop.mug)
    shop.pay()
    shop.sandbox.hold_deliveries = True
    shop.sandbox.faults.add(REFUND, kind="unavailable", times=3)
    shop.refund(100, key=FORM)
    yield
    shop.refund(100, key=FORM)
    yield
    shop.refund(100, key=FORM)
    shop.deliver_webhooks()
    shop.sync()
    shop.sync()
    if not shop.order.amount_refunded:  # Stripe refused it, or it was given up
        shop.refund(100)
    shop.assert_bought(shop.mug, refunded=100)


def sync_of_an_open_order(shop: FaultShop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.sandbox.pay(shop.check_out() or "")
    yield
    age_rows(timedelta(hours=1))
    list(sync_open_orders())  # the command would read the event first
    yield
    shop.sync()
    shop.assert_bought(shop.mug)
    shop.deliver_webhooks()


def sync_of_an_order_without_a_session(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.sandbox.faults.add(CREATE, kind="timeout_after", times=3)
    assert shop.check_out() is None
    yield
    age_rows(timedelta(minutes=5))
    run_sync()
    yield
    shop.pay()
    shop.assert_bought(shop.mug)


def sync_of_a_pending_cancellation(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.check_out()
    shop.sandbox.faults.add(EXPIRE, kind="unavailable", times=3)
    shop.cancel()
    yield
    age_rows(timedelta(minutes=5))
    run_sync()
    yield
    shop.sync()
    shop.assert_nothing_bought()


def sync_of_an_unknown_refund(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.pay()
    shop.sandbox.hold_deliveries = True
    shop.sandbox.faults.add(REFUND, kind="unavailable", times=3)
    shop.refund(100)
    yield
    shop.sync()
    yield
    shop.deliver_webhooks()
    shop.sync()
    shop.sync()
    assert shop.sandbox.refunds == []  # a sync never sends one
    assert issues(shop.order) == ["refund_not_made"]
    shop.refund(100)
    shop.assert_bought(shop.mug, refunded=100)
    assert issues(shop.order) == []


def sync_of_missed_events(shop: FaultShop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.sandbox.hold_deliveries = True
    shop.pay()
    shop.sandbox.refund(shop.sandbox.payment_intents[0]["id"], amount=100)
    shop.sandbox.open_dispute(shop.sandbox.payment_intents[0]["id"])
    yield
    run_sync()
    yield
    age_rows(timedelta(minutes=5))  # so that it is time for another attempt
    run_sync()
    shop.assert_bought(shop.mug, refunded=100)
    assert [dispute.status for dispute in shop.order.disputes.all()] == ["needs_response"]
    assert issues(shop.order) == ["disputed"]
    shop.deliver_webhooks()


# The API calls that each scenario makes
SCENARIOS: list[tuple[FaultScenario, str]] = [
    (first_checkout, CREATE),
    (resumed_checkout, RETRIEVE),
    (resumed_checkout_after_missed_payment, RETRIEVE),
    (changed_cart, EXPIRE),
    (changed_cart, CREATE),
    (changed_cart_after_expiry, EXPIRE),
    (changed_cart_after_expiry, RETRIEVE),
    (changed_cart_after_missed_payment, EXPIRE),
    (changed_cart_after_missed_payment, RETRIEVE),
    (return_page, RETRIEVE),
    (order_page, RETRIEVE),
    (order_page_without_a_session, CREATE),
    (order_page_without_a_session, RETRIEVE),
    (webhook_that_syncs, RETRIEVE),
    (webhook_that_syncs, REFUNDS),
    (webhook_that_syncs, DISPUTES),
    (cancel, EXPIRE),
    (cancel_after_expiry, RETRIEVE),
    (refund, REFUND),
    (refund, RETRIEVE),
    (refund, REFUNDS),
    (sync_of_an_open_order, RETRIEVE),
    (sync_of_an_order_without_a_session, CREATE),
    (sync_of_a_pending_cancellation, EXPIRE),
    (refund_sent_again, REFUND),
    (refund_sent_again, REFUNDS),
    (sync_of_an_unknown_refund, REFUNDS),
    (sync_of_missed_events, EVENTS),
    (sync_of_missed_events, RETRIEVE),
    (sync_of_missed_events, REFUNDS),
    (sync_of_missed_events, DISPUTES),
]
