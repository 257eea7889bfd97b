"""What a process, or a thread beside another, is told to do: through the views, or a staff's verb.

``browser_of`` signs a shopper in at the first call; whoever counts points lets it do so before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO

from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client

from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.exceptions import OrderError, PaymentError
from django_stripe_cart.models import Order, Product
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.testing.browser import messages_of
from tests.batteries.worker_process import browser_of


@dataclass(frozen=True)
class Answer:
    """What the browser got, or staff read."""

    status: int = 200
    url: str = ""
    sentences: tuple[str, ...] = ()


def open_cart(user_pk: int) -> str:
    return browser_of(user_pk).open_cart()


def add(user_pk: int, product_pk: int) -> Answer:
    return read(browser_of(user_pk).add(Product(pk=product_pk)))


def press_checkout(user_pk: int, seen: str) -> Answer:
    return read(browser_of(user_pk).check_out(page=seen))


def come_back(user_pk: int, reference: str) -> Answer:
    return read(browser_of(user_pk).client.get(f"/shop/checkout/return/{reference}/"))


def pay_after_all(user_pk: int, reference: str) -> Answer:
    return _press(user_pk, reference, "pay")


def cancel_own(user_pk: int, reference: str) -> Answer:
    return _press(user_pk, reference, "cancel")


def order_again(user_pk: int, reference: str) -> Answer:
    return _press(user_pk, reference, "again")


def ring(body: bytes, headers: Mapping[str, str]) -> Answer:
    doorbell = Client(enforce_csrf_checks=True, raise_request_exception=False)
    answer = doorbell.post(
        "/stripe/webhook/", body, content_type="application/json", headers=dict(headers)
    )
    return Answer(answer.status_code)


def cancel(order_pk: int) -> Answer:
    try:
        return Answer(url=cancel_order(Order.objects.get(pk=order_pk)).status)
    except PaymentError as error:
        return Answer(sentences=(str(error),))


def refund(order_pk: int, amount: int) -> Answer:
    try:
        return Answer(url=refund_order(Order.objects.get(pk=order_pk), amount, restock=True).status)
    except (OrderError, PaymentError) as error:
        return Answer(sentences=(str(error),))


def delete_user(user_pk: int) -> Answer:
    User.objects.get(pk=user_pk).delete()
    return Answer()


def sync() -> Answer:
    output = StringIO()
    try:
        call_command("stripe_cart_sync", stdout=output, stderr=output)
    except CommandError as error:
        return Answer(status=500, sentences=(output.getvalue(), str(error)))
    return Answer(sentences=(output.getvalue(),))


def read(answer: HttpResponse) -> Answer:
    sentences = tuple(messages_of(answer)) if answer.status_code < 500 else ()
    return Answer(answer.status_code, getattr(answer, "url", ""), sentences)


def _press(user_pk: int, reference: str, button: str) -> Answer:
    """A button on the order's page."""
    return read(browser_of(user_pk).client.post(f"/shop/orders/{reference}/{button}/"))
