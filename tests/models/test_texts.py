"""The texts by which rows are named in the admin and in a shell."""

from __future__ import annotations

import pytest

from django_stripe_cart.models import Dispute, Order, OrderIssue, RefundItem
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox

pytestmark = pytest.mark.stripe_sdk


def test_each_row_about_an_order_names_what_it_is_about(paid: Order, sandbox: Sandbox) -> None:
    refund_order(paid, items={paid.items.get(): 1})
    opened = sandbox.open_dispute(paid.payment_intent_id or "")

    assert str(RefundItem.objects.get()) == "1x Mug"
    assert str(Dispute.objects.get()) == f"{paid.number}: {opened['id']}"
    assert str(OrderIssue.objects.get()) == f"{paid.number}: The payment is disputed"
