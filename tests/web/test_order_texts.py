"""The texts of an order's timeline."""

from __future__ import annotations

import pytest

from django_stripe_cart.models import Order, OrderEvent
from django_stripe_cart.web.order_texts import EVENT_TEXTS, STATUS_TEXTS, event_text


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (OrderEvent(kind="placed", to_status="pending"), "Order placed"),
        (OrderEvent(kind="cancel_requested"), "Cancellation requested"),
        (
            OrderEvent(kind="refunded", message="1250", order=Order(currency="usd")),
            "$12.50 refunded",
        ),
        (
            OrderEvent(kind="refund_pending", message="1250", order=Order(currency="usd")),
            "Refund of $12.50 is being processed",
        ),
        (
            OrderEvent(kind="refund_waits", message="1250", order=Order(currency="usd")),
            "Refund of $12.50 waits for your bank details: please see Stripe's e-mail",
        ),
        (
            OrderEvent(kind="refund_undone", from_status="refunded", to_status="paid"),
            "A refund did not go through",
        ),
        (OrderEvent(kind="email_sent", message="paid"), ""),
        (OrderEvent(kind="note", from_status="paid", to_status="paid"), ""),
    ],
)
def test_the_shopper_reads_what_an_event_means_to_them(event: OrderEvent, text: str) -> None:
    assert event_text(event) == text


def test_each_status_has_its_texts() -> None:
    assert STATUS_TEXTS.keys() == EVENT_TEXTS.keys() == set(Order.Status)
