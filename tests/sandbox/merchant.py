"""The requests of a merchant to Stripe, and the webhooks that it receives."""

from typing import Any

import stripe

from django_stripe_cart.sandbox import Sandbox

HOOK = "http://testserver/hook/"


def line_item(
    name: str = "Tea", unit_amount: Any = 1000, quantity: int = 1, currency: str = "usd"
) -> dict[str, Any]:
    price = {
        "currency": currency,
        "unit_amount": unit_amount,
        "product_data": {"name": name},
    }
    return {"price_data": price, "quantity": quantity}


def session_params(**params: Any) -> dict[str, Any]:
    return {
        "mode": "payment",
        "success_url": "http://testserver/done/?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://testserver/cart/",
        "line_items": [line_item(quantity=2)],
        **params,
    }


class Merchant:
    """Listens to webhooks, as a test client would, and checks each signature with the SDK."""

    def __init__(self, sandbox: Sandbox, *events: str, secret: str | None = None) -> None:
        endpoint = sandbox.add_webhook_endpoint(HOOK, secret, events or ("*",))
        self.secret = endpoint["secret"]
        self.answers: list[int] = []
        self.received: list[Any] = []
        sandbox.deliver_with(self.receive)

    def receive(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], self.secret)
        self.received.append(event)
        return self.answers.pop(0) if self.answers else 200

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.received]
