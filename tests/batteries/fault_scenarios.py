"""What shoppers, staff and cron do when Stripe fails in the middle of it.

A story yields twice: when everything stands ready for the trouble, and when the trouble is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.http import HttpResponse

from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.exceptions import PaymentError
from django_stripe_cart.models import Order, OrderItem, Product
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser, messages_of
from tests.batteries.clock import age_rows, let_time_pass, run_sync

CREATE = "POST /v1/checkout/sessions"
RETRIEVE = "GET /v1/checkout/sessions/*"
EXPIRE = "POST /v1/checkout/sessions/*/expire"
REFUND = "POST /v1/refunds"
REFUNDS = "GET /v1/refunds"
DISPUTES = "GET /v1/disputes"
EVENTS = "GET /v1/events"

PAID = ("paid", "fulfilled", "refunded")


class Shop:
    """A shopper, two products, and everything that was ever promised."""

    def __init__(self, browser: Browser, sandbox: Sandbox, mug: Product, lamp: Product) -> None:
        self.browser, self.sandbox = browser, sandbox
        self.mug, self.lamp = mug, lamp
        self.stock = dict(Product.objects.values_list("pk", "stock"))
        self.handed_out: list[str] = []
        self.said: list[str] = []
        self.rings: list[int] = []

    @property
    def order(self) -> Order:
        return self.browser.order

    def check_out(self) -> str | None:
        """Press Checkout: to Stripe, or to a page of ours that says why not."""
        answer = self.browser.check_out()
        assert answer.status_code == 303
        if answer.url.startswith(self.sandbox.base_url):
            self.handed_out.append(answer.url)
            return answer.url
        assert messages_of(answer)
        self.see(answer.url)
        return None

    def pay(self) -> None:
        """Check out, three times if need be, and pay; or see that it was paid already."""
        for _try in range(3):
            url = self.check_out()
            if url is not None:
                self.sandbox.pay(url)
                return
            if self.order.status in PAID:
                return
        raise AssertionError("Three tries, and still there is no address to pay at.")

    def see(self, url: str) -> str:
        answer: HttpResponse = self.browser.client.get(url, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    def come_back(self) -> None:
        page = self.see(f"/shop/checkout/return/{self.order.reference}/")
        assert self.order.number in page

    def look_at_order(self) -> None:
        Order.objects.update(synced_at=None)
        assert self.order.number in self.see(self.order.get_absolute_url())

    def cancel(self) -> None:
        """As staff does, who is told if Stripe is out of reach."""
        try:
            cancel_order(self.order)
        except PaymentError as error:
            self.said.append(str(error))

    def refund(self, amount: int) -> None:
        try:
            refund_order(self.order, amount)
        except PaymentError as error:
            self.said.append(str(error))

    def sync(self) -> None:
        let_time_pass(self.sandbox)
        assert run_sync()

    def ring(self) -> None:
        """Stripe rings with what it held back; what isn't answered 200 will ring again."""
        self.sandbox.hold_deliveries = False
        self.rings = [delivery["answer"] for delivery in self.sandbox.deliver()]
        assert {*self.rings} <= {200, 500}

    def has_bought(self, *products: Product, refunded: int = 0) -> None:
        """Those were sold once, paid once, and are no longer in the cart."""
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

    def has_bought_nothing(self) -> None:
        assert not Order.objects.filter(status__in=PAID).exists()
        assert not self.sandbox.payment_intents
        assert dict(Product.objects.values_list("pk", "stock")) == self.stock


Story = Callable[[Shop], Iterator[None]]


