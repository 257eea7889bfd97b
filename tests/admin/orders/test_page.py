"""The page of an order: links, buttons and texts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from django_stripe_cart.models import Order
from django_stripe_cart.sandbox import Sandbox
from tests.admin.conftest import StaffClientWith
from tests.admin.pages import read, url


def page_of(staff_client: Client, order: Order) -> str:
    return read(staff_client, url("change", Order, order.pk))


# --- the way to Stripe ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("livemode", "address"),
    [
        (True, 'href="https://dashboard.stripe.com/payments/pi_1"'),
        (False, 'href="https://dashboard.stripe.com/test/payments/pi_1"'),
    ],
)
def test_the_payment_is_a_click_away_in_the_mode_it_was_made_in(
    staff_client: Client, order: Order, livemode: bool, address: str
) -> None:
    Order.objects.update(livemode=livemode)

    assert address in page_of(staff_client, order)


def test_with_the_sandbox_it_is_on_the_desk(
    staff_client: Client, order: Order, settings: Any
) -> None:
    settings.STRIPE_CART_API_BASE = "http://127.0.0.1:9/"

    page = page_of(staff_client, order)

    assert 'href="http://127.0.0.1:9/#cs_test_1"' in page
    assert "dashboard.stripe.com" not in page


def test_the_desk_has_a_place_of_that_name(paid: Order, sandbox: Sandbox) -> None:
    staff_client = sandbox.handle("GET", "/").body

    assert f'id="{paid.session_id}"' in (
        staff_client.decode() if isinstance(staff_client, bytes) else staff_client
    )


@pytest.mark.parametrize("api_base", [None, "http://127.0.0.1:9"])
def test_an_unpaid_order_has_no_dashboard_link(
    staff_client: Client, order: Order, settings: Any, api_base: str | None
) -> None:
    settings.STRIPE_CART_API_BASE = api_base
    Order.objects.update(payment_intent_id=None, session_id=None)

    assert "stripe-cart-away" not in page_of(staff_client, order)


# --- buttons by permission --------------------------------------------------------------------


def test_a_button_needs_permission_and_an_available_action(
    staff_client: Client, staff_client_with: StaffClientWith, paid: Order
) -> None:
    page = page_of(staff_client, paid)
    assert all(f"/{verb}/" in page for verb in ("refund", "fulfill", "sync"))
    assert not any(f"/{verb}/" in page for verb in ("cancel", "settle"))

    page = page_of(staff_client_with("view_order", "fulfill_order"), paid)
    assert "/fulfill/" in page
    assert not any(f"/{verb}/" in page for verb in ("refund", "sync", "cancel", "settle"))


def test_links_to_user_and_webhooks_need_permission(
    staff_client: Client, staff_client_with: StaffClientWith, order: Order
) -> None:
    links = (f"/admin/auth/user/{order.user_id}/change/", "/admin/stripe_cart/webhookevent/?order")

    assert all(link in page_of(staff_client, order) for link in links)
    assert ">Webhook events</a>" in page_of(staff_client, order)
    assert not any(link in page_of(staff_client_with("view_order"), order) for link in links)
    assert "1 webhook event" in read(
        staff_client, f"/admin/stripe_cart/webhookevent/?order={order.pk}"
    )


def test_dates_are_written_in_one_style(staff_client: Client, order: Order) -> None:
    moment = timezone.make_aware(datetime(2026, 11, 26, 8, 8))
    Order.objects.update(placed_at=moment)
    order.events.update(created=moment)
    order.refunds.update(created=moment)

    page = page_of(staff_client, order)

    assert page.count("Nov. 26, 2026, 8:08 a.m.") == 3
    assert "11/26/2026" not in page


def test_a_guest_is_called_a_guest(staff_client: Client, order: Order) -> None:
    Order.objects.update(user=None)

    assert "Guest" in page_of(staff_client, order)


@pytest.mark.parametrize("pk", ["0", "99999999999999999999", "nonsense"])
def test_there_is_no_page_of_an_order_that_is_not_there(
    staff_client: Client, db: None, pk: str
) -> None:
    assert staff_client.get(f"/admin/stripe_cart/order/{pk}/change/").status_code == 404
