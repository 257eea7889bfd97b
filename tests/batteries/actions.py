"""Actions of shoppers, staff, Stripe and cron, run in a worker process or in a thread.

``browser_of`` signs a shopper in at its first call. A test that counts tracepoints calls it before
the action, so that the login is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client

from django_stripe_cart.attention import settle_issue
from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.exceptions import OrderError, PaymentError, StripeCartError
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import Order, OrderIssue, Product
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.testing.browser import messages_of
from tests.batteries.worker_process import browser_of

Action = tuple[Callable[..., Any], tuple[Any, ...]]  # a function and its arguments


@dataclass(frozen=True)
class Outcome:
    """The HTTP response of an action, or the status and the error messages of a function."""

    status: int = 200
    url: str = ""
    messages: tuple[str, ...] = ()


def open_cart(user_pk: int) -> str:
    return browser_of(user_pk).open_cart()


def add(user_pk: int, product_pk: int) -> Outcome:
    return outcome_of(browser_of(user_pk).add(Product(pk=product_pk)))


def set_quantity(user_pk: int, product_pk: int, quantity: int) -> Outcome:
    answer = browser_of(user_pk).set_quantity(Product(pk=product_pk), quantity)
    return Outcome(answer.status_code)


def check_out(user_pk: int, page: str) -> Outcome:
    return outcome_of(browser_of(user_pk).check_out(page=page))


def return_from_stripe(user_pk: int, reference: str) -> Outcome:
    return outcome_of(browser_of(user_pk).client.get(f"/shop/checkout/return/{reference}/"))


def open_order_page(user_pk: int, reference: str) -> Outcome:
    return Outcome(browser_of(user_pk).client.get(f"/shop/orders/{reference}/").status_code)


def pay_from_order_page(user_pk: int, reference: str) -> Outcome:
    return _post_to_order(user_pk, reference, "pay")


def cancel_own_order(user_pk: int, reference: str) -> Outcome:
    return _post_to_order(user_pk, reference, "cancel")


def order_again(user_pk: int, reference: str) -> Outcome:
    return _post_to_order(user_pk, reference, "again")


def deliver_webhook(body: bytes, headers: Mapping[str, str]) -> Outcome:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    answer = client.post(
        "/stripe/webhook/", body, content_type="application/json", headers=dict(headers)
    )
    return Outcome(answer.status_code)


def cancel(order_pk: int) -> Outcome:
    try:
        return Outcome(url=cancel_order(Order.objects.get(pk=order_pk)).status)
    except PaymentError as error:
        return Outcome(messages=(str(error),))


def refund(order_pk: int, amount: int | None, key: UUID | None = None) -> Outcome:
    """Refund an amount, or all that is left. With the same key it is the same form again."""
    order = Order.objects.get(pk=order_pk)
    return _refund(order, amount=amount, key=key, restock=amount is None)


def refund_items(order_pk: int, quantities: Mapping[int, int], restock: bool) -> Outcome:
    """Refund items of the order, given by their primary keys."""
    order = Order.objects.get(pk=order_pk)
    items = {item: quantities[item.pk] for item in order.items.all() if item.pk in quantities}
    return _refund(order, items=items, restock=restock)


def _refund(order: Order, **arguments: Any) -> Outcome:
    try:
        return Outcome(url=refund_order(order, **arguments).status)
    except (OrderError, PaymentError) as error:
        return Outcome(messages=(str(error),))


def fulfill(order_pk: int, confirmed: bool = False) -> Outcome:
    order = Order.objects.get(pk=order_pk)
    try:
        return Outcome(url=fulfill_order(order, confirmed=confirmed).status)
    except OrderError as error:
        return Outcome(messages=(str(error),))


def settle(issue_pk: int) -> Outcome:
    issue = OrderIssue.objects.get(pk=issue_pk)
    try:
        return Outcome(url=settle_issue(issue).order.status)
    except StripeCartError as error:  # out of stock
        return Outcome(messages=(str(error),))


def delete_user(user_pk: int) -> Outcome:
    User.objects.get(pk=user_pk).delete()
    return Outcome()


def sync() -> Outcome:
    output = StringIO()
    try:
        call_command("stripe_cart_sync", stdout=output, stderr=output)
    except CommandError as error:
        return Outcome(status=500, messages=(output.getvalue(), str(error)))
    return Outcome(messages=(output.getvalue(),))


def outcome_of(answer: HttpResponse) -> Outcome:
    messages = tuple(messages_of(answer)) if answer.status_code < 500 else ()
    return Outcome(answer.status_code, getattr(answer, "url", ""), messages)


def _post_to_order(user_pk: int, reference: str, button: str) -> Outcome:
    """Press a button on the order's page."""
    return outcome_of(browser_of(user_pk).client.post(f"/shop/orders/{reference}/{button}/"))
