"""``stripe_cart_doctor`` as a whole, on a site that is set up."""

from __future__ import annotations

import pytest
from django.conf import settings as site

from django_stripe_cart.models import Product, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from tests.doctor.asking import URL, ask, wrongs

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.stripe_sdk]


def test_a_shop_that_is_set_up_passes(box: Sandbox, mug: Product) -> None:
    box_calls = len(box.requests)

    said, is_well = ask()

    assert is_well
    assert said.endswith("The shop is set up.\n")
    assert wrongs(said) == []
    for sentence in (
        "All checks pass.",
        "The key is a test key: no real money is charged.",
        "Payments go to acct_1Sandbox00000000 (Sandbox shop, US).",
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
        assert sentence in said
    assert {call["method"] for call in box.requests[box_calls:]} == {"GET"}
    assert not WebhookEvent.objects.exists()


def test_no_secret_is_shown(box: Sandbox) -> None:
    said, _is_well = ask()

    assert site.STRIPE_CART_SECRET_KEY not in said
    assert "whsec_" not in said


def test_an_exception_in_a_part_is_reported(box: Sandbox) -> None:
    said, is_well = ask(MIGRATION_MODULES={"stripe_cart": "tests.nowhere"})

    assert not is_well
    assert "WRONG  This could not be checked: ModuleNotFoundError: No module named" in said
    assert "E-mail\n" in said
