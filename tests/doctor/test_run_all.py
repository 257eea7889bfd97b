"""``stripe_cart_doctor`` as a whole, on a site that is set up."""

from __future__ import annotations

import pytest
from django.conf import settings as site

from django_stripe_cart.models import Product, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from tests.doctor.command import URL, problems_in, run_doctor

pytestmark = pytest.mark.django_db


def test_a_shop_that_is_set_up_passes(healthy_site: Sandbox, mug: Product) -> None:
    box_calls = len(healthy_site.requests)

    output, is_healthy = run_doctor()

    assert is_healthy
    assert output.endswith("The shop is set up.\n")
    assert problems_in(output) == []
    for sentence in (
        "All checks pass.",
        "The key is a test key: no real money is charged.",
        "Payments go to acct_1Sandbox00000000 (Sandbox shop, US).",
        "This machine's clock agrees with Stripe's.",
        "/stripe/webhook/ accepts events signed with your secret.",
        f"Stripe sends all needed events to {URL}, in 2025-09-30.clover.",
        "No webhook has arrived yet.",
        "The cart is at /shop/cart/.",
        "Shoppers return from Stripe to https://shop.example.",
        "Products: 1.",
        "All migrations are applied.",
        "Orders awaiting payment: 0.",
        "stripe_cart_sync finished 0\xa0minutes ago.",
    ):
        assert sentence in output
    assert {call["method"] for call in healthy_site.requests[box_calls:]} == {"GET"}
    assert not WebhookEvent.objects.exists()


def test_no_secret_is_shown(healthy_site: Sandbox) -> None:
    output, _is_healthy = run_doctor()

    assert site.STRIPE_CART_SECRET_KEY not in output
    assert "whsec_" not in output


def test_an_exception_in_a_part_is_reported(healthy_site: Sandbox) -> None:
    output, is_healthy = run_doctor(MIGRATION_MODULES={"stripe_cart": "tests.nowhere"})

    assert not is_healthy
    assert "WRONG  This could not be checked: ModuleNotFoundError: No module named" in output
    assert "E-mail\n" in output
