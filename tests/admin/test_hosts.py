"""Another admin site, a project without time zones, and another language."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.test import Client

from django_stripe_cart.admin import OrderAdmin, ProductAdmin, register
from django_stripe_cart.models import Order, OrderIssue, Product, WebhookEvent
from tests.admin.conftest import VERBS
from tests.admin.pages import fields, press, read

MakeOrder = Callable[..., Order]
OFFICE = "/back/office"


def links(page: str) -> list[str]:
    return re.findall(r'(?:href|action)="(/[^"]*)"', page)


@pytest.mark.urls("tests.admin.urls")
class TestAnotherSite:
    def test_the_whole_line_runs_there(
        self, admin_client: Client, make_order: MakeOrder, sandbox: Any
    ) -> None:
        order = make_order("paid")
        address = f"{OFFICE}/stripe_cart/order/{order.pk}/refund/"

        said = press(admin_client, address, everything="on")

        assert said == [f"Order {order.number}: ₹100.00 refunded."]

    def test_a_choice_in_the_list_leads_to_its_own_pages(
        self, admin_client: Client, make_order: MakeOrder
    ) -> None:
        order = make_order("paid")
        form = {"action": "fulfill_selected", "_selected_action": [order.pk]}

        answer = admin_client.post(f"{OFFICE}/stripe_cart/order/", form)

        there = f"{OFFICE}/stripe_cart/order/fulfill/?ids={order.pk}"
        assert (answer.status_code, answer.headers["Location"]) == (303, there)

    @pytest.mark.parametrize(
        "page", ["", "sales/", "{pk}/change/", *(f"{{pk}}/{verb}/" for verb in VERBS)]
    )
    def test_every_link_stays_there(
        self, admin_client: Client, make_order: MakeOrder, page: str
    ) -> None:
        order = make_order("pending" if "cancel" in page else "paid")
        order.issues.create(reason="refund_failed")

        html = read(admin_client, f"{OFFICE}/stripe_cart/order/{page.format(pk=order.pk)}")

        assert len(links(html)) > 3
        for link in links(html):
            assert link.startswith((OFFICE, "/static/", "/shop/")) or link == "/"

    def test_an_order_links_to_what_this_site_has(
        self, admin_client: Client, make_order: MakeOrder
    ) -> None:
        html = read(admin_client, f"{OFFICE}/stripe_cart/order/{make_order('paid').pk}/change/")

        assert f"{OFFICE}/stripe_cart/webhookevent/?order__id__exact=" in html
        assert "/auth/user/" not in html  # the users are not registered on this site


def test_a_shop_without_our_product_has_its_own_admin(settings: Any) -> None:
    site = AdminSite(name="office")
    settings.STRIPE_CART_PRODUCT_MODEL = "auth.Group"

    register(site)

    assert {*site._registry} == {Order, OrderIssue, WebhookEvent}


def test_our_classes_can_be_built_upon() -> None:
    class Orders(OrderAdmin):
        list_per_page = 20

    class Products(ProductAdmin):
        list_display = ("name", "stock")
        list_editable = ("stock",)

    site = AdminSite(name="office")
    site.register(Order, Orders)
    site.register(Product, Products)

    assert site.is_registered(Order)
    assert [problem for admin in site._registry.values() for problem in admin.check()] == []


@pytest.mark.parametrize(
    "page", ["", "?q=payer", "?issue=any", "sales/", "export/", "{pk}/change/"]
)
def test_a_host_without_time_zones_sees_every_page(
    staff_client: Client, order: Order, settings: Any, page: str
) -> None:
    settings.USE_TZ = False
    moment = datetime(2026, 3, 10, 12)
    Order.objects.update(placed_at=moment, paid_at=moment, synced_at=moment)
    order.events.update(created=moment)
    order.refunds.update(created=moment)

    answer = staff_client.get(f"/admin/stripe_cart/order/{page.format(pk=order.pk)}")

    assert answer.status_code == 200
    if page == "export/":
        assert b"2026-03-10 12:00:00" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", ["de", "hi", "ar"])
@pytest.mark.parametrize("page", ["", "sales/", "{pk}/change/", "{pk}/refund/"])
def test_the_pages_are_there_in_every_language(
    staff_client: Client, paid: Order, settings: Any, language: str, page: str
) -> None:
    settings.LANGUAGE_CODE = language

    html = read(staff_client, f"/admin/stripe_cart/order/{page.format(pk=paid.pk)}")

    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in html


def test_numbers_in_the_refund_form_are_not_localized(
    staff_client: Client, paid: Order, settings: Any
) -> None:
    settings.LANGUAGE_CODE = "de"
    settings.USE_THOUSAND_SEPARATOR = True
    Order.objects.update(amount_paid=123456700)

    html = read(staff_client, f"/admin/stripe_cart/order/{paid.pk}/refund/")

    assert fields(html)["refundable"] == "123456700"
