"""Staff users with chosen permissions, and orders in each status."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import include, path

from django_stripe_cart.admin import OrderAdmin
from django_stripe_cart.models import Order, Product
from django_stripe_cart.testing.factories import CartFactory, OrderFactory, UserFactory

VERBS = ["refund", "fulfill", "cancel", "settle", "sync", "email"]

StaffClientWith = Callable[..., Client]
RegisterOrderAdmin = Callable[[type[OrderAdmin]], None]


@pytest.fixture
def staff_client_with(db: None) -> StaffClientWith:
    """``hire("view_order", "refund_order")``: a staff user with only these permissions."""

    def staff_client_with(*permissions: str) -> Client:
        person = UserFactory(is_staff=True)
        allowed = Permission.objects.filter(codename__in=permissions)
        assert len(allowed) == len(permissions)
        person.user_permissions.set(allowed)
        staff_client = Client()
        staff_client.force_login(person)
        return staff_client

    return staff_client_with


@pytest.fixture
def staff_user(db: None) -> User:
    """A staff user with every permission, who is not a superuser."""
    staff_user = User.objects.create_user("clerk", is_staff=True)
    staff_user.user_permissions.set(Permission.objects.all())
    return staff_user


@pytest.fixture
def staff_client(staff_user: User) -> Client:
    staff_client = Client()
    staff_client.force_login(staff_user)
    return staff_client


@pytest.fixture
def register_order_admin(settings: Any) -> RegisterOrderAdmin:
    """``register_order_admin(Orders)``: a host has its own class for orders in the admin."""

    def register_order_admin(order_admin: type[OrderAdmin]) -> None:
        site = AdminSite()
        site.register(Order, order_admin)
        settings.ROOT_URLCONF = (path("admin/", site.urls), path("", include("tests.urls")))

    return register_order_admin


@pytest.fixture
def order(user: User, mug: Product) -> Order:
    """An order that does not exist at Stripe, for pages that only show it."""
    order = OrderFactory(
        reference=uuid.UUID("0a1b2c3d-0000-4000-8000-000000000000"),
        cart=CartFactory(user=user),
        total=99800,
        email="payer@example.com",
        status=Order.Status.PAID,
        paid_at=None,
        session_id="cs_test_1",
        session_url="https://checkout.example/secret-address",
        session_params={"success_url": "https://shop.example/secret-return"},
        payment_intent_id="pi_1",
    )
    order.items.create(product=mug, name="Blue mug", sku="mug", unit_amount=49900, quantity=2)
    order.events.create(kind="paid", source="webhook", message="It came.")
    order.refunds.create(amount=500, reason="Chipped", stripe_id="re_1")
    order.webhook_events.create(event_id="evt_1", type="checkout.session.completed")
    return order