def first_checkout(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    yield
    shop.check_out()
    yield
    shop.pay()
    shop.has_bought(shop.mug)


def checkout_again(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.check_out()
    yield
    assert shop.check_out() == shop.handed_out[0]
    yield
    shop.pay()
    assert len(shop.sandbox.sessions) == 1
    shop.has_bought(shop.mug)


def checkout_again_after_paying_unnoticed(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.sandbox.hold_deliveries = True
    shop.sandbox.pay(shop.check_out() or "")
    yield
    shop.check_out()
    yield
    shop.check_out()
    shop.has_bought(shop.mug)
    shop.ring()


def checkout_of_a_changed_cart(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.check_out()
    shop.browser.add(shop.lamp)
    yield
    shop.check_out()
    yield
    shop.pay()
    shop.has_bought(shop.mug, shop.lamp)


def checkout_of_a_changed_cart_after_the_end(shop: Shop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.check_out()
    shop.sandbox.expire(shop.order.session_id or "")
    shop.browser.add(shop.lamp)
    yield
    shop.check_out()
    yield
    shop.ring()
    shop.pay()
    shop.has_bought(shop.mug, shop.lamp)


def checkout_of_a_changed_cart_after_paying_unnoticed(shop: Shop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.sandbox.pay(shop.check_out() or "")
    shop.browser.add(shop.lamp)
    yield
    shop.check_out()
    yield
    shop.ring()
    shop.pay()
    shop.has_bought(shop.mug, shop.lamp)


def return_page(shop: Shop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.sandbox.pay(shop.check_out() or "")
    yield
    shop.come_back()
    yield
    shop.come_back()
    shop.has_bought(shop.mug)
    shop.ring()


def order_page(shop: Shop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.sandbox.pay(shop.check_out() or "")
    yield
    shop.look_at_order()
    yield
    shop.look_at_order()
    shop.has_bought(shop.mug)
    shop.ring()


def order_page_without_a_session(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.sandbox.faults.add(CREATE, kind="unavailable", times=3)
    assert shop.check_out() is None
    yield
    shop.look_at_order()
    yield
    shop.look_at_order()
    shop.pay()
    shop.has_bought(shop.mug)


def webhook_that_looks(shop: Shop) -> Iterator[None]:
    """Refunded in the Dashboard, and disputed."""
    shop.browser.add(shop.mug)
    shop.pay()
    shop.sandbox.hold_deliveries = True
    shop.sandbox.refund(shop.order.payment_intent_id or "", amount=100)
    shop.sandbox.open_dispute(shop.order.payment_intent_id or "")
    yield
    shop.ring()
    yield
    let_time_pass(shop.sandbox)  # Stripe rings again
    shop.has_bought(shop.mug, refunded=100)
    assert (shop.order.dispute_status, shop.order.attention) == ("needs_response", "disputed")


def cancel(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.check_out()
    yield
    shop.cancel()
    yield
    shop.cancel()
    assert shop.order.status == "canceled"
    shop.has_bought_nothing()


def cancel_after_the_end(shop: Shop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.check_out()
    shop.sandbox.expire(shop.order.session_id or "")
    yield
    shop.cancel()
    yield
    shop.cancel()
    assert shop.order.status == "canceled"
    shop.has_bought_nothing()
    shop.ring()


def refund(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.pay()
    shop.sandbox.hold_deliveries = True
    yield
    shop.refund(100)
    yield
    shop.ring()
    shop.sync()
    if not shop.order.amount_refunded:  # Stripe said no
        shop.refund(100)
    shop.has_bought(shop.mug, refunded=100)


def sync_of_an_open_order(shop: Shop) -> Iterator[None]:
    shop.sandbox.hold_deliveries = True
    shop.browser.add(shop.mug)
    shop.sandbox.pay(shop.check_out() or "")
    yield
    shop.sync()
    yield
    shop.sync()
    shop.has_bought(shop.mug)
    shop.ring()


def sync_of_an_order_without_a_session(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.sandbox.faults.add(CREATE, kind="timeout_after", times=3)
    assert shop.check_out() is None
    yield
    age_rows(timedelta(minutes=5))
    run_sync()
    yield
    shop.pay()
    shop.has_bought(shop.mug)


def sync_of_a_waiting_cancellation(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.check_out()
    shop.sandbox.faults.add(EXPIRE, kind="unavailable", times=3)
    shop.cancel()
    yield
    age_rows(timedelta(minutes=5))
    run_sync()
    yield
    shop.sync()
    shop.has_bought_nothing()


def sync_of_an_unknown_refund(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.pay()
    shop.sandbox.hold_deliveries = True
    shop.sandbox.faults.add(REFUND, kind="unavailable", times=3)
    shop.refund(100)
    yield
    shop.sync()
    yield
    shop.ring()
    shop.sync()
    if not shop.order.amount_refunded:
        shop.refund(100)
    shop.has_bought(shop.mug, refunded=100)


def sync_of_missed_events(shop: Shop) -> Iterator[None]:
    shop.browser.add(shop.mug)
    shop.sandbox.hold_deliveries = True
    shop.pay()
    shop.sandbox.refund(shop.sandbox.payment_intents[0]["id"], amount=100)
    shop.sandbox.open_dispute(shop.sandbox.payment_intents[0]["id"])
    yield
    run_sync()
    yield
    run_sync()
    shop.has_bought(shop.mug, refunded=100)
    assert shop.order.dispute_status == "needs_response"
    shop.ring()


# Which calls each story makes.
STORIES: list[tuple[Story, str]] = [
    (first_checkout, CREATE),
    (checkout_again, RETRIEVE),
    (checkout_again_after_paying_unnoticed, RETRIEVE),
    (checkout_of_a_changed_cart, EXPIRE),
    (checkout_of_a_changed_cart, CREATE),
    (checkout_of_a_changed_cart_after_the_end, EXPIRE),
    (checkout_of_a_changed_cart_after_the_end, RETRIEVE),
    (checkout_of_a_changed_cart_after_paying_unnoticed, EXPIRE),
    (checkout_of_a_changed_cart_after_paying_unnoticed, RETRIEVE),
    (return_page, RETRIEVE),
    (order_page, RETRIEVE),
    (order_page_without_a_session, CREATE),
    (order_page_without_a_session, RETRIEVE),
    (webhook_that_looks, RETRIEVE),
    (webhook_that_looks, REFUNDS),
    (webhook_that_looks, DISPUTES),
    (cancel, EXPIRE),
    (cancel_after_the_end, RETRIEVE),
    (refund, REFUND),
    (refund, RETRIEVE),
    (refund, REFUNDS),
    (sync_of_an_open_order, RETRIEVE),
    (sync_of_an_order_without_a_session, CREATE),
    (sync_of_a_waiting_cancellation, EXPIRE),
    (sync_of_an_unknown_refund, REFUND),
    (sync_of_an_unknown_refund, REFUNDS),
    (sync_of_missed_events, EVENTS),
    (sync_of_missed_events, RETRIEVE),
    (sync_of_missed_events, REFUNDS),
    (sync_of_missed_events, DISPUTES),
]
