"""A walk through the whole shop of any host, as a shopper and as staff."""

from __future__ import annotations

import io
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.urls import reverse

from django_stripe_cart.checkout import cancel_order
from django_stripe_cart.fulfillment import fulfill_order
from django_stripe_cart.models import CartItem, Order, WebhookEvent
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import RefundFactory
from tests.hosts.host import Host

TOTAL = 2 * 49900 + 129950


def check_project() -> None:
    """Check that no migration is missing and that the system checks pass."""
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())
    call_command("check", fail_level="WARNING", stdout=io.StringIO())


def walk(host: Host, sandbox: Sandbox) -> None:
    mug, lamp = host.make_products()
    browser = Browser()
    browser.client, browser.user = host.client(), host.make_user()
    browser.client.force_login(browser.user)

    assert "Lamp" in page_of(browser.client.get(reverse("storefront")))
    buy(host, browser, sandbox, mug, lamp)
    buy_and_cancel(host, browser, mug)
    open_admin(host)
    make_rows(host)
    host.check_specifics(browser.client, sandbox)


def buy(host: Host, browser: Browser, sandbox: Sandbox, mug: Any, lamp: Any) -> None:
    """Buy, from the product page to the full refund."""
    browser.add(mug, 2)
    browser.add(lamp)
    assert "Mug" in browser.open_cart()
    answer = browser.check_out()
    order = browser.order
    assert (answer.status_code, answer.headers["Location"]) == (303, order.session_url)
    assert (order.status, order.total, order.user_id) == ("pending", TOTAL, browser.user.pk)
    assert host.stock(mug) in (8, None)

    payment = sandbox.pay(order.session_url)

    webhooks = WebhookEvent.objects.filter(order=order, processed_at__isnull=False)
    assert webhooks.exists(), "No webhook has reached this host."
    assert browser.order.status == "paid"
    assert "Paid" in page_of(browser.follow(payment.redirect_url))
    assert "Paid" in page_of(browser.client.get(reverse("stripe_cart:orders")))
    assert fulfill_order(browser.order).status == "fulfilled"
    refund_order(browser.order, amount=49900)
    assert refund_order(browser.order, restock=True).status == "refunded"
    assert host.stock(mug) in (10, None)


def buy_and_cancel(host: Host, browser: Browser, mug: Any) -> None:
    """Cancel an unpaid order, and check that its stock is given back."""
    browser.add(mug)
    browser.check_out()
    order = browser.order
    assert host.stock(mug) in (9, None)

    call_command("stripe_cart_sync", str(order.reference), stdout=io.StringIO())
    assert browser.order.status == "pending"
    assert cancel_order(order).status == "canceled"
    assert host.stock(mug) in (10, None)


def open_admin(host: Host) -> None:
    """Open the pages of an order in this host's admin site."""
    client = host.client()
    client.force_login(host.make_staff())
    name = host.admin_site.name
    order = Order.objects.earliest("pk")
    assert order.number in page_of(client.get(reverse(f"{name}:stripe_cart_order_changelist")))
    page = page_of(client.get(reverse(f"{name}:stripe_cart_order_change", args=[order.pk])))
    assert "Lamp" in page


def make_rows(host: Host) -> None:
    """Create rows by the factories, as a host's own tests do."""
    host.make_rows()
    item, refund = CartItem.objects.latest("pk"), RefundFactory.create()
    assert item.product.as_line_item().unit_amount == 10000
    assert {type(item.cart.user), type(refund.order.user)} == {get_user_model()}


def page_of(answer: Any) -> str:
    assert answer.status_code == 200, (answer.status_code, answer.headers)
    streamed = getattr(answer, "streaming_content", None)
    content: bytes = b"".join(streamed) if streamed else answer.content
    return content.decode()
