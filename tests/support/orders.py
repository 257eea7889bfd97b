"""Orders placed and paid through a browser."""

from __future__ import annotations

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
