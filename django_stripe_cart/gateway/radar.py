"""Reviews and early fraud warnings: https://docs.stripe.com/api/radar."""

from __future__ import annotations

from dataclasses import dataclass

from django_stripe_cart.gateway.client import request


@dataclass(frozen=True, slots=True)
class Review:
    """A review of a payment at Stripe: it is open until a person has decided there."""

    id: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class FraudWarning:
    """The warning of a card's bank that a payment is fraudulent, before it becomes a dispute."""

    id: str


def retrieve_review(review_id: str) -> Review:
    """Retrieve a review. Raises ``PaymentError``."""
    data = request(lambda client: client.v1.reviews.retrieve(review_id))
    return Review(id=data["id"], is_open=bool(data.get("open")))


def retrieve_fraud_warning(warning_id: str) -> FraudWarning:
    """Retrieve an early fraud warning. Raises ``PaymentError``."""
    data = request(lambda client: client.v1.radar.early_fraud_warnings.retrieve(warning_id))
    return FraudWarning(id=data["id"])
