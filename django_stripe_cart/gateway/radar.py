"""Reviews and early fraud warnings: https://docs.stripe.com/api/radar."""

from __future__ import annotations

from dataclasses import dataclass

from django_stripe_cart.gateway.client import request, request_all


@dataclass(frozen=True, slots=True)
class Review:
    """A review of a payment at Stripe. It is open until a person decides about the payment."""

    id: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class FraudWarning:
    """An early fraud warning at Stripe: the card's bank reports that a payment is fraudulent."""

    id: str


def retrieve_review(review_id: str) -> Review:
    """Return the review with this id from Stripe. Raises ``PaymentError``."""
    data = request(lambda client: client.v1.reviews.retrieve(review_id))
    return Review(id=data["id"], is_open=bool(data.get("open")))


def retrieve_fraud_warning(warning_id: str) -> FraudWarning:
    """Return the early fraud warning with this id from Stripe. Raises ``PaymentError``."""
    data = request(lambda client: client.v1.radar.early_fraud_warnings.retrieve(warning_id))
    return FraudWarning(id=data["id"])


def list_fraud_warnings(payment_intent_id: str) -> list[FraudWarning]:
    """Return all early fraud warnings about a payment. Raises ``PaymentError``."""
    params = {"payment_intent": payment_intent_id}
    listed = request_all(
        lambda client, params: client.v1.radar.early_fraud_warnings.list(params), params
    )
    return [FraudWarning(id=data["id"]) for data in listed]
