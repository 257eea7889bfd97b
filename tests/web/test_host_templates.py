"""Every block of every template can be filled by a host, and every other replaced, and it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template import engines
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from django_stripe_cart.models import CartItem, Order, Product, WebhookEvent
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import make_product
from docs.templates_table import blocks

ROOT = Path(__file__).parents[2]
# The page for hosts that have no base.html of their own; this one has.
ELSEWHERE = ("/emails/", "plain.html")
PAGES = {
    name: found for name, found in blocks().items() if not any(part in name for part in ELSEWHERE)
}
# Those without a block can only be replaced as they are.
MARKS = {f"[{name}:{block}]" for name, found in PAGES.items() for block in found or ["whole"]}
TEMPLATES = ROOT / "django_stripe_cart" / "templates"


@pytest.fixture
def host(tmp_path: Path, settings: Any) -> None:
    """A host that adds a mark to every block of every page, or to its end if it has none."""
    for name, found in PAGES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        marked = [
            f"{{% block {b} %}}{{{{ block.super }}}}[{name}:{b}]{{% endblock %}}" for b in found
        ]
        heir = f'{{% extends "{name}" %}}' + "".join(marked)
        path.write_text(heir if found else (TEMPLATES / name).read_text() + f"[{name}:whole]")
    look_first_in(tmp_path, settings)


def look_first_in(folder: Path, settings: Any) -> None:
    template = {**settings.TEMPLATES[0]}
    template["DIRS"] = [folder, *template["DIRS"]]
    settings.TEMPLATES = [template]


def test_every_block_can_be_filled_and_every_partial_replaced(
    host: None, sandbox: Sandbox, browser: Browser
) -> None:
    seen: set[str] = set()

    for page in visit(sandbox, browser):
        seen |= set(re.findall(r"\[[\w/.]+:[\w-]+\]", page))

    # Empty blocks, which our pages and modals fill without block.super.
    filled = {"[stripe_cart/base.html:stripe_cart]"}
    filled |= {f"[stripe_cart/modals/base.html:{b}]" for b in ("attributes", "title", "body")}
    filled |= {f"[admin/stripe_cart/action.html:{b}]" for b in ("left_out", "rows")}
    assert sorted(MARKS - seen - filled) == []
    assert sorted(seen - MARKS) == []


def test_a_hosts_own_form_on_its_own_card_fills_the_cart(
    tmp_path: Path, settings: Any, browser: Browser, mug: Product, lamp: Product
) -> None:
    (form,) = re.findall(r"(?s)```html\+django\n([^`]*<form .*?)```", read("how-to/templates.md"))
    card = tmp_path / "stripe_cart" / "includes" / "add_to_cart.html"
    card.parent.mkdir(parents=True)
    card.write_text(form)
    look_first_in(tmp_path, settings)
    browser.client.handler.enforce_csrf_checks = True

    page = storefront(browser)
    forms = re.findall(r'(?s)<form method="post" action="(/shop/cart/add/)".*?>(.*?)</form>', page)
    for action, inside in forms:
        values = dict(re.findall(r'name="(\w+)" value="([^"]*)"', inside))
        answer = browser.client.post(action, values)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")

    assert page.count("Just one, please") == len(forms) == 2
    cart = CartItem.objects.filter(cart__user=browser.user)
    assert sorted(cart.values_list("product", "quantity")) == sorted([(mug.pk, 1), (lamp.pk, 1)])


def read(page: str) -> str:
    return (ROOT / "docs" / page).read_text("utf-8")


def visit(sandbox: Sandbox, browser: Browser) -> Iterator[str]:
    """Every page of the shop, in every state that has something of its own to show."""
    mug = make_product("Mug", stock=2)
    lamp = make_product("Lamp", stock=0)
    gone = make_product("Gone", is_active=True)
    stranger = Browser()
    yield storefront(stranger)
    yield browser.open_cart()
    yield fragment(browser, "/shop/orders/")
    browser.add(gone)
    Product.objects.filter(pk=gone.pk).update(is_active=False)
    browser.add(mug, 2)
    yield storefront(browser)
    yield product_page(browser, Product.objects.get(pk=gone.pk))
    browser.remove(gone)
    yield browser.client.get(f"/shop/cart/?removed={lamp.pk}&quantity=2").content.decode()
    with override_settings(STRIPE_CART_SESSION_OPTIONS="tests.web.test_host_templates.with_taxes"):
        yield browser.open_cart()
    browser.check_out()
    yield storefront(browser)
    order = browser.order
    yield browser.client.get(order.get_absolute_url()).content.decode()
    sandbox.pay(order.session_url)
    yield browser.client.get(order.get_absolute_url()).content.decode()
    yield browser.client.get("/shop/orders/").content.decode()
    yield fragment(browser, "/shop/orders/")
    refund_order(browser.order, 100)
    yield from office(browser.order)


def with_taxes(order: Order) -> dict[str, Any]:
    return {"automatic_tax": {"enabled": True}}


def office(order: Order) -> Iterator[str]:
    """The admin's pages about orders and events."""
    staff_client = Client()
    staff_client.force_login(User.objects.create_superuser("owner"))
    order.issues.create(reason="refund_failed")
    for page in ("", "sales/", f"{order.pk}/change/", f"{order.pk}/refund/"):
        yield staff_client.get(f"/admin/stripe_cart/order/{page}").content.decode()
    # One page for several rows, of which one is skipped.
    pending = Order.objects.create(currency="inr", total=100)
    ids = f"?ids={order.pk},{pending.pk}"
    yield staff_client.get(f"/admin/stripe_cart/order/fulfill/{ids}").content.decode()
    event, processed = (
        WebhookEvent.objects.create(event_id=f"evt_{name}", processed_at=at)
        for name, at in (("waiting", None), ("processed", timezone.now()))
    )
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=1))
    for page in (f"{event.pk}/change/", f"acknowledge/?ids={event.pk},{processed.pk}"):
        yield staff_client.get(f"/admin/stripe_cart/webhookevent/{page}").content.decode()
    for address in ("/admin/", "/admin/stripe_cart/"):
        yield staff_client.get(address).content.decode()


def storefront(browser: Browser) -> str:
    return browser.client.get("/").content.decode()


def product_page(browser: Browser, product: Product) -> str:
    request = RequestFactory().get("/")
    request.user = browser.user
    page = engines["django"].from_string("{% load stripe_cart %}{% add_to_cart product %}")
    return str(page.render({"product": product}, request))


def fragment(browser: Browser, path: str) -> str:
    return browser.client.get(path, headers={"Stripe-Cart": "fragment"}).content.decode()
