"""Orders placed and paid through a browser."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from django_stripe_cart.attention import settle_issue
from django_stripe_cart.models import Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser


def check_out(browser: Browser, product: Product, quantity: int = 1) -> Order:
    """Return the order of ``product`` and what else is in the cart, ready to be paid."""
    browser.add(product, quantity)
    browser.check_out()
    return browser.order


def buy(
    browser: Browser, sandbox: Sandbox, product: Product, quantity: int = 1, **payment: str
) -> Order:
    """Return the order of ``product`` and what else is in the cart, after its payment."""
    sandbox.pay(check_out(browser, product, quantity).session_url, **payment)
    return browser.order


def refreshed(order: Order) -> Order:
    """Return the order as it is in the database now."""
    return Order.objects.get(pk=order.pk)


def issues(order: Order) -> list[str]:
    """The reasons of the order's open issues, in alphabetical order."""
    return sorted(order.issues.open().values_list("reason", flat=True))


def settle(order: Order, reason: str, **kwargs: Any) -> Order:
    """Settle the order's open issue with this reason, and return the order."""
    return settle_issue(order.issues.open().get(reason=reason), **kwargs).order


def close_only_here(order: Order) -> None:
    """Close an order while its session at Stripe is still open, as no function of ours does."""
    order.mark_expired(at=timezone.now())
    order.save()


def close_and_sell_out(order: Order) -> None:
    """Close an order only here, and sell its goods to others: a payment now comes too late."""
    close_only_here(order)
    order.items.update(stock_taken=0)
    Product.objects.update(stock=0)
